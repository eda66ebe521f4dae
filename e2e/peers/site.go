package main

import (
	"context"
	"embed"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

//go:embed pages
var pages embed.FS

var templates = template.Must(template.ParseFS(pages, "pages/*.html"))

// imports are the files of the packages that pages import by name. An import map
// would do, but workers have none.
var imports = strings.NewReplacer(
	`"@rails/actioncable"`, `"/modules/@rails/actioncable/app/assets/javascripts/actioncable.esm.js"`,
	`"centrifuge"`, `"/modules/centrifuge/build/index.mjs"`,
	`"graphql-ws"`, `"/modules/graphql-ws/dist/client.js"`,
	`"partysocket"`, `"/modules/partysocket/dist/index.js"`,
	`"phoenix"`, `"/modules/phoenix/priv/static/phoenix.mjs"`,
	`"reconnecting-websocket"`, `"/modules/reconnecting-websocket/dist/reconnecting-websocket-mjs.js"`,
	`"socket.io-client"`, `"/modules/socket.io-client/dist/socket.io.esm.min.js"`,
)

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
	show := func(w http.ResponseWriter, page string) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		templates.ExecuteTemplate(w, page, struct{ Name, Script string }{c.name, c.script})
	}
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) { show(w, "index.html") })
	mux.HandleFunc("/places", func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie("session"); err != nil {
			show(w, "login.html")
			return
		}
		show(w, "places.html")
	})
	mux.HandleFunc("/enter", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "1"})
		http.Redirect(w, r, "/places", http.StatusSeeOther)
	})
	mux.HandleFunc("/pages/{script}", func(w http.ResponseWriter, r *http.Request) {
		text, err := pages.ReadFile("pages/" + r.PathValue("script"))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/javascript")
		imports.WriteString(w, string(text))
	})
	mux.HandleFunc("/worker.js", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		fmt.Fprintf(w, `self.server = location.host; self.receive = () => {}; import("/pages/%s");`, c.script)
	})
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
