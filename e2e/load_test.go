package e2e

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// serveWasm serves one file as the client's wasm with a type of its own.
func serveWasm(contentType string, status int, body []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		w.Write(body)
	})
}

// wasmTab is a page whose /other.wasm is served by the handler.
func wasmTab(t *testing.T, other http.Handler) *tab {
	t.Helper()
	requireDist(t)
	mux := http.NewServeMux()
	mux.Handle("/", servePage(t).Config.Handler)
	mux.Handle("/other.wasm", other)
	return openTab(t, serve(t, mux).URL+"/page.html")
}

func built(t *testing.T) []byte {
	t.Helper()
	requireDist(t)
	wasm, err := os.ReadFile(filepath.Join(dist, "client.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

// afterwards answers the first request like one, and all others with the built
// client.wasm.
func afterwards(one http.Handler, wasm []byte) http.Handler {
	return first(one, serveWasm("application/wasm", 200, wasm))
}

// first answers the first request in one way, and all others in another.
func first(one, others http.Handler) http.Handler {
	var asked atomic.Int32
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			one.ServeHTTP(w, r)
			return
		}
		others.ServeHTTP(w, r)
	})
}

// unguarded awaits the state that says so, with a reason, and the one error of it.
func (tb *tab) unguarded(says string) {
	tb.Helper()
	tb.await(0, 30*time.Second, "an unguarded state that names "+says, func(r record) bool {
		return r.Kind == "state" && strings.Contains(r.Unguarded, says)
	})
	tb.await(0, soon, "an error", func(r record) bool { return r.Kind == "error" && r.Code == "engine-failed" })
}

// guarded awaits the engine after the page was told that there is none.
func (tb *tab) guarded() {
	tb.Helper()
	was := false
	tb.await(0, 30*time.Second, "a guarded state", func(r record) bool {
		was = was || r.Unguarded != ""
		return was && r.Kind == "state" && r.Unguarded == ""
	})
}

// A client.wasm that cannot be had is asked for again. Until it comes, the page has
// its events all the same, and the state says that nobody guards it, and why.
func TestWasmThatDoesNotLoadAtFirst(t *testing.T) {
	t.Parallel()
	wasm := built(t)
	tests := []struct {
		name   string
		server http.Handler
		says   string
	}{
		{"missing", http.NotFoundHandler(), "404"},
		{"a page in its place", serveWasm("text/html", 200, []byte("<!doctype html><title>app</title>")), "text/html"},
		{"a page as application/wasm", serveWasm("application/wasm", 200, []byte("<!doctype html>")), "other.wasm"},
		{"cut short", serveWasm("application/wasm", 200, wasm[:len(wasm)/2]), "other.wasm"},
		{"empty", serveWasm("application/wasm", 200, nil), "other.wasm"},
		{"a broken connection", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/wasm")
			w.Write(wasm[:1000])
			http.NewResponseController(w).Flush() // else the browser asks again by itself
			panic(http.ErrAbortHandler)
		}), "other.wasm"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tb := wasmTab(t, afterwards(tt.server, wasm))
			tb.run(`open(%s, { wasmURL: "/other.wasm" })`, plainServer(t, sayAll(`{"id":"1","n":1}`)))
			tb.delivers("1#1")
			tb.unguarded(tt.says)
			tb.guarded()
			tb.delivers("1#1") // no second time
			tb.settled("live", soon)
			tb.badge("live", soon)
		})
	}
}

// One that hangs gets another request beside it.
func TestWasmThatHangs(t *testing.T) {
	t.Parallel()
	wasm := built(t)
	for name, sent := range map[string]int{"before its head": 0, "in the middle": len(wasm) / 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hangs := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if sent > 0 {
					w.Header().Set("Content-Type", "application/wasm")
					w.Write(wasm[:sent])
					http.NewResponseController(w).Flush()
				}
				<-r.Context().Done()
			})
			tb := wasmTab(t, afterwards(hangs, wasm))
			tb.run(`open(%s, { wasmURL: "/other.wasm" })`, plainServer(t, sayAll(`{"id":"1","n":1}`)))
			tb.delivers("1#1")
			tb.unguarded("client.wasm has not arrived")
			tb.guarded()
			tb.delivers("1#1")
			tb.settled("live", soon)
		})
	}
}

func TestWasmServedAsHTMLWorks(t *testing.T) {
	t.Parallel()
	tb := wasmTab(t, serveWasm("text/html", 200, built(t)))
	tb.run(`open(%s, { wasmURL: "/other.wasm" })`, plainServer(t, sayAll(`{"id":"1","n":1}`)))
	tb.delivers("1#1")
	tb.settled("live", soon)
}

// buildOfShim is the build of the client.wasm that the shim asks for.
func buildOfShim(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../shim/boundary.gen.js")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), `export const build = "`)
	build, _, found := strings.Cut(rest, `"`)
	if !found {
		t.Fatal("shim/boundary.gen.js names no build")
	}
	return build
}

// What keeps the engine away for good leaves a page that has its events, and says
// that nobody guards it, and why.
func TestWasmThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	build, policy := buildOfShim(t), "script-src 'self' 'unsafe-inline'"
	other := strings.Replace(build, "0.", "9.", 1)
	for name, tt := range map[string]struct {
		wasm         []byte
		policy, says string
	}{
		"of another build":        {bytes.Replace(built(t), []byte(build), []byte(other), 1), "", "is of build " + other + ", and this shim.js needs build " + build},
		"forbidden by the policy": {built(t), policy, "Content-Security-Policy forbids WebAssembly; add 'wasm-unsafe-eval'"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mux := http.NewServeMux()
			mux.Handle("/", servePage(t).Config.Handler)
			mux.Handle("/other.wasm", serveWasm("application/wasm", 200, tt.wasm))
			tb := openTab(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if tt.policy != "" {
					w.Header().Set("Content-Security-Policy", tt.policy)
				}
				mux.ServeHTTP(w, r)
			})).URL+"/page.html")
			tb.run(`open(%s, { wasmURL: "/other.wasm" })`, plainServer(t, sayAll(`{"id":"1","n":1}`)))
			tb.delivers("1#1")
			tb.unguarded(tt.says)
			tb.settled("live", soon)
			tb.badge("live", soon)
		})
	}
}

// A Go program that panics, in the ways in which one can: before it is ready,
// while it runs, and by answering a step with the text of a recovered panic.
func TestGoPanicIsTold(t *testing.T) {
	t.Parallel()
	requireDist(t)
	for _, when := range []string{"start", "later", "callback", "step"} {
		t.Run(when, func(t *testing.T) {
			wasm := filepath.Join(t.TempDir(), "panics.wasm")
			build := exec.Command("go", "build", "-ldflags=-X main.when="+when+" -X main.build="+buildOfShim(t), "-o", wasm, "./testdata/panics")
			build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			body, err := os.ReadFile(wasm)
			if err != nil {
				t.Fatal(err)
			}
			tb := wasmTab(t, serveWasm("application/wasm", 200, body))
			tb.run(`open(%s, { wasmURL: "/other.wasm" })`, plainServer(t, sayAll()))
			tb.unguarded("deliberate panic")
			tb.settled("live", soon)
			tb.badge("live", soon)
		})
	}
}
