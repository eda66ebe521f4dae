package feed

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// metrics have labels from short lists of ours only: nothing that a client sends
// can make a new series.
type metrics struct {
	registry    *prometheus.Registry
	events      prometheus.Counter
	deliveries  prometheus.Counter
	ends        *prometheus.CounterVec
	told        *prometheus.CounterVec
	resumes     *prometheus.CounterVec
	refused     *prometheus.CounterVec
	storeErrors *prometheus.CounterVec
}

func newMetrics(f *Feed) *metrics {
	m := &metrics{registry: prometheus.NewRegistry()}
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: "wakesocket_" + name, Help: help})
		m.registry.MustRegister(c)
		return c
	}
	vector := func(name, help, label string, values ...string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "wakesocket_" + name, Help: help}, []string{label})
		m.registry.MustRegister(v)
		for _, value := range values {
			v.WithLabelValues(value) // a series that is 0 is better than none
		}
		return v
	}
	m.events = counter("events_total", "Events taken from the log.")
	m.deliveries = counter("deliveries_total", "Events sent to clients.")
	m.ends = vector("connections_ended_total", "Connections that ended, by cause; left is not a loss.", "cause", causes...)
	m.told = vector("losses_told_total", "Losses by the cause that the client told when it came back.", "cause", wire.Causes...)
	m.resumes = vector("connects_total", "Clients let in, by how they went on.", "result", "fresh", "exact",
		"gap_"+wire.GapTrimmed, "gap_"+wire.GapEpoch, "gap_"+wire.GapFuture, "gap_"+wire.GapInvalid)
	m.refused = vector("refused_total", "Clients not let in, by reason.", "reason",
		"draining", "rate", "origin", "unauthorized", "forbidden", "full", "address", "query", "store")
	m.storeErrors = vector("store_errors_total", "Failures of the store, by operation.", "operation", "publish", "follow", "after")
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "wakesocket_connections", Help: "Clients connected now.",
	}, func() float64 { return float64(f.Connected()) }))
	return m
}

// Metrics serves the feed's counters in the Prometheus format.
func (f *Feed) Metrics() http.Handler {
	return promhttp.HandlerFor(f.metrics.registry, promhttp.HandlerOpts{})
}
