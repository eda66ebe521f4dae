package main

import (
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing/fstest"
	"time"

	"github.com/wakesocket/wakesocket/web/static"
)

// The markup is ours, and so is what it holds.
var speedPage = template.Must(template.ParseFS(pages, "pages/speed.html"))

// preload is what our README advises; the other clients are one file.
var preload = []template.HTML{
	`<link rel="modulepreload" href="/dist/shim.js">`,
}

// assets are the files of all pages, each client as one minified module.
func assets(clients []client) (*static.Handler, error) {
	files := fstest.MapFS{}
	out, err := os.MkdirTemp("", "wakesocket-peers-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(out)
	if err := bundle(clients, out); err != nil {
		return nil, err
	}
	for prefix, pattern := range map[string]string{"pages/": out + "/*.js", "dist/": dist + "/*"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			content, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			files[prefix+filepath.Base(path)] = &fstest.MapFile{Data: content}
		}
	}
	return static.New(files, static.Options{MaxAge: time.Hour})
}

func bundle(clients []client, out string) error {
	esbuild, err := exec.Command("go", "-C", "../tools", "tool", "-n", "esbuild").Output()
	if err != nil {
		return fmt.Errorf("esbuild: %w", err)
	}
	args := []string{"--bundle", "--minify", "--format=esm", "--log-level=warning", "--external:/dist/shim.js", "--outdir=" + out}
	for _, c := range clients {
		args = append(args, "pages/"+c.script)
	}
	if text, err := exec.Command(strings.TrimSpace(string(esbuild)), args...).CombinedOutput(); err != nil {
		return fmt.Errorf("esbuild: %w\n%s", err, text)
	}
	return nil
}

// speedSite is the page of one client and the server that it connects to.
type speedSite struct {
	server
	url string
	web *http.Server
}

func openSpeedSite(c client, files http.Handler) (*speedSite, error) {
	measure, err := pages.ReadFile("pages/measure.js")
	if err != nil {
		return nil, err
	}
	view := struct {
		Name, Script string
		Measure      template.JS
		Preload      []template.HTML
	}{c.name, c.script, template.JS(measure), nil}
	if c.name == ours {
		view.Preload = preload
	}
	s, err := c.serve()
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		speedPage.Execute(w, view)
	})
	mux.Handle("/", files)
	mux.Handle(c.path, s)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.close()
		return nil, err
	}
	web := &http.Server{Handler: mux}
	go web.Serve(l)
	return &speedSite{s, "http://" + l.Addr().String() + "/", web}, nil
}

func (s *speedSite) stop() error {
	err := s.web.Close()
	s.close()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// event is JSON of so many bytes, more when it takes more, that tells when it was made.
func event(n, size int) []byte {
	now := float64(time.Now().UnixMicro()) / 1000
	text := fmt.Appendf(nil, `{"n":%d,"at":%.3f,"pad":"`, n, now)
	text = append(text, strings.Repeat("x", max(0, size-len(text)-2))...)
	return append(text, `"}`...)
}

// publishAll publishes so many events, evenly over a time; at once when it is 0.
func (s *speedSite) publishAll(count, size int, over time.Duration) error {
	begun := time.Now()
	for n := range count {
		time.Sleep(time.Until(begun.Add(over * time.Duration(n) / time.Duration(count))))
		if err := s.publish(event(n, size)); err != nil {
			return err
		}
	}
	return nil
}
