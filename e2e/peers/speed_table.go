package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// measure is a row of the table of speeds.
type measure struct {
	name, unit string
	higher     bool // is better
}

// figures are the values of all rounds, by client and measure.
type figures struct{ values map[key][]float64 }

func (f *figures) add(client, measure string, value float64) {
	if f.values == nil {
		f.values = map[key][]float64{}
	}
	f.values[key{client, measure}] = append(f.values[key{client, measure}], value)
}

// median is NaN when there is no value.
func (f *figures) median(client, measure string) float64 {
	values := slices.Sorted(slices.Values(f.values[key{client, measure}]))
	if len(values) == 0 {
		return math.NaN()
	}
	return values[len(values)/2]
}

// tie is by how much a figure may be worse than the best one and counts as the best, too.
const tie = 1.05

// table is Markdown: a row a measure, a column a client, and in bold who is first.
func (f *figures) table(measures []measure, clients []string) string {
	versions, _ := versions()
	var b strings.Builder
	b.WriteString("| |")
	for _, c := range clients {
		fmt.Fprintf(&b, " %s |", strings.TrimSpace(c+" "+versions[c]))
	}
	fmt.Fprintf(&b, "\n|---|%s\n", strings.Repeat("--:|", len(clients)))
	for _, m := range measures {
		fmt.Fprintf(&b, "| %s, %s |", m.name, m.unit)
		best := f.best(m, clients)
		for _, c := range clients {
			value := f.median(c, m.name)
			text := digits(value)
			if m.times(value, best) <= tie {
				text = "**" + text + "**"
			}
			fmt.Fprintf(&b, " %s |", text)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func (f *figures) best(m measure, clients []string) float64 {
	best := math.NaN()
	for _, c := range clients {
		if value := f.median(c, m.name); math.IsNaN(best) || m.times(value, best) < 1 {
			best = value
		}
	}
	return best
}

// times is how many times worse a value is than another; NaN when one is missing.
func (m measure) times(value, other float64) float64 {
	switch {
	case value == other:
		return 1
	case m.higher:
		return other / value
	}
	return value / other
}

// digits writes as many as a figure is worth.
func digits(value float64) string {
	switch {
	case math.IsNaN(value):
		return "–"
	case value >= 10_000:
		return fmt.Sprintf("%.0fk", value/1000)
	case value >= 100:
		return fmt.Sprintf("%.0f", value)
	}
	return fmt.Sprintf("%.3g", value)
}
