// A feed in a process of its own, to be killed by TestCrash.
package main

import (
	"flag"
	"log/slog"
	"net"
	"net/http"
	"os"

	"github.com/wakesocket/wakesocket/e2e/internal/logs"
	"github.com/wakesocket/wakesocket/web/feed"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8081", "address to listen on")
	place := flag.String("store", "memory", "log: memory, redis://… or postgres://…")
	token := flag.String("token", "", "lets programs post events to /publish")
	flag.Parse()
	if err := serve(*addr, *place, *token); err != nil {
		slog.Error("the server ends", "error", err)
		os.Exit(1)
	}
}

func serve(addr, place, token string) error {
	log, shut, err := logs.Open(place)
	if err != nil {
		return err
	}
	defer shut()
	// The page comes from another port.
	f, err := feed.New(feed.Options{Store: log, OriginPatterns: []string{"127.0.0.1:*"}})
	if err != nil {
		return err
	}
	defer f.Close()
	mux := http.NewServeMux()
	mux.Handle("/feed", f)
	mux.Handle("/publish", f.Receive(token))
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	slog.Info("listening", "address", listener.Addr().String())
	return http.Serve(listener, mux)
}
