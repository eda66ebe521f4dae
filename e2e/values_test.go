package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/wakesocket/wakesocket/e2e/faultproxy"
)

// openValues opens a feed in a page that has everything of a dashboard's state. What
// comes is noted in `got`, and of prices in `prices`.
const openValues = `(async () => {
	const { connect } = await import("/dist/shim.js");
	globalThis.got = [];
	globalThis.prices = { n: 0, all: 0 };
	globalThis.board = connect(%s, {
		topics: ["cpu", { match: "price.*", latest: true, every: 50 }],
		snapshot: async ({ signal }) => (await fetch(%s, { signal })).json(),
		onSnapshot: ({ data }) => got.push("snapshot" + data),
	});
	for (const topic of ["cpu", "gpu"]) board.subscribe(topic, ({ data, history }) => got.push(topic + data.n + (history ? "h" : "")));
	board.subscribe("price.*", ({ data, skipped = 0 }) => {
		if (data.n <= prices.n) got.push("price" + data.n + "after" + prices.n);
		prices = { n: data.n, all: prices.all + 1 + skipped };
	});
})()`

// values is how a page has its state in every engine: a snapshot and exactly what comes
// after it, topics that it adds and removes, earlier events, the newest of many.
func values(t *testing.T, open func(testing.TB) *tab) {
	t.Run("snapshot, topics, history, newest", func(t *testing.T) {
		s := newSite(t)
		last := map[string]int{}
		publish := func(topic string, times int) {
			t.Helper()
			for range times {
				last[topic]++
				if _, err := s.current().Publish(context.Background(), topic, fmt.Appendf(nil, `{"n":%d}`, last[topic])); err != nil {
					t.Fatal(err)
				}
			}
		}
		publish("cpu", 3)
		publish("gpu", 5)
		state := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			at, err := s.current().Position(r.Context())
			if err != nil {
				t.Error(err)
			}
			w.Header().Set("Access-Control-Allow-Origin", "*")
			_ = json.NewEncoder(w).Encode(map[string]any{"at": at, "data": last["cpu"]}) // the page may have given up
		}))
		tb := open(t)
		tb.run(openValues, s.url, state.URL)
		tb.until(`got.join(" ") === "snapshot3" && board.state.name === "live"`)
		publish("cpu", 1)
		tb.until(`got.join(" ") === "snapshot3 cpu4"`)

		tb.run(`board.addTopics(["gpu"], { last: 2 }).then(() => {})`)
		publish("gpu", 1)
		tb.until(`got.join(" ") === "snapshot3 cpu4 gpu4h gpu5h gpu6"`)
		s.proxy.Existing(faultproxy.Reset)
		publish("gpu", 1)
		tb.until(`got.at(-1) === "gpu7" && board.state.name === "live"`)
		tb.run(`board.removeTopics(["gpu"]).then(() => {})`)
		publish("gpu", 1)
		publish("cpu", 1)
		tb.until(`got.join(" ") === "snapshot3 cpu4 gpu4h gpu5h gpu6 gpu7 cpu5"`)

		before := eval[string](tb, `board.history({ topic: "gpu", limit: 3 }).then(({ events }) => events.map(({ data }) => data.n).join())`)
		if before != "6,7,8" {
			t.Errorf("the history of gpu is %s, want 6,7,8", before)
		}
		publish("price.a", 300)
		tb.until(`prices.n === 300 && prices.all === 300 && got.length === 7`)
	})
}
