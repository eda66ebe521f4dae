package feed

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

//go:embed debug.html
var debugPage string

// Report is what [Feed.Debug] serves as JSON.
type Report struct {
	Connected int       `json:"connected"` // to the processes that answer
	Processes []Process `json:"processes"` // this one, and the others that share the store
	Total     int       `json:"total"`     // drops that the report is made of
	Clients   []Count   `json:"clients"`   // who was lost most often
	Blocks    []Count   `json:"blocks"`    // from which networks
	Browsers  []Count   `json:"browsers"`  // with which browsers
	Versions  []Count   `json:"versions"`  // and which versions of them
	Causes    []Count   `json:"causes"`    // why, as the feed saw it
	Reported  []Count   `json:"reported"`  // why, as the clients told it
	Advice    []string  `json:"advice"`    // what the pattern suggests
	Drops     []Drop    `json:"drops"`     // latest first, 200 at most
}

// Count is how often something occurs in the drops that are remembered.
type Count struct {
	Name  string `json:"name"`
	Drops int    `json:"drops"`
}

// Debug serves who was lost, how often and why: a page, or JSON when ?format=json
// or the Accept header asks for it. It shows client ids and networks, so mount it
// where only the operator gets. The parameters process, client, network, browser,
// version, cause and reported choose the drops that have exactly these values.
//
// With a store that is a [store.Recorder] one view holds all processes that share it.
// What the others have seen is up to ten seconds old; of each it has the latest 500
// drops, until ten minutes after the process has ended.
func (f *Feed) Debug() http.Handler {
	// Here, because a variable of the package would bring html/template into programs
	// that do not serve the page.
	page := template.Must(template.New("debug").Parse(debugPage))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		chosen := filterOf(r.URL.Query())
		report, drops := f.report(r.Context(), chosen)
		w.Header().Set("Cache-Control", "no-store")
		if r.FormValue("format") == "json" || strings.Contains(r.Header.Get("Accept"), "application/json") {
			w.Header().Set("Content-Type", "application/json")
			json.NewEncoder(w).Encode(report)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		page.Execute(w, debugView{report, chosen, newChart(drops, time.Now())})
	})
}

// debugView is what the page shows.
type debugView struct {
	Report
	Filter dropFilter
	Chart  chart
}

// dropFilter are the values that drops must have, by the name of the parameter.
type dropFilter map[string]string

var dropFields = map[string]func(Drop) string{
	"process":  func(d Drop) string { return d.Process },
	"client":   func(d Drop) string { return d.Client },
	"network":  func(d Drop) string { return d.Block },
	"browser":  func(d Drop) string { return d.Browser },
	"version":  func(d Drop) string { return d.Version },
	"cause":    func(d Drop) string { return d.Cause },
	"reported": func(d Drop) string { return d.Reported },
}

func filterOf(query url.Values) dropFilter {
	filter := dropFilter{}
	for name := range dropFields {
		if value := query.Get(name); value != "" {
			filter[name] = value
		}
	}
	return filter
}

func (filter dropFilter) matches(d Drop) bool {
	for name, value := range filter {
		if dropFields[name](d) != value {
			return false
		}
	}
	return true
}

// With is the address that adds a value to the filter.
func (filter dropFilter) With(name, value string) string {
	query := url.Values{name: {value}}
	for other, value := range filter {
		if other != name {
			query.Set(other, value)
		}
	}
	return "?" + query.Encode()
}

// Without is the address that removes a value from the filter.
func (filter dropFilter) Without(name string) string {
	query := url.Values{}
	for other, value := range filter {
		if other != name {
			query.Set(other, value)
		}
	}
	return "?" + query.Encode()
}

// Counts are what a table of the page shows.
func (v debugView) Counts(title, name string, counts []Count) map[string]any {
	return map[string]any{"Title": title, "Name": name, "Counts": counts, "Filter": v.Filter}
}

// report returns the report of the chosen drops, and all of these, latest first.
func (f *Feed) report(ctx context.Context, chosen dropFilter) (Report, []Drop) {
	processes, all := f.processes(ctx)
	all = slices.DeleteFunc(all, func(d Drop) bool { return !chosen.matches(d) })
	slices.SortStableFunc(all, func(a, b Drop) int { return b.Time.Compare(a.Time) })
	countDrops(processes, all)
	connected := 0
	for _, p := range processes {
		if p.Answers {
			connected += p.Connected
		}
	}
	return Report{
		Connected: connected,
		Processes: processes,
		Total:     len(all),
		Advice:    advise(all),
		Clients:   count(all, func(d Drop) string { return d.Client }),
		Blocks:    count(all, func(d Drop) string { return d.Block }),
		Browsers:  count(all, func(d Drop) string { return d.Browser }),
		Versions:  count(all, func(d Drop) string { return d.Version }),
		Causes:    count(all, func(d Drop) string { return d.Cause }),
		Reported:  count(all, func(d Drop) string { return d.Reported }),
		Drops:     all[:min(len(all), 200)],
	}, all
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
