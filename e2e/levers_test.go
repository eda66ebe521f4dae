package e2e

import (
	"context"
	"embed"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/e2e/levers"
)

//go:embed testdata/page.html testdata/page.js testdata/older.js
var testdata embed.FS

// pageFiles is the page under test.
func pageFiles(t testing.TB) http.Handler {
	files, err := fs.Sub(testdata, "testdata")
	if err != nil {
		t.Fatal(err)
	}
	return http.FileServerFS(files)
}

const soon = 5 * time.Second

func plainTab(t *testing.T) *tab {
	server := httptest.NewServer(pageFiles(t))
	t.Cleanup(server.Close)
	return openTab(t, server.URL+"/page.html", levers.PatchClock())
}

func TestHideAndShow(t *testing.T) {
	tb := plainTab(t)
	mark := tb.mark()
	front, err := levers.Hide(tb.page)
	if err != nil {
		t.Fatal(err)
	}
	tb.awaitPage(mark, soon, "hidden")
	tb.lever(func(ctx context.Context) error { return levers.Show(ctx, front) })
	tb.awaitPage(mark, soon, "visible")
}

func TestMinimizeAndRestore(t *testing.T) {
	tb := plainTab(t)
	mark := tb.mark()
	tb.lever(levers.Minimize)
	tb.awaitPage(mark, soon, "hidden")
	tb.lever(levers.Restore)
	tb.awaitPage(mark, soon, "visible")
}

func TestFreezeAndResume(t *testing.T) {
	tb := plainTab(t)
	mark := tb.mark()
	tb.lever(levers.Freeze)
	tb.awaitPage(mark, soon, "freeze")
	tb.lever(levers.Resume)
	tb.awaitPage(mark, soon, "resume")
}

func TestOfflineAndOnline(t *testing.T) {
	tb := plainTab(t)
	mark := tb.mark()
	tb.lever(levers.Offline)
	tb.awaitPage(mark, soon, "offline")
	tb.lever(levers.Online)
	tb.awaitPage(mark, soon, "online")
}

func TestStopHaltsThePageAndItsClockGoesOn(t *testing.T) {
	tb := plainTab(t)
	tb.run(`globalThis.last = performance.now(); globalThis.worst = 0;
		setInterval(() => { const now = performance.now(); worst = Math.max(worst, now - last); last = now; if (worst > 900) say("note", { text: "slept" }); }, 20)`)
	mark := tb.mark()
	stop(t, tb, time.Second)
	tb.await(mark, soon, "the timer", func(r record) bool { return r.Text == "slept" })
}

func TestClockJumps(t *testing.T) {
	tb := plainTab(t)
	before := eval[[2]float64](tb, `[Date.now(), performance.now()]`)
	tb.do(levers.Clock(10*time.Hour, 0))
	after := eval[[2]float64](tb, `[+new Date(), performance.now()]`)
	if wall := after[0] - before[0]; wall < 36e6 || wall > 36e6+60e3 {
		t.Errorf("the wall clock moved by %v ms; want 10 h", wall)
	}
	if mono := after[1] - before[1]; mono < 0 || mono > 60e3 {
		t.Errorf("the monotonic clock moved by %v ms; want none but the time that passed", mono)
	}
}

// stop halts the whole browser for a while and returns when it was woken.
func stop(t testing.TB, tb *tab, d time.Duration) time.Time {
	t.Helper()
	if err := levers.Stop(tb.pid()); err != nil {
		t.Fatal(err)
	}
	<-time.After(d)
	woken := time.Now()
	if err := levers.Continue(tb.pid()); err != nil {
		t.Fatal(err)
	}
	return woken
}
