package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/e2e/faultproxy"
)

// openLatest opens the feed in a page that wants the newest prices only, and every
// event of the topic "end". It notes whether an older price comes after a newer one.
const openLatest = `(async () => {
	const { connect } = await import("/dist/shim.js");
	const feed = watch(connect(%s, { topics: ["end", { match: "price.*", latest: true, every: 50 }] }));
	globalThis.prices = {};
	feed.subscribe("price.*", ({ topic, data, skipped = 0 }) => {
		const price = (prices[topic] ??= { n: 0, shown: 0, skipped: 0 });
		if (data.n <= price.n) say("uncaught", { text: topic + " shows " + data.n + " after " + price.n });
		price.n = data.n;
		price.shown++;
		price.skipped += skipped;
	});
})()`

// A page gets the newest value of each topic from the server, and knows how many it did
// not get, also when the connection is lost meanwhile.
func TestTheNewestValues(t *testing.T) {
	const topics, rounds, each = 10, 3, 100
	s := newSite(t)
	w := &world{site: s, t: t}
	w.tab = openTab(t, s.home+"/page.html")
	w.run(openLatest, s.url)
	w.awaitState(0, snapshotLimit, "live")
	n := 0
	for round := range rounds {
		for range each {
			n++
			for topic := range topics {
				if _, err := s.current().Publish(context.Background(), fmt.Sprintf("price.%d", topic), fmt.Appendf(nil, `{"n":%d}`, n)); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(time.Millisecond) // a feed, not one burst
			if round > 0 && n%each == each/2 {
				w.fault(faultproxy.Reset)
			}
		}
	}
	w.tab.until(fmt.Sprintf(`Object.values(prices).filter((price) => price.n === %d).length === %d`, n, topics))
	for _, what := range []string{"shown", "shown + price.skipped"} {
		sum := eval[int](w.tab, `Object.values(prices).reduce((sum, price) => sum + price.`+what+`, 0)`)
		if all := topics * rounds * each; what == "shown" && sum > all/2 || what != "shown" && sum != all {
			t.Errorf("%s: %d, of %d events", what, sum, all)
		}
	}
	for _, r := range w.seen() {
		if r.Kind == "uncaught" || r.Kind == "gap" || r.Kind == "error" {
			t.Errorf("%+v", r)
		}
	}
}
