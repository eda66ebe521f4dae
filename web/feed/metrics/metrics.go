// Package metrics counts what a feed does, for Prometheus.
//
//	counts := metrics.New(nil)
//	prometheus.MustRegister(counts)
//	f, err := feed.New(feed.Options{Observer: counts})
package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/feed"
)

// Collector is a [feed.Observer] and a [prometheus.Collector]: it joins the
// registry that the application has. All labels come from fixed lists, so clients
// cannot make new series.
type Collector struct {
	feed.NoObserver
	connections   prometheus.Gauge
	logLive       prometheus.Gauge
	eventsRead    prometheus.Counter
	eventsSent    prometheus.Counter
	connected     *prometheus.CounterVec
	disconnected  *prometheus.CounterVec
	dropsReported *prometheus.CounterVec
	refused       *prometheus.CounterVec
	messages      *prometheus.CounterVec
	storeErrors   *prometheus.CounterVec
	all           []prometheus.Collector
}

// New returns a collector for one feed. The labels tell it from other feeds of
// the same registry, such as {"feed": "prices"}; nil for none.
func New(labels prometheus.Labels) *Collector {
	c := &Collector{}
	options := func(name, help string) prometheus.Opts {
		return prometheus.Opts{Namespace: "wakesocket", Name: name, Help: help, ConstLabels: labels}
	}
	counter := func(name, help string) prometheus.Counter {
		m := prometheus.NewCounter(prometheus.CounterOpts(options(name, help)))
		c.all = append(c.all, m)
		return m
	}
	vector := func(name, help, label string, values []string) *prometheus.CounterVec {
		m := prometheus.NewCounterVec(prometheus.CounterOpts(options(name, help)), []string{label})
		for _, value := range values {
			m.WithLabelValues(value) // begins at 0, so that a rate sees the first increment
		}
		c.all = append(c.all, m)
		return m
	}
	c.connections = prometheus.NewGauge(prometheus.GaugeOpts(options("connections", "Clients connected now.")))
	c.all = append(c.all, c.connections)
	c.logLive = prometheus.NewGauge(prometheus.GaugeOpts(options("log_live", "1 while the feed has everything that is in its log, 0 while it cannot read it.")))
	c.all = append(c.all, c.logLive)
	c.eventsRead = counter("events_total", "Events read from the log.")
	c.eventsSent = counter("deliveries_total", "Events sent to clients.")
	c.connected = vector("connects_total", "Clients let in, by how they resumed.", "result", feed.Resumes())
	c.disconnected = vector("disconnects_total", "Connections that ended, by cause; left is not a drop.", "cause", feed.Causes())
	c.dropsReported = vector("drops_reported_total", "Drops by the cause that the client reported when it came back.", "cause", wire.Causes)
	c.refused = vector("refused_total", "Clients not let in, by reason.", "reason", feed.Refusals())
	c.messages = vector("messages_refused_total", "Messages of clients that were not accepted, by reason.", "code", wire.ErrorCodes)
	c.storeErrors = vector("store_errors_total", "Failures of the store, by operation.", "operation", feed.Operations())
	return c
}

// Describe implements [prometheus.Collector].
func (c *Collector) Describe(descriptions chan<- *prometheus.Desc) {
	for _, m := range c.all {
		m.Describe(descriptions)
	}
}

// Collect implements [prometheus.Collector].
func (c *Collector) Collect(metrics chan<- prometheus.Metric) {
	for _, m := range c.all {
		m.Collect(metrics)
	}
}

// LogLive implements [feed.Observer].
func (c *Collector) LogLive(live bool) {
	c.logLive.Set(0)
	if live {
		c.logLive.Set(1)
	}
}

// EventsRead implements [feed.Observer].
func (c *Collector) EventsRead(n int) { c.eventsRead.Add(float64(n)) }

// EventsSent implements [feed.Observer].
func (c *Collector) EventsSent(n int) { c.eventsSent.Add(float64(n)) }

// Connected implements [feed.Observer].
func (c *Collector) Connected(resume string) {
	c.connections.Inc()
	c.connected.WithLabelValues(resume).Inc()
}

// Disconnected implements [feed.Observer].
func (c *Collector) Disconnected(cause string) {
	c.connections.Dec()
	c.disconnected.WithLabelValues(cause).Inc()
}

// DropReported implements [feed.Observer].
func (c *Collector) DropReported(cause string) { c.dropsReported.WithLabelValues(cause).Inc() }

// Refused implements [feed.Observer].
func (c *Collector) Refused(reason string) { c.refused.WithLabelValues(reason).Inc() }

// MessageRefused implements [feed.Observer].
func (c *Collector) MessageRefused(code string) { c.messages.WithLabelValues(code).Inc() }

// StoreFailed implements [feed.Observer].
func (c *Collector) StoreFailed(operation string) { c.storeErrors.WithLabelValues(operation).Inc() }
