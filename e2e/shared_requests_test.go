package e2e

import (
	"fmt"
	"testing"
	"time"
)

// Tabs ask for different things over one connection: every event of a topic, its newest
// one at a chosen rate, topics that come later with their earlier events, and history.
func TestTabsThatShareAskForThemselves(t *testing.T) {
	t.Parallel()
	const events = 100
	b := startBrowser(t)
	ts := share(t, b, newSite(t), 1, map[string]any{"topics": []string{"test"}})
	ts.open(b, map[string]any{"share": true, "topics": []any{map[string]any{"match": "test", "latest": true, "every": 50}}})
	ts.open(b, map[string]any{"share": true, "topics": []string{"other"}})
	every, newest, adding := ts.all[0], ts.all[1], ts.all[2]
	for _, w := range ts.all[1:] {
		w.await(0, patient, "a live tab", func(r record) bool { return r.Kind == "state" && r.Name == "live" })
	}
	newest.run(`globalThis.seen = { last: 0, shown: 0, skipped: 0 };
		feed.subscribe("test", ({ data, skipped = 0 }) => {
			if (data.n <= seen.last) seen.wrong = data.n + " after " + seen.last;
			seen.last = data.n;
			seen.shown++;
			seen.skipped += skipped;
		})`)
	for range events {
		ts.publish()
		time.Sleep(time.Millisecond) // a feed, not one burst
	}
	ts.exact(every)
	last := events + 1

	adding.run(`(async () => {
		globalThis.got = [];
		feed.subscribe("test", ({ data, history = false }) => got.push([data.n, history]));
		const at = await feed.addTopics(["test"], { last: 2 });
		globalThis.answer = { before: [...got], at };
		const { events, from } = await feed.history({ topic: "test", limit: 3 });
		answer.history = events.map(({ data }) => data.n);
	})()`)
	want := fmt.Sprintf(`[[[%d,true],[%d,true]],[%d,%d,%d]]`, last-1, last, last-2, last-1, last)
	if got := eval[string](adding.tab, `JSON.stringify([answer.before, answer.history])`); got != want {
		t.Errorf("the tab that adds a topic got %s, want %s", got, want)
	}
	ts.exact(every)
	last++
	adding.await(0, patient, "the event after that", func(r record) bool { return r.Kind == "event" && r.N == last })
	if got, want := eval[string](adding.tab, `JSON.stringify(got.slice(2))`), fmt.Sprintf(`[[%d,false]]`, last); got != want {
		t.Errorf("then it got %s, want %s", got, want)
	}

	newest.await(0, patient, "the newest event", func(r record) bool { return r.Kind == "event" && r.N == last })
	if !eval[bool](newest.tab, `!seen.wrong && seen.last === `+fmt.Sprint(last)+` && seen.shown < `+fmt.Sprint(events)+` && seen.shown + seen.skipped === seen.last`) {
		t.Errorf("the tab that wants the newest events only got %s", eval[string](newest.tab, `JSON.stringify(seen)`))
	}
	if n := len(ts.proxy.Conns()); n != 1 {
		t.Errorf("%d connections were made, want 1", n)
	}
	for i, w := range ts.all {
		if errs := w.errs(); len(errs) > 0 {
			t.Errorf("tab %d: errors %q", i, errs)
		}
	}
}
