// Package npm tests the npm package as a project uses it: packed, installed, and
// bundled by each of the common tools, in a real Chromium.
package npm

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/chromedp/chromedp"

	"github.com/wakesocket/wakesocket/e2e/levers"
	"github.com/wakesocket/wakesocket/web/feed"
)

// installed is the package in node_modules.
const installed = "node_modules/wakesocket"

func TestMain(m *testing.M) {
	if err := install(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// install packs the package and unpacks it where a project has it.
func install() error {
	script := `set -eu
sh ../../shim/package.sh ../../dist
test node_modules/.package-lock.json -nt package-lock.json || { npm ci --ignore-scripts --no-audit --no-fund --loglevel=error; touch node_modules/.package-lock.json; }
rm -rf node_modules/wakesocket
mkdir -p node_modules/wakesocket
tar -xzf ../../dist/wakesocket-*.tgz -C node_modules/wakesocket --strip-components=1`
	out, err := exec.Command("sh", "-c", script).CombinedOutput()
	if err != nil {
		os.Stderr.Write(out)
	}
	return err
}

// run runs a command in this folder and returns what it prints.
func run(t *testing.T, env []string, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, name, args...)
	command.Env = append(os.Environ(), env...)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestPackedFiles(t *testing.T) {
	want := []string{"LICENSE", "README.md", "badge.d.ts", "badge.js", "client.wasm", "client.wasm.br", "client.wasm.gz",
		"index.d.ts", "index.js", "package.json", "react.d.ts", "react.js", "shared-worker.js", "shared.js", "svelte.d.ts", "svelte.js", "vue.d.ts", "vue.js"}
	var got []string
	entries, err := os.ReadDir(installed)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	if !slices.Equal(got, want) {
		t.Errorf("the package holds %q\nwant %q", got, want)
	}
	manifest, err := os.ReadFile(filepath.Join(installed, "package.json"))
	if err != nil || bytes.Contains(manifest, []byte("devDependencies")) || bytes.Contains(manifest, []byte(`"private"`)) {
		t.Errorf("what only the repository needs is in the manifest (%v):\n%s", err, manifest)
	}
	plain, err1 := os.ReadFile(filepath.Join(installed, "client.wasm"))
	packed, err2 := os.Open(filepath.Join(installed, "client.wasm.br"))
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	defer packed.Close()
	if back, err := io.ReadAll(brotli.NewReader(packed)); err != nil || !bytes.Equal(back, plain) {
		t.Errorf("client.wasm.br does not hold client.wasm: %v", err)
	}
}

// The entry of a framework is at most 2.2 kB with brotli.
func TestSizesOfEntries(t *testing.T) {
	for _, name := range []string{"react.js", "vue.js", "svelte.js"} {
		var small bytes.Buffer
		w := brotli.NewWriterLevel(&small, brotli.BestCompression)
		_, _ = io.WriteString(w, run(t, nil, "node_modules/.bin/esbuild", "--minify", "--format=esm", filepath.Join(installed, name)))
		_ = w.Close()
		t.Logf("%s: %d bytes", name, small.Len())
		if small.Len() > 2200 || small.Len() < 500 {
			t.Errorf("%s takes %d bytes with brotli; want at most 2200", name, small.Len())
		}
	}
}

func TestPublint(t *testing.T) {
	if out := run(t, nil, "node_modules/.bin/publint", "run", "--strict", "--pack=false", installed); !strings.Contains(out, "All good") {
		t.Error(out)
	}
}

func TestAreTheTypesWrong(t *testing.T) {
	packed, err := filepath.Glob("../../dist/wakesocket-*.tgz")
	if err != nil || len(packed) != 1 {
		t.Fatal(packed, err)
	}
	run(t, nil, "node_modules/.bin/attw", "--profile", "esm-only", "--exclude-entrypoints", "./shared-worker.js", "./client.wasm", "./client.wasm.br", "./client.wasm.gz", "--no-emoji", "--", packed[0])
}

func TestTypes(t *testing.T) {
	for _, project := range []string{"types/bundler.json", "types/nodenext.json", "types/nodenext-frameworks.json"} {
		run(t, nil, "node_modules/.bin/tsc", "-p", project)
	}
}

// site serves the pages, a feed with an event each 50 ms, and hears what the
// pages tell.
type site struct {
	*httptest.Server
	feed  *feed.Feed
	mu    sync.Mutex
	told  map[string][]string
	dials map[string]int
	heard chan struct{}
}

func newSite(t *testing.T, files string) *site {
	t.Helper()
	f, err := feed.New(feed.Options{OriginPatterns: []string{"localhost:*", "127.0.0.1:*"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	s := &site{feed: f, told: map[string][]string{}, dials: map[string]int{}, heard: make(chan struct{}, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("/feed", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.dials[r.FormValue("page")]++
		s.mu.Unlock()
		f.ServeHTTP(w, r)
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "secret") })
	mux.HandleFunc("GET /cpu", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"load":0}`) })
	mux.HandleFunc("GET /state", func(w http.ResponseWriter, r *http.Request) {
		at, err := f.Position(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		feed.WritePosition(w, at)
		_, _ = io.WriteString(w, `{"load":0,"events":100}`)
	})
	mux.HandleFunc("POST /told/{page}", func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.told[r.PathValue("page")] = append(s.told[r.PathValue("page")], string(text))
		s.mu.Unlock()
		select {
		case s.heard <- struct{}{}:
		default:
		}
	})
	served := http.FileServer(http.Dir(files))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/importmap/") && !strings.HasPrefix(r.URL.Path, "/next/") { // they have inline scripts
			w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; style-src 'self'; img-src data:")
		}
		served.ServeHTTP(w, r)
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	publish(t, f)
	return s
}

// publish publishes an event of each topic each 50 ms until the test ends.
func publish(t *testing.T, f *feed.Feed) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	t.Cleanup(func() { cancel(); done.Wait() })
	done.Go(func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				for topic, data := range map[string]string{"test": `{"n":1}`, "cpu": `{"load":0.5}`} {
					if _, err := f.Publish(context.Background(), topic, []byte(data)); err != nil {
						t.Errorf("publish: %v", err)
						return
					}
				}
			case <-ctx.Done():
				return
			}
		}
	})
}

// eventually waits for what happens while pages tell, or soon after.
func (s *site) eventually(t *testing.T, what string, happened func() bool) {
	t.Helper()
	limit := time.After(time.Minute)
	for !happened() {
		select {
		case <-s.heard:
		case <-time.After(20 * time.Millisecond):
		case <-limit:
			s.mu.Lock()
			defer s.mu.Unlock()
			t.Fatalf("%s did not come about in a minute; the pages told %q and dialed %v", what, s.told, s.dials)
		}
	}
}

// tells waits until a page has told as much, and checks that it is this.
func (s *site) tells(t *testing.T, page string, want ...string) {
	t.Helper()
	var told []string
	s.eventually(t, fmt.Sprintf("%s telling %q", page, want), func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		told = slices.Clone(s.told[page])
		return slices.Contains(told, want[len(want)-1])
	})
	if !slices.Equal(told, want) {
		t.Errorf("%s told %q; want %q", page, told, want)
	}
}

func (s *site) dialed(page string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dials[page]
}

// works waits until a page has told that it works, and nothing else.
func (s *site) works(t *testing.T, page string) {
	t.Helper()
	s.tells(t, page, "works")
	if n := s.dialed(page); n != 1 {
		t.Errorf("%s dialed %d times; want once", page, n)
	}
}

func browser(t *testing.T) context.Context {
	t.Helper()
	ctx, stop, err := levers.Launch()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return ctx
}

// openIn opens a page in a tab that lasts as long as the test.
func openIn(t *testing.T, browser context.Context, address string) context.Context {
	t.Helper()
	tab, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	if err := chromedp.Do(tab, chromedp.Navigate(address)); err != nil {
		t.Fatal(err)
	}
	return tab
}

// Every way to bring the package into a page, under a strict policy.
func TestPages(t *testing.T) {
	out := t.TempDir()
	run(t, nil, "node", "bundle.js", out)
	s := newSite(t, out)
	b := browser(t)
	for _, page := range []string{"plain", "importmap", "vite", "webpack", "rollup", "esbuild", "worker", "react", "react18"} {
		t.Run(page, func(t *testing.T) {
			openIn(t, b, s.URL+"/"+page+"/")
			s.works(t, page)
		})
	}
	testBroken(t, s, func(page string) { openIn(t, b, s.URL+"/"+page+"/") })
}

// Components in jsdom, with a real feed.
func TestComponents(t *testing.T) {
	s := newSite(t, installed)
	run(t, []string{"SITE=" + s.URL}, "node_modules/.bin/vitest", "run", "--reporter=dot")
}
