// Command web serves a dashboard of the machine it runs on over a feed, with a
// panel that breaks the connections on purpose.
package main

import (
	"context"
	"embed"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/wakesocket/wakesocket/web/internal/faults"
	"github.com/wakesocket/wakesocket/web/internal/metrics"
	"github.com/wakesocket/wakesocket/web/internal/stores"
	"github.com/wakesocket/wakesocket/web/store"
)

//go:embed all:assets
var embedded embed.FS

// drainWindow is over which clients are sent away at the end; drainLimit is how
// long the slowest of them may take.
const (
	drainWindow = time.Second
	drainLimit  = 3 * time.Second
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	place := flag.String("store", "memory", stores.Usage)
	hosts := flag.String("host", "", "comma-separated names under which browsers may open the dashboard, besides localhost and addresses")
	proxies := flag.String("proxy", "", "comma-separated networks of the proxies whose X-Forwarded-For is believed, as in 10.0.0.0/8")
	check := flag.String("check", "", "ask this `URL`, print its answer and exit with 0 when that is 200: for the health check of a container without a shell")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "unexpected argument %q\n", flag.Arg(0))
		flag.Usage()
		os.Exit(2)
	}
	do := func() error { return run(*addr, *place, list(*hosts), list(*proxies)) }
	if isGiven("check") {
		do = func() error { return askHealth(*check, os.Stdout) }
	}
	if err := do(); err != nil {
		fmt.Fprintln(os.Stderr, "wakesocket:", err)
		os.Exit(1)
	}
}

// isGiven reports whether the command line names a flag: one with an empty variable for its
// value is given too.
func isGiven(name string) (yes bool) {
	flag.Visit(func(f *flag.Flag) { yes = yes || f.Name == name })
	return yes
}

// list splits a flag that has commas.
func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' })
}

func run(addr, place string, hosts, proxies []string) error {
	trusted, err := networks(proxies)
	if err != nil {
		return err
	}
	assets, err := fs.Sub(embedded, "assets")
	if err != nil {
		return err
	}
	if err := checkBuilt(assets); err != nil {
		return err
	}
	open, shut, err := logAt(place)
	if err != nil {
		return err
	}
	defer shut()
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	return serve(ctx, listener, site{assets, hosts, trusted, open})
}

// site is what the dashboard is made of.
type site struct {
	assets  fs.FS
	hosts   []string       // names under which it may be opened
	proxies []netip.Prefix // that are believed
	open    func() (store.Store, error)
}

// serve runs the dashboard until ctx ends, then sends the clients away in order.
func serve(ctx context.Context, inner net.Listener, s site) error {
	listener := faults.Wrap(inner)
	b, err := newBroadcast(s.open, s.proxies)
	if err != nil {
		return err
	}
	m, err := newMarket(s.proxies)
	if err != nil {
		return err
	}
	handler, err := routes(b, m, listener, s.assets)
	if err != nil {
		return err
	}
	measuring := b.measure(ctx, metrics.Probes(), func(topic string) bool { return topic == mutedTopic && listener.Muted() })
	server := &http.Server{Handler: onlyHosts(s.hosts, handler), ConnContext: listener.ConnContext, ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	slog.Info("the dashboard is up", "url", "http://"+listener.Addr().String())

	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	slog.Info("leaving", "window", drainWindow)
	measuring()
	late, cancel := context.WithTimeout(context.Background(), drainLimit)
	defer cancel()
	if err := b.drain(late, drainWindow); err != nil {
		slog.Warn("some clients did not leave in time", "error", err)
	}
	b.close()
	m.close()
	return server.Close()
}

// checkBuilt tells what to do when the browser's part is missing: go:embed takes
// whatever is there at build time.
func checkBuilt(assets fs.FS) error {
	for _, name := range []string{"dist/client.wasm", "dist/shim.js"} {
		if _, err := fs.Stat(assets, name); err != nil {
			return fmt.Errorf("%s is not built yet: run `make build` first", name)
		}
	}
	return nil
}
