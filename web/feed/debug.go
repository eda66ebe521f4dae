package feed

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
	"strings"
)

//go:embed debug.html
var debugPage string

var debugTemplate = template.Must(template.New("debug").Parse(debugPage))

// Report is what [Feed.Debug] serves as JSON.
type Report struct {
	Connected int     `json:"connected"`
	Clients   []Count `json:"clients"`  // who was lost most often
	Blocks    []Count `json:"blocks"`   // from which networks
	Browsers  []Count `json:"browsers"` // with which browsers
	Causes    []Count `json:"causes"`   // why, as the feed saw it
	Reported  []Count `json:"reported"` // why, as the clients told it
	Drops     []Drop  `json:"drops"`    // latest first
}

// Count is how often something occurs in the drops that are remembered.
type Count struct {
	Name  string `json:"name"`
	Drops int    `json:"drops"`
}

// Debug serves who was lost, how often and why: a page, or JSON when ?format=json
// or the Accept header asks for it. It shows client ids and networks, so mount it
// where only the operator gets.
func (f *Feed) Debug() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		report := f.report()
		w.Header().Set("Cache-Control", "no-store")
		if r.FormValue("format") == "json" || strings.Contains(r.Header.Get("Accept"), "application/json") {
			w.Header().Set("Content-Type", "application/json")
			json.NewEncoder(w).Encode(report)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		debugTemplate.Execute(w, report)
	})
}

func (f *Feed) report() Report {
	all := f.drops.list()
	slices.SortStableFunc(all, func(a, b Drop) int { return b.Time.Compare(a.Time) })
	return Report{
		Connected: f.Connected(),
		Clients:   count(all, func(d Drop) string { return d.Client }),
		Blocks:    count(all, func(d Drop) string { return d.Block }),
		Browsers:  count(all, func(d Drop) string { return d.Browser }),
		Causes:    count(all, func(d Drop) string { return d.Cause }),
		Reported:  count(all, func(d Drop) string { return d.Reported }),
		Drops:     all[:min(len(all), 200)],
	}
}

// count tells the 20 most frequent names.
func count(all []Drop, name func(Drop) string) []Count {
	times := map[string]int{}
	for _, d := range all {
		if n := name(d); n != "" {
			times[n]++
		}
	}
	counts := make([]Count, 0, len(times))
	for n, t := range times {
		counts = append(counts, Count{n, t})
	}
	slices.SortFunc(counts, func(a, b Count) int {
		return cmp.Or(b.Drops-a.Drops, strings.Compare(a.Name, b.Name))
	})
	return counts[:min(len(counts), 20)]
}
