package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wakesocket/wakesocket/e2e/lab"
)

// results are the dials of all rounds, by client and column; [lab.Never] is one
// that did not come.
type results struct {
	mu    sync.Mutex
	dials map[key][]time.Duration
}

type key struct{ client, column string }

func (r *results) add(client, column string, dial time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dials == nil {
		r.dials = map[key][]time.Duration{}
	}
	r.dials[key{client, column}] = append(r.dials[key{client, column}], dial)
}

// needless is the column in which a dial is no merit.
const needless = "needless"

// near is by how much two figures must differ to be worth telling apart: the
// browser tells of its sockets that late.
const near = 10 * time.Millisecond

// table is Markdown: a row a client, a column a trial, and in bold who is first.
func (r *results) table(rows []string, columns []string, limit time.Duration) string {
	versions, _ := versions()
	var b strings.Builder
	fmt.Fprintf(&b, "| | %s |\n|---|%s\n", strings.Join(columns, " | "), strings.Repeat("--:|", len(columns)))
	first := map[string]time.Duration{}
	for _, column := range columns {
		first[column] = r.first(rows, column)
	}
	for _, row := range rows {
		fmt.Fprintf(&b, "| %s |", strings.TrimSpace(row+" "+versions[row]))
		for _, column := range columns {
			dials := r.dials[key{row, column}]
			text := cell(dials, column, limit)
			if m := median(dials); m != lab.Never && column != needless && m <= first[column]+near {
				text = "**" + text + "**"
			}
			fmt.Fprintf(&b, " %s |", text)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func (r *results) first(rows []string, column string) time.Duration {
	best := lab.Never
	for _, row := range rows {
		if m := median(r.dials[key{row, column}]); later(best, m) > 0 {
			best = m
		}
	}
	return best
}

func cell(dials []time.Duration, column string, limit time.Duration) string {
	switch {
	case len(dials) == 0:
		return "–"
	case column == needless:
		n := len(slices.DeleteFunc(slices.Clone(dials), func(d time.Duration) bool { return d == lab.Never }))
		return fmt.Sprintf("%d of %d", n, len(dials))
	}
	return seconds(median(dials), limit)
}

// seconds has as many digits as the figure is worth.
func seconds(d, limit time.Duration) string {
	switch {
	case d == lab.Never:
		return fmt.Sprintf("> %.0f", limit.Seconds())
	case d < 100*time.Millisecond:
		return fmt.Sprintf("%.3f", d.Seconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.2f", d.Seconds())
	}
	return fmt.Sprintf("%.1f", d.Seconds())
}

func median(of []time.Duration) time.Duration {
	if len(of) == 0 {
		return lab.Never
	}
	return slices.SortedFunc(slices.Values(of), later)[len(of)/2]
}

// later compares moments of which never is the last.
func later(a, b time.Duration) int {
	switch {
	case a == b:
		return 0
	case a == lab.Never:
		return 1
	case b == lab.Never:
		return -1
	}
	return cmp.Compare(a, b)
}
