package herd

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"
)

// RunAll lets every scenario happen to every way of retrying, on all processors.
func RunAll(scenarios []Scenario, seed uint64) [][]Result {
	ways := Ways()
	results := make([][]Result, len(scenarios))
	var wg sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, s := range scenarios {
		results[i] = make([]Result, len(ways))
		for k, way := range ways {
			wg.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				results[i][k] = Run(s, way, seed)
			})
		}
	}
	wg.Wait()
	return results
}

// Table is the results as Markdown.
func Table(scenarios []Scenario, results [][]Result) string {
	var b strings.Builder
	for i, s := range scenarios {
		fmt.Fprintf(&b, "### %s (%s clients)\n\n", s.Name, thousands(s.Clients))
		b.WriteString("| | attempts a client | handshakes wasted | turned away | peak dials in 100 ms | all back after |\n|---|--:|--:|--:|--:|--:|\n")
		for _, r := range results[i] {
			name := r.Way
			if r.ours() {
				name = "**" + name + "**"
			}
			fmt.Fprintf(&b, "| %s | %.1f | %s | %s | %s | %s |\n", name, r.Attempts, thousands(r.Wasted), thousands(r.Refused), thousands(r.Peak), r.back(s))
		}
		b.WriteString("\n")
	}
	b.WriteString("Numbers of the formulas: ")
	for i, way := range Ways() {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s: %s", way.Name, way.Source)
	}
	b.WriteString(".\n")
	return b.String()
}

func (r Result) ours() bool { return strings.HasPrefix(r.Way, "wakesocket") }

// back tells when the last client was back, or how many never were.
func (r Result) back(s Scenario) string {
	switch {
	case r.Missing == s.Clients:
		return "never"
	case r.Missing > 0:
		return fmt.Sprintf("%d %% missing", 100*r.Missing/s.Clients)
	case r.Back < 100*ms:
		return fmt.Sprintf("%d ms", r.Back.Milliseconds())
	case r.Back < 10*second:
		return fmt.Sprintf("%.1f s", r.Back.Seconds())
	case r.Back < 2*time.Minute:
		return fmt.Sprintf("%.0f s", r.Back.Seconds())
	}
	return fmt.Sprintf("%.1f min", r.Back.Minutes())
}

func thousands(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
