package static

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

var text = strings.Repeat("hello wakesocket ", 50)

func handler(t *testing.T) *Handler { return handlerWith(t, Options{}) }

func handlerWith(t *testing.T, o Options) *Handler {
	t.Helper()
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	h, err := New(fstest.MapFS{
		"index.html":          file("<!doctype html>" + text),
		"app.js":              file(text),
		"font.woff2":          file(text),
		"dist/client.wasm":    file(text + text),
		"dist/client.wasm.br": file("small brotli"),
		"dist/client.wasm.gz": file("not so small gzip"),
		"dist/.gitkeep":       file(""),
		"dist/tiny.js":        file("1"),
		"dist/same.wasm":      file("as long as its twin"),
		"dist/same.wasm.gz":   file("just as many letters"[:19]),
		"old.js/notes.html":   file(text), // a directory that is named like a file
		"LICENSE":             file("MIT"),
		"app.js.map":          file(text),
		"photo.png":           file(text),
	}, o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func get(h http.Handler, method, path string, headers ...string) *http.Response {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func TestTypesAndCodings(t *testing.T) {
	h := handler(t)
	for _, c := range []struct{ path, accept, mime, coding string }{
		{"/", "", "text/html; charset=utf-8", ""},
		{"/index.html", "gzip", "text/html; charset=utf-8", "gzip"},
		{"/app.js", "gzip, deflate, br, zstd", "text/javascript; charset=utf-8", "gzip"},
		{"/dist/client.wasm", "gzip, deflate, br", "application/wasm", "br"},
		{"/dist/client.wasm", "gzip", "application/wasm", "gzip"},
		{"/dist/client.wasm", "br;q=0, gzip", "application/wasm", "gzip"},
		{"/dist/client.wasm", "br;q=0.5, gzip;q=1", "application/wasm", "br"},
		{"/dist/client.wasm", "identity", "application/wasm", ""},
		{"/dist/client.wasm", "*", "application/wasm", "br"},
		{"/dist/client.wasm", "*;q=0", "application/wasm", ""},
		{"/dist/client.wasm", "BR", "application/wasm", "br"},
		{"/dist/tiny.js", "gzip", "text/javascript; charset=utf-8", ""},
		{"/dist/same.wasm", "gzip", "application/wasm", ""},
		{"/old.js/notes.html", "", "text/html; charset=utf-8", ""},
		{"/font.woff2", "gzip", "font/woff2", ""},
		{"/photo.png", "gzip", "image/png", ""},
		{"/app.js.map", "gzip", "application/json", "gzip"},
	} {
		r := get(h, "GET", c.path, "Accept-Encoding", c.accept)
		body, _ := io.ReadAll(r.Body)
		got := r.Header
		if r.StatusCode != 200 || got.Get("Content-Type") != c.mime || got.Get("Content-Encoding") != c.coding {
			t.Errorf("%s by %q: %d %q %q, want %q %q", c.path, c.accept, r.StatusCode,
				got.Get("Content-Type"), got.Get("Content-Encoding"), c.mime, c.coding)
		}
		if got.Get("Content-Length") != strconv.Itoa(len(body)) {
			t.Errorf("%s: length %s of %d bytes", c.path, got.Get("Content-Length"), len(body))
		}
		if got.Get("X-Content-Type-Options") != "nosniff" || got.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: headers %v", c.path, got)
		}
		if vary := got.Get("Vary"); (vary == "Accept-Encoding") != (c.path != "/font.woff2" && c.path != "/photo.png") {
			t.Errorf("%s: Vary %q", c.path, vary)
		}
	}
}

func TestMaxAge(t *testing.T) {
	for _, c := range []struct {
		age               time.Duration
		page, file, index string
	}{
		{0, "no-cache", "no-cache", "no-cache"},
		{time.Second, "no-cache", "max-age=1", "no-cache"},
		{time.Hour, "no-cache", "max-age=3600", "no-cache"},
	} {
		h := handlerWith(t, Options{MaxAge: c.age})
		for path, want := range map[string]string{"/index.html": c.page, "/": c.index, "/app.js": c.file, "/dist/client.wasm": c.file} {
			if got := get(h, "GET", path).Header.Get("Cache-Control"); got != want {
				t.Errorf("MaxAge %v, %s: %q, want %q", c.age, path, got, want)
			}
		}
	}
}

// A folder is served like files that were built in.
func TestFolder(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "app.js"), []byte("let a"), 0o644); err != nil {
		t.Fatal(err)
	}
	h, err := New(os.DirFS(folder), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if body, _ := io.ReadAll(get(h, "GET", "/app.js").Body); string(body) != "let a" {
		t.Errorf("app.js is %q", body)
	}
}

// The error names the folder: os.DirFS says "stat .", whatever folder it has.
func TestFilesThatCannotBeServed(t *testing.T) {
	for want, root := range map[string]fs.FS{
		`"no/such/folder"`: os.DirFS("no/such/folder"),
		"os.DirFS":         nil,
		"a.js":             fstest.MapFS{"a.js": {Mode: fs.ModeSymlink}},
	} {
		if _, err := New(root, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%T: %v, want one that names %s", root, err, want)
		}
	}
}

// StripPrefix leaves a path without its first slash when the prefix ends in one.
func TestMountedUnderAPrefix(t *testing.T) {
	for _, prefix := range []string{"/assets/", "/assets"} {
		h := http.StripPrefix(prefix, handler(t))
		for path, want := range map[string]string{"/assets/": html, "/assets/app.js": types[".js"], "/assets/dist/client.wasm": types[".wasm"]} {
			if r := get(h, "GET", path); r.StatusCode != 200 || r.Header.Get("Content-Type") != want {
				t.Errorf("without %s, %s: %d %s", prefix, path, r.StatusCode, r.Header.Get("Content-Type"))
			}
		}
	}
	if r := get(handler(t), "GET", "//app.js"); r.StatusCode != 404 {
		t.Errorf("two slashes: %d, want 404", r.StatusCode)
	}
}

func TestExtensionInCapitals(t *testing.T) {
	h, err := New(fstest.MapFS{"IMG_1.JPG": {Data: []byte(text)}, "Help.HTML": {Data: []byte(text)}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]struct{ mime, coding string }{"/IMG_1.JPG": {"image/jpeg", ""}, "/Help.HTML": {html, "gzip"}} {
		r := get(h, "GET", path, "Accept-Encoding", "gzip")
		if r.Header.Get("Content-Type") != want.mime || r.Header.Get("Content-Encoding") != want.coding {
			t.Errorf("%s: %d %v", path, r.StatusCode, r.Header)
		}
	}
}

func TestGzipMadeAtStartUnpacks(t *testing.T) {
	r := get(handler(t), "GET", "/app.js", "Accept-Encoding", "gzip")
	unpacked, err := gzip.NewReader(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(unpacked); err != nil || !bytes.Equal(body, []byte(text)) {
		t.Fatalf("%q, %v", body, err)
	}
}

func TestETag(t *testing.T) {
	h := handler(t)
	plain := get(h, "GET", "/app.js").Header.Get("Etag")
	zipped := get(h, "GET", "/app.js", "Accept-Encoding", "gzip").Header.Get("Etag")
	if plain == "" || plain == zipped {
		t.Fatalf("codings share an ETag: %s %s", plain, zipped)
	}
	for _, c := range []struct {
		match string
		want  int
	}{
		{plain, 304}, {"W/" + plain, 304}, {`"x", ` + plain, 304}, {"*", 304}, {zipped, 200}, {`"x"`, 200}, {"", 200},
	} {
		r := get(h, "GET", "/app.js", "If-None-Match", c.match)
		if body, _ := io.ReadAll(r.Body); r.StatusCode != c.want || (c.want == 304) != (len(body) == 0) {
			t.Errorf("If-None-Match %s: %d with %d bytes, want %d", c.match, r.StatusCode, len(body), c.want)
		}
	}
}

func TestMethodsAndMissing(t *testing.T) {
	h := handler(t)
	if r := get(h, "POST", "/app.js"); r.StatusCode != 405 || r.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d %v", r.StatusCode, r.Header)
	}
	r := get(h, "HEAD", "/app.js")
	if body, _ := io.ReadAll(r.Body); r.StatusCode != 200 || len(body) != 0 || r.Header.Get("Content-Length") == "0" {
		t.Errorf("HEAD: %d, %d bytes, %v", r.StatusCode, len(body), r.Header)
	}
	for _, path := range []string{"/nothing.js", "/dist/.gitkeep", "/dist/client.wasm.br", "/LICENSE", "/dist/", "/old.js", "/../index.html"} {
		if r := get(h, "GET", path); r.StatusCode != 404 {
			t.Errorf("%s: %d, want 404", path, r.StatusCode)
		}
	}
}

func FuzzAccepts(f *testing.F) {
	for _, s := range []string{"br", "gzip;q=0.5, br;q=1", "*;q=0", ";;,=", "br;q=nan", "br ; Q = 0.000"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		accepts([]string{header}, "br")
		// A refusal wins over whatever comes after it.
		if accepts([]string{"br;q=0", header}, "br") {
			t.Fatalf("%q undid a refusal", header)
		}
	})
}
