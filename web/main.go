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
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "unexpected argument %q\n", flag.Arg(0))
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*addr, *place, strings.FieldsFunc(*hosts, func(r rune) bool { return r == ',' })); err != nil {
		fmt.Fprintln(os.Stderr, "wakesocket:", err)
		os.Exit(1)
	}
}

func run(addr, place string, hosts []string) error {
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
	return serve(ctx, listener, hosts, assets, open)
}

// serve runs the dashboard until ctx ends, then sends the clients away in order.
func serve(ctx context.Context, inner net.Listener, hosts []string, assets fs.FS, open func() (store.Store, error)) error {
	listener := faults.Wrap(inner)
	b, err := newBroadcast(open)
	if err != nil {
		return err
	}
	handler, err := routes(b, listener, assets)
	if err != nil {
		return err
	}
	measuring := b.measure(ctx, metrics.Probes(), func(topic string) bool { return topic == mutedTopic && listener.Muted() })
	server := &http.Server{Handler: onlyHosts(hosts, handler), ConnContext: listener.ConnContext, ReadHeaderTimeout: 10 * time.Second}
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
		slog.Warn("not every client said goodbye", "error", err)
	}
	b.close()
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
