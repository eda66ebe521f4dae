// Package figures holds what scenarios measure, and shows it as tables and as a
// chart.
package figures

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Result is what one run of a scenario measured; times are seconds from the
// moment at which the page could have known.
type Result struct {
	Group      string  `json:"group"`
	Scenario   string  `json:"scenario"`
	Column     string  `json:"column,omitempty"` // of the table of aims; "" for a scenario without
	Figure     float64 `json:"figure,omitempty"` // the aim for Dial; 0 when nothing may be dialed
	Notice     float64 `json:"notice,omitempty"` // to the first doubt that the page is told; 0 when it needed none
	Dial       float64 `json:"dial,omitempty"`   // to the next dial
	Live       float64 `json:"live,omitempty"`   // to being live again
	Lost       int     `json:"lost"`
	Told       int     `json:"told,omitempty"` // missing, and the page was told
	Duplicated int     `json:"duplicated"`
	Disordered int     `json:"disordered"`
	Sockets    int     `json:"sockets"` // opened in all
}

// Groups of scenarios, by what happens.
const (
	Link      = "the link"
	Machine   = "the machine sleeps"
	Tab       = "the tab"
	Server    = "the server"
	NAT       = "a NAT, another network"
	Balancers = "balancers"
	Engines   = "other engines"
	Closing   = "closed by the page"
)

// groups is the order in which they are shown.
var groups = []string{Link, Machine, Tab, Server, NAT, Balancers, Engines, Closing}

// Summary is all runs of one scenario: medians of the times, the worst of the
// counts.
type Summary struct {
	Result
	Rounds     int
	Least, Max float64 // of Dial
}

// Summarize gathers the runs of each scenario: in the order of their first ones,
// group by group.
func Summarize(results []Result) []Summary {
	type key struct{ group, scenario string }
	var scenarios []key
	runs := map[key][]Result{}
	for _, r := range results {
		k := key{r.Group, r.Scenario}
		if runs[k] == nil {
			scenarios = append(scenarios, k)
		}
		runs[k] = append(runs[k], r)
	}
	slices.SortStableFunc(scenarios, func(a, b key) int {
		return cmp.Compare(slices.Index(groups, a.group), slices.Index(groups, b.group))
	})
	var all []Summary
	for _, k := range scenarios {
		all = append(all, summarize(runs[k]))
	}
	return all
}

func summarize(of []Result) Summary {
	s := Summary{Result: of[0], Rounds: len(of)}
	s.Notice = median(of, func(r Result) float64 { return r.Notice })
	s.Dial = median(of, func(r Result) float64 { return r.Dial })
	s.Live = median(of, func(r Result) float64 { return r.Live })
	s.Least, s.Max = s.Dial, s.Dial
	for _, r := range of {
		s.Least, s.Max = min(s.Least, r.Dial), max(s.Max, r.Dial)
		s.Lost, s.Told, s.Duplicated = max(s.Lost, r.Lost), max(s.Told, r.Told), max(s.Duplicated, r.Duplicated)
		s.Disordered, s.Sockets = max(s.Disordered, r.Disordered), max(s.Sockets, r.Sockets)
	}
	return s
}

func median(of []Result, value func(Result) float64) float64 {
	values := make([]float64, len(of))
	for i, r := range of {
		values[i] = value(r)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// Text is a table for a terminal.
func Text(all []Summary) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-72s %6s %8s %8s %8s %8s %8s %5s %5s %6s %6s %8s\n",
		"seconds to the next dial", "aim", "median", "least", "most", "notice", "live", "lost", "told", "twice", "order", "sockets")
	for _, s := range all {
		name := strings.TrimSpace(s.Column + "  " + s.Group + ": " + s.Scenario)
		if s.Figure == 0 {
			fmt.Fprintf(&b, "%-72s %6s %8s %8s %8s %8s %8s", name, "none", "", "", "", "", "")
		} else {
			fmt.Fprintf(&b, "%-72s %6.2f %8.3f %8.3f %8.3f %8s %8s", name, s.Figure, s.Dial, s.Least, s.Max, seconds(s.Notice), seconds(s.Live))
		}
		fmt.Fprintf(&b, " %5d %5d %6d %6d %8d\n", s.Lost, s.Told, s.Duplicated, s.Disordered, s.Sockets)
	}
	return b.String()
}

// Markdown is the table for a file, a headed part for each group.
func Markdown(all []Summary) string {
	var b strings.Builder
	b.WriteString("| what happens | rounds | aim, s | notice, s | next dial, s | live again, s | lost | told missing | twice | out of order | sockets |\n")
	b.WriteString("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	group := ""
	for _, s := range all {
		if s.Group != group {
			group = s.Group
			fmt.Fprintf(&b, "| **%s** | | | | | | | | | | |\n", group)
		}
		aim, dial := "no dial", ""
		if s.Figure > 0 {
			aim, dial = seconds(s.Figure), spread(s)
		}
		fmt.Fprintf(&b, "| %s | %d | %s | %s | %s | %s | %d | %d | %d | %d | %d |\n",
			s.Scenario, s.Rounds, aim, seconds(s.Notice), dial, seconds(s.Live), s.Lost, s.Told, s.Duplicated, s.Disordered, s.Sockets)
	}
	return b.String()
}

// spread is the median with the least and the most, where there are several.
func spread(s Summary) string {
	if s.Rounds == 1 {
		return seconds(s.Dial)
	}
	return fmt.Sprintf("%s (%s to %s)", seconds(s.Dial), seconds(s.Least), seconds(s.Max))
}

// seconds is a time with as many digits as it is worth, "" when there is none.
func seconds(v float64) string {
	switch {
	case v == 0:
		return ""
	case v < 0.1:
		return fmt.Sprintf("%.3f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
