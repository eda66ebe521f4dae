package e2e

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/e2e/faultproxy"
	"github.com/wakesocket/wakesocket/web/feed"
)

// snapshotLimit is long: nothing here is about time.
const snapshotLimit = 20 * time.Second

// stateServer serves the sum of all numbers that were published, and its position.
// It answers a request when the test lets it.
func stateServer(t *testing.T, s *site) (url string, asked chan struct{}, answer chan int) {
	asked, answer = make(chan struct{}, 100), make(chan int, 100)
	server := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		var status int
		select {
		case status = <-answer:
		case <-r.Context().Done():
			return
		}
		s.mu.Lock()
		at, err := s.feed.Position(r.Context())
		sum := s.last * (s.last + 1) / 2
		s.mu.Unlock()
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Access-Control-Allow-Origin", "*")
		feed.WritePosition(w, at)
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(sum) // fails only when the page has given up
	}))
	return server.URL, asked, answer
}

// openWithSnapshot opens the feed in a page that shows the sum of a snapshot and the events
// after it, and tells when what is shown is not what it should be.
const openWithSnapshot = `(async () => {
	const { connect } = await import("/dist/shim.js");
	let sum;
	const feed = watch(connect(%s, {
		snapshot: async ({ signal }) => {
			const response = await fetch(%s, { signal });
			if (!response.ok) throw new Error("the server answers " + response.status);
			return { at: response.headers.get("Wakesocket-Position"), data: await response.json() };
		},
		onSnapshot: ({ data, reason }) => {
			sum = data;
			say("note", { text: "snapshot " + reason });
		},
	}));
	feed.subscribe(({ data: { n } }) => {
		sum += n;
		if (sum !== n * (n + 1) / 2) say("uncaught", { text: "a wrong sum is shown: " + sum + " at event " + n });
	});
})()`

// A page that begins with a snapshot is live only with that and all events after it:
// at the start, when the connection is lost while the snapshot is loaded, when loading
// fails, and when the server has lost its log.
func TestSnapshot(t *testing.T) {
	s := newSite(t)
	w := &world{site: s, t: t}
	url, asked, answer := stateServer(t, s)
	for range 3 {
		w.publish()
	}
	w.tab = openTab(t, s.home+"/page.html")
	w.busy()
	w.run(openWithSnapshot, s.url, url)
	<-asked
	w.dialed(0, snapshotLimit)
	w.await(0, snapshotLimit, "the state of a page without its snapshot", func(r record) bool {
		return r.Kind == "state" && r.Name == "connecting" && r.Cause == "the snapshot is loading"
	})
	w.fault(faultproxy.Reset)
	w.dialed(1, snapshotLimit)
	answer <- http.StatusOK
	w.await(0, snapshotLimit, "the snapshot", func(r record) bool { return r.Kind == "note" && r.Text == "snapshot start" })
	w.awaitState(0, snapshotLimit, "live")
	w.badge("live", snapshotLimit)
	w.awaitEvent(w.publish(), snapshotLimit)

	// The server comes back without its log.
	mark := w.mark()
	s.restart()
	w.fault(faultproxy.Reset)
	w.await(mark, snapshotLimit, "a gap", func(r record) bool { return r.Kind == "gap" && r.Reason == "epoch" })
	<-asked
	answer <- http.StatusServiceUnavailable
	failed := w.await(mark, snapshotLimit, "an error", func(r record) bool { return r.Kind == "error" && r.Code == "snapshot-failed" })
	if name := eval[string](w.tab, `feed.state.name + " " + feed.state.snapshot`); name != "reconnecting failed" {
		t.Errorf("after %v the state is %s", failed, name)
	}
	w.badge("reconnecting", snapshotLimit)
	<-asked
	answer <- http.StatusOK
	w.await(mark, snapshotLimit, "the snapshot of the new log", func(r record) bool { return r.Kind == "note" && r.Text == "snapshot epoch" })
	w.awaitState(mark, snapshotLimit, "live")
	w.badge("live", snapshotLimit)
	w.awaitEvent(w.publish(), snapshotLimit)
	for _, r := range w.seen() {
		if r.Kind == "uncaught" || r.Kind == "unreadable" {
			t.Error(r)
		}
	}
}
