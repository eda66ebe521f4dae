package feed

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// answer is what a probe gets.
func answer(h http.Handler) (status int, text string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	return w.Code, w.Body.String()
}

func TestProbes(t *testing.T) {
	for name, test := range map[string]struct {
		change       func(*testing.T, *Feed)
		ready, alive string
	}{
		"running": {func(*testing.T, *Feed) {}, "ready\n", "alive\n"},
		"draining": {func(t *testing.T, f *Feed) {
			if err := f.Drain(context.Background(), 0); err != nil {
				t.Fatal(err)
			}
		}, "draining\n", "alive\n"},
		"without its log": {func(_ *testing.T, f *Feed) { f.health.live.Store(false) }, "the log cannot be read\n", "alive\n"},
		"hanging": {func(_ *testing.T, f *Feed) {
			f.stop() // the sweep, too
			f.done.Wait()
			f.swept.at.Store(monotonicNow() - int64(hangsAfter+time.Second))
		}, "ready\n", "the feed hangs\n"},
		"slow": {func(_ *testing.T, f *Feed) {
			f.stop()
			f.done.Wait()
			f.swept.at.Store(monotonicNow() - int64(hangsAfter/2))
		}, "ready\n", "alive\n"},
		"closed": {func(_ *testing.T, f *Feed) { f.Close() }, "draining\n", "the feed is closed\n"},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := New(Options{Logger: jsonLogger(&lines{})})
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			test.change(t, f)
			for want, handler := range map[string]http.Handler{test.ready: f.Ready(), test.alive: f.Alive()} {
				status, text := answer(handler)
				if good := text == "ready\n" || text == "alive\n"; text != want || (status == http.StatusOK) != good {
					t.Errorf("%d %q, want %q", status, text, want)
				}
			}
		})
	}
}

// The goroutine that looks after the clients says so each time, also when there are
// none.
func TestSweepSaysThatItRuns(t *testing.T) {
	s := serve(t, Options{})
	s.swept.store(processStart)
	until(t, "the sweep has run", func() bool { return !s.swept.tooLongAgo(processStart.Add(hangsAfter + time.Millisecond)) })
}
