package lab

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/web/feed"
)

// A page with our client, and one that does nothing about a loss.
const page = `<!doctype html>
<script type="module">
	import { connect } from "/dist/shim.js";
	connect("/ours");
</script>
<script>new WebSocket("ws://" + location.host + "/naive");</script>`

func openPage(t *testing.T) *Lab {
	t.Helper()
	if _, err := os.Stat("../../dist/shim.js"); err != nil {
		t.Fatal("dist/shim.js is missing: run `make build` (or ./build.sh) first")
	}
	f, err := feed.New(feed.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, page) })
	mux.Handle("/dist/", http.StripPrefix("/dist/", http.FileServer(http.Dir("../../dist"))))
	mux.Handle("/ours", f)
	mux.Handle("/naive", f)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	l, err := Open(server.URL+"/", 4*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	go func() { // the naive one is live, too, when it has heard something
		for ctx.Err() == nil {
			if _, err := f.Publish(ctx, "time", []byte("1")); err != nil && ctx.Err() == nil {
				t.Error(err)
			}
			<-time.After(100 * time.Millisecond)
		}
	}()
	return l
}

// The lab tells a client that comes back from one that does not.
func TestClientsAreToldApart(t *testing.T) {
	l := openPage(t)
	for _, name := range []string{"the link is reset", "only what the server says is lost"} {
		t.Run(name, func(t *testing.T) {
			outcomes, err := l.Try(named(t, name), Settling)
			if err != nil {
				t.Fatal(err)
			}
			if len(outcomes) != 2 {
				t.Fatalf("%+v; want those of two sockets", outcomes)
			}
			for _, o := range outcomes {
				back := o.Dial != Never && o.Frame != Never
				if want := o.Path == "/ours"; back != want {
					t.Errorf("%s came back: %v (%+v)", o.Path, back, o)
				}
			}
		})
	}
}

func named(t *testing.T, name string) Trial {
	t.Helper()
	for _, tr := range Trials {
		if tr.Name == name {
			return tr
		}
	}
	t.Fatalf("there is no trial %q", name)
	return Trial{}
}

func TestPagesThatAreNone(t *testing.T) {
	for _, page := range []string{"", "127.0.0.1", "ftp://127.0.0.1/", "http:///path", "::"} {
		if l, err := Open(page, time.Second); err == nil {
			l.Close()
			t.Errorf("%q was taken for a page", page)
		}
	}
}
