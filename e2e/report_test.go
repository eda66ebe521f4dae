package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/wakesocket/wakesocket/e2e/faultproxy"
	"github.com/wakesocket/wakesocket/e2e/internal/figures"
)

type result figures.Result

var results struct {
	sync.Mutex
	all []figures.Result
}

func report(r result) {
	results.Lock()
	defer results.Unlock()
	results.all = append(results.all, figures.Result(r))
}

// tally completes a result from what the page told since the mark; the times
// count from the given moment.
func (w *world) tally(r *result, mark int, from time.Time, dial *faultproxy.Conn) {
	r.Dial = dial.Accepted.Sub(from).Seconds()
	r.Sockets = len(w.proxy.Conns())
	all := w.seen()
	for _, rec := range all[mark:] {
		if rec.Kind != "state" || rec.at.Before(from) {
			continue
		}
		if rec.Name != "live" && r.Notice == 0 {
			r.Notice = rec.at.Sub(from).Seconds()
		}
		if rec.Name == "live" && r.Live == 0 && rec.at.After(dial.Accepted) {
			r.Live = rec.at.Sub(from).Seconds()
		}
	}
	count(r, all)
}

// counted reports a scenario in which no time is measured.
func (w *world) counted(group, name string) {
	r := result{Group: group, Scenario: name, Sockets: len(w.proxy.Conns())}
	count(&r, w.seen())
	report(r)
}

// count counts the numbered events that came twice or too early, and those that
// are missing: reported as a gap, or lost.
func count(r *result, all []record) {
	seen := map[int]bool{}
	last, gap := 0, false
	for _, rec := range all {
		if rec.Kind == "gap" {
			gap = true
		}
		if rec.Kind != "event" {
			continue
		}
		switch {
		case seen[rec.N]:
			r.Duplicated++
		case rec.N < last:
			r.Disordered++
			r.Lost--
		case last > 0 && gap:
			r.Told += rec.N - last - 1
		case last > 0:
			r.Lost += rec.N - last - 1
		}
		gap = false
		seen[rec.N] = true
		last = max(last, rec.N)
	}
}

// writeReport prints what was measured and leaves every measurement in a file of
// its own in out, for `go run ./e2e/internal/report`.
func writeReport() error {
	if len(results.all) == 0 {
		return nil
	}
	fmt.Print("\n", figures.Text(figures.Summarize(results.all)))
	data, err := json.MarshalIndent(results.all, "", "\t")
	if err != nil {
		return err
	}
	if err := os.MkdirAll("out", 0o755); err != nil {
		return err
	}
	name := time.Now().UTC().Format("20060102T150405.json")
	return os.WriteFile(filepath.Join("out", name), data, 0o644)
}
