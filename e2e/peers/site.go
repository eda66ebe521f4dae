package main

import (
	"context"
	"embed"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"sync"
	"time"
)

//go:embed pages
var pages embed.FS

var index = template.Must(template.ParseFS(pages, "pages/index.html"))

// Folders, seen from this one, where the command must run.
const (
	modules = "node_modules"
	dist    = "../../dist"
)

// pace is the time between the events of the feed.
const pace = 200 * time.Millisecond

// site is the page of one client, and the server that it connects to.
type site struct {
	url   string
	close func()
}

func open(c client) (*site, error) {
	s, err := c.serve()
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		index.Execute(w, struct{ Name, Script string }{c.name, c.script})
	})
	mux.Handle("/pages/", http.FileServerFS(pages))
	mux.Handle("/modules/", http.StripPrefix("/modules/", http.FileServer(http.Dir(modules))))
	mux.Handle("/dist/", http.StripPrefix("/dist/", http.FileServer(http.Dir(dist))))
	mux.Handle(c.path, s)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.close()
		return nil, err
	}
	web := &http.Server{Handler: mux}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { web.Serve(l) })
	running.Go(func() { speak(ctx, s) })
	return &site{"http://" + l.Addr().String() + "/", func() {
		cancel()
		web.Close()
		running.Wait()
		s.close()
	}}, nil
}

// speak publishes numbered events until it is told to stop, or cannot: then the
// page hears nothing, and its trial tells.
func speak(ctx context.Context, s server) {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-tick.C:
			if s.publish(fmt.Appendf(nil, `{"n":%d}`, n)) != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}
