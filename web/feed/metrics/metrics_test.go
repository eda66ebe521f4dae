package metrics_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/feed"
	"github.com/wakesocket/wakesocket/web/feed/metrics"
	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

func serve(t *testing.T, options feed.Options) (f *feed.Feed, url string) {
	t.Helper()
	options.Logger = slog.New(slog.DiscardHandler)
	f, err := feed.New(options)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(f)
	t.Cleanup(func() {
		f.Close()
		s.Close()
	})
	return f, s.URL
}

// dial returns when the first frame is there.
func dial(t *testing.T, url string) *websocket.Conn {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), url, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.CloseNow() })
	_, _, _ = conn.Read(t.Context())
	return conn
}

// waitFor polls until the registry exposes every line.
func waitFor(t *testing.T, registry prometheus.Gatherer, lines ...string) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		text := expose(t, registry)
		missing := ""
		for _, line := range lines {
			if !strings.Contains(text, "\n"+line+"\n") {
				missing = line
			}
		}
		if missing == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("no line %q in\n%s", missing, text)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func expose(t *testing.T, registry prometheus.Gatherer) string {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, family := range families {
		for _, m := range family.GetMetric() {
			label := ""
			for _, l := range m.GetLabel() {
				label += fmt.Sprintf("{%s=%q}", l.GetName(), l.GetValue())
			}
			fmt.Fprintf(&b, "\n%s%s %v\n", family.GetName(), label, m.GetCounter().GetValue()+m.GetGauge().GetValue())
		}
	}
	return b.String()
}

func TestEverythingIsCounted(t *testing.T) {
	counts := metrics.New(nil)
	registry := prometheus.NewRegistry()
	registry.MustRegister(counts)
	f, url := serve(t, feed.Options{Observer: counts, OriginPatterns: []string{"friend.test"}})
	first, err := f.Publish(t.Context(), "cpu", []byte("1"))
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, registry, "wakesocket_events_total 1")
	dial(t, url+"?wakesocket=1&client=a")
	dial(t, url+"?wakesocket=1&client=b&previous=sleep,1,1&after="+first)
	dial(t, url+"?wakesocket=1&after=nonsense")
	dial(t, url+"?topic=")
	waitFor(t, registry, `wakesocket_connections 3`, `wakesocket_connects_total{result="fresh"} 1`,
		`wakesocket_connects_total{result="exact"} 1`, `wakesocket_connects_total{result="gap_invalid"} 1`,
		`wakesocket_drops_reported_total{cause="sleep"} 1`, `wakesocket_refused_total{reason="query"} 1`)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, registry, `wakesocket_connections 0`, `wakesocket_disconnects_total{cause="shutdown"} 3`)
}

// Clients choose close codes, ids and words; none of them may become a label.
func TestLabelsAreBounded(t *testing.T) {
	counts := metrics.New(nil)
	registry := prometheus.NewRegistry()
	registry.MustRegister(counts)
	_, url := serve(t, feed.Options{Observer: counts})
	before := strings.Count(expose(t, registry), "\n")
	for i := range 50 {
		conn := dial(t, fmt.Sprintf("%s?wakesocket=1&client=c%d&previous=evil%d,1,1", url, i, i))
		conn.Close(websocket.StatusCode(3000+i), "")
	}
	waitFor(t, registry, `wakesocket_disconnects_total{cause="closed"} 50`, `wakesocket_drops_reported_total{cause="other"} 50`)
	if after := strings.Count(expose(t, registry), "\n"); after != before {
		t.Fatalf("%d lines, then %d", before, after)
	}
}

// Each call moves one line, by what it should, and no other.
func TestEachCallMovesItsLine(t *testing.T) {
	for _, test := range []struct {
		call func(feed.Observer)
		want []string
	}{
		{func(o feed.Observer) { o.EventsRead(3) }, []string{"wakesocket_events_total 3"}},
		{func(o feed.Observer) { o.EventsSent(4) }, []string{"wakesocket_deliveries_total 4"}},
		{func(o feed.Observer) { o.Connected("exact") }, []string{`wakesocket_connections 1`, `wakesocket_connects_total{result="exact"} 1`}},
		{func(o feed.Observer) { o.Disconnected("slow") }, []string{`wakesocket_connections -1`, `wakesocket_disconnects_total{cause="slow"} 1`}},
		{func(o feed.Observer) { o.DropReported("sleep") }, []string{`wakesocket_drops_reported_total{cause="sleep"} 1`}},
		{func(o feed.Observer) { o.Refused("rate") }, []string{`wakesocket_refused_total{reason="rate"} 1`}},
		{func(o feed.Observer) { o.MessageRefused(wire.ErrorRate) }, []string{`wakesocket_messages_refused_total{code="` + wire.ErrorRate + `"} 1`}},
		{func(o feed.Observer) { o.LogLive(true) }, []string{"wakesocket_log_live 1"}},
		{func(o feed.Observer) { o.LogLive(true); o.LogLive(false) }, nil},
		{func(o feed.Observer) { o.StoreFailed("after") }, []string{`wakesocket_store_errors_total{operation="after"} 1`}},
	} {
		counts := metrics.New(nil)
		registry := prometheus.NewRegistry()
		registry.MustRegister(counts)
		before := strings.Split(expose(t, registry), "\n")
		test.call(counts)
		var moved []string
		for _, line := range strings.Split(expose(t, registry), "\n") {
			if !slices.Contains(before, line) {
				moved = append(moved, line)
			}
		}
		if slices.Sort(moved); !slices.Equal(moved, test.want) {
			t.Errorf("these lines moved: %q, want %q", moved, test.want)
		}
	}
}

// failing is a log that takes nothing.
type failing struct{ *memory.Store }

func (failing) Publish(context.Context, string, []byte, ...store.PublishOption) (store.ID, error) {
	return store.ID{}, errors.New("disk full")
}

func TestFailuresAndDeliveriesAreCounted(t *testing.T) {
	counts := metrics.New(prometheus.Labels{"feed": "prices"})
	registry := prometheus.NewRegistry()
	registry.MustRegister(counts, metrics.New(prometheus.Labels{"feed": "other"})) // two feeds, one registry
	f, _ := serve(t, feed.Options{Observer: counts, Store: failing{memory.New(memory.Options{})}})
	if _, err := f.Publish(t.Context(), "cpu", []byte("1")); err == nil {
		t.Fatal("the store failed, Publish did not")
	}
	counts.EventsSent(3)
	waitFor(t, registry, `wakesocket_store_errors_total{feed="prices"}{operation="publish"} 1`,
		`wakesocket_store_errors_total{feed="other"}{operation="publish"} 0`, `wakesocket_deliveries_total{feed="prices"} 3`)
}

func Example() {
	counts := metrics.New(prometheus.Labels{"feed": "prices"})
	registry := prometheus.NewRegistry() // or prometheus.DefaultRegisterer
	registry.MustRegister(counts)
	f, err := feed.New(feed.Options{Observer: counts})
	if err != nil {
		panic(err)
	}
	f.Close()
	families, err := registry.Gather()
	fmt.Println(families[0].GetName(), err)
	// Output: wakesocket_connections <nil>
}
