package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/e2e/faultproxy"
)

// tabsShare is what tabs that share a connection have in every engine: it is one, it
// outlives the tab that was there first, and no tab misses anything when it is lost.
func tabsShare(t *testing.T, e engine) {
	s := newSite(t)
	tabs := make([]*tab, 3)
	for i := range tabs {
		tabs[i] = &tab{TB: t, page: context.Background(), engine: e, opened: time.Now(), changed: make(chan struct{})}
	}
	options, err := json.Marshal(map[string]any{"share": true, "heartbeat": 2000, "visibleHeartbeat": 1000, "challengeAfter": 500, "minReconnectDelay": 100, "maxReconnectDelay": 500})
	if err != nil {
		t.Fatal(err)
	}
	s.home = tabs[0].listen(s, fmt.Sprintf(`sessionStorage.open ??= JSON.stringify([%q, %s]);`, s.url, options), tabs[1:]...)
	t.Cleanup(func() {
		if t.Failed() {
			for _, tb := range tabs {
				t.Log(tb.story())
			}
		}
	})
	ts := &sharingTabs{site: s, t: t}
	closers := make([]func(), len(tabs))
	for i, tb := range tabs {
		w := &world{site: s, t: t, tab: tb}
		ts.all = append(ts.all, w)
		handle, err := e.openTab()
		if err != nil {
			t.Fatal(err)
		}
		open := true
		closers[i] = func() {
			if open {
				open = false
				if err := e.closeTab(handle); err != nil {
					t.Error(err)
				}
			}
		}
		t.Cleanup(closers[i])
		if err := e.navigateTab(handle, fmt.Sprintf("%s/page.html?%d", s.home, i)); err != nil {
			t.Fatal(err)
		}
		w.await(0, patient, "a live tab that shares", func(r record) bool { return r.Kind == "state" && r.Name == "live" })
		w.await(0, patient, "a tab that shares", func(r record) bool { return r.Kind == "state" && r.Shared })
	}
	burst := func() {
		for range 50 {
			ts.publish()
		}
	}
	burst()
	ts.exact(ts.all...)
	if n := len(ts.proxy.Conns()); n != 1 {
		t.Errorf("%d connections were made, want 1", n)
	}

	burst()
	closers[0]()
	burst()
	left := ts.all[1:]
	ts.exact(left...)
	ts.sockets(1)
	for _, fault := range []faultproxy.Fault{faultproxy.Swallow, faultproxy.Reset} {
		ts.proxy.Existing(fault)
		burst()
		ts.exact(left...)
		ts.sockets(1)
	}
	for i, w := range left {
		if errs := w.errs(); len(errs) > 0 {
			t.Errorf("tab %d: errors %q", i+1, errs)
		}
	}
	closers[1]()
	closers[2]()
	ts.sockets(0)
}
