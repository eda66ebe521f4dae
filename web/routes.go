package main

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/wakesocket/wakesocket/web/internal/faults"
	"github.com/wakesocket/wakesocket/web/static"
)

// policy of the page: only what we serve ourselves, and WebAssembly.
const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; font-src 'self'; " +
	"img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func routes(b *broadcast, m *market, listener *faults.Listener, assets fs.FS) (http.Handler, error) {
	files, err := static.New(assets, static.Options{})
	if err != nil {
		return nil, err
	}
	registry := prometheus.NewRegistry()
	if err := registry.Register(b.counts); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", withPolicy(files))
	mux.Handle("GET /feed", listener.Handler(b.current(func() http.Handler { return b.beats })))
	mux.Handle("GET /plain", listener.Handler(b.current(func() http.Handler { return b.plain })))
	mux.Handle("GET /prices", slowly(linkRate, m.feed))
	mux.Handle("GET /prices/plain", slowly(linkRate, m.watched(&m.plain)))
	mux.HandleFunc("GET /prices/names", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, m.names) })
	mux.Handle("GET /debug/clients", b.current(func() http.Handler { return b.beats.Debug() }))
	mux.Handle("GET /ready", b.current(func() http.Handler { return b.beats.Ready() }))
	mux.Handle("GET /alive", b.current(func() http.Handler { return b.beats.Alive() }))
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /snapshot", b.serveSnapshot)
	mux.HandleFunc("GET /faults", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, listener.Status()) })
	// Another site's page must not break the connections of this one.
	guard := http.NewCrossOriginProtection()
	mux.Handle("POST /faults/{kind}", guard.Handler(&breaker{b, listener}))
	return mux, nil
}

func withPolicy(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}

// breaker does what the fault panel asks for.
type breaker struct {
	broadcast *broadcast
	listener  *faults.Listener
}

// longestOutage keeps a demo from being locked out of itself.
const longestOutage = 5 * time.Minute

// restartLimit is how long a restart waits for clients that do not answer a
// close, such as those that were cut.
const restartLimit = time.Second

// broken is the answer to a fault.
type broken struct {
	Hit int `json:"hit"` // connections
	faults.Status
}

func (d *breaker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	hit, err := d.inject(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	writeJSON(w, broken{hit, d.listener.Status()})
}

func (d *breaker) inject(r *http.Request) (hit int, err error) {
	switch kind := r.PathValue("kind"); kind {
	case "cut":
		return d.listener.Cut(), nil
	case "reset":
		return d.listener.Reset(), nil
	case "heal":
		d.listener.Heal()
		return 0, nil
	case "restart", "crash":
		hit = d.listener.Status().WebSockets
		ctx, cancel := context.WithTimeout(r.Context(), restartLimit)
		defer cancel()
		return hit, d.broadcast.restart(ctx, kind == "restart")
	case "stall", "hang", "refuse", "mute":
		length, err := duration(r)
		if err != nil {
			return 0, err
		}
		outages := map[string]func(time.Duration) int{
			"stall": d.listener.Stall, "hang": d.listener.Hang, "refuse": d.listener.Refuse, "mute": d.listener.Mute,
		}
		return outages[kind](length), nil
	default:
		return 0, fmt.Errorf("no such fault: %q; there are cut, reset, stall, hang, refuse, mute, restart, crash and heal", kind)
	}
}

func duration(r *http.Request) (time.Duration, error) {
	seconds, err := strconv.ParseFloat(r.URL.Query().Get("seconds"), 64)
	if err != nil || !(seconds > 0 && seconds <= longestOutage.Seconds()) {
		return 0, fmt.Errorf("seconds must be a number above 0 and up to %g", longestOutage.Seconds())
	}
	return time.Duration(seconds * float64(time.Second)), nil
}
