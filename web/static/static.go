// Package static serves a fixed set of files from memory, compressed once: a file
// x is sent as x.br or x.gz to whoever takes that, and text without such a twin
// is gzipped at start.
//
//	files, err := static.New(os.DirFS("public"), static.Options{MaxAge: time.Hour})
//	mux.Handle("/", files)
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// types are the media types that are served; other files are not. Written down,
// because the system's own table may lack or misname wasm.
var types = map[string]string{
	".avif":        "image/avif",
	".css":         "text/css; charset=utf-8",
	".gif":         "image/gif",
	".html":        html,
	".ico":         "image/x-icon",
	".jpeg":        "image/jpeg",
	".jpg":         "image/jpeg",
	".js":          "text/javascript; charset=utf-8",
	".json":        "application/json",
	".map":         "application/json",
	".mjs":         "text/javascript; charset=utf-8",
	".png":         "image/png",
	".svg":         "image/svg+xml",
	".txt":         "text/plain; charset=utf-8",
	".wasm":        "application/wasm",
	".webmanifest": "application/manifest+json",
	".webp":        "image/webp",
	".woff2":       "font/woff2",
}

const html = "text/html; charset=utf-8"

// dense files do not get smaller by gzip, or take long for it.
var dense = map[string]bool{
	".avif": true, ".gif": true, ".jpeg": true, ".jpg": true, ".png": true, ".wasm": true, ".webp": true, ".woff2": true,
}

// Options of a [Handler].
type Options struct {
	// MaxAge is how long a browser uses a file without asking whether it has
	// changed. It does not go for pages (.html), which name the other files: give
	// those new names when they change, or accept that a browser may use the old
	// ones for so long. Defaults to 0: each use asks, and costs a round trip.
	MaxAge time.Duration
}

// Handler serves files by their path; "/" is index.html.
type Handler struct {
	files map[string]file
	cache string // the Cache-Control of all files but pages
}

type file struct {
	mime      string
	encodings map[string]encoded // by content coding; "" is always there
}

type encoded struct {
	body []byte
	etag string
}

// New reads all of root: an embed.FS, or a folder as os.DirFS. Files whose kind it
// does not know are not served, nor are changes after this call.
func New(root fs.FS, o Options) (*Handler, error) {
	if root == nil {
		return nil, errors.New("static: no files to serve: the file system is nil; use an embed.FS, or os.DirFS")
	}
	h := &Handler{files: map[string]file{}, cache: asking}
	if o.MaxAge > 0 {
		h.cache = "max-age=" + strconv.FormatInt(int64(o.MaxAge/time.Second), 10)
	}
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		mime, known := types[extension(name)]
		if !known {
			return nil
		}
		f, err := load(root, name)
		f.mime = mime
		h.files["/"+name] = f
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the files to serve%s: %w", of(root), err)
	}
	if index, ok := h.files["/index.html"]; ok {
		h.files["/"] = index
	}
	return h, nil
}

// of names the folder of os.DirFS, which its own errors do not.
func of(root fs.FS) string {
	if folder := reflect.ValueOf(root); folder.Kind() == reflect.String {
		return fmt.Sprintf(" of %q", folder.String())
	}
	return ""
}

// extension is that of the name in small letters: cameras write PHOTO.JPG.
func extension(name string) string { return strings.ToLower(path.Ext(name)) }

func load(root fs.FS, name string) (file, error) {
	body, err := fs.ReadFile(root, name)
	if err != nil {
		return file{}, err
	}
	f := file{encodings: map[string]encoded{"": {body, etag(body)}}}
	for coding, suffix := range map[string]string{"br": ".br", "gzip": ".gz"} {
		if twin, err := fs.ReadFile(root, name+suffix); err == nil {
			f.encodings[coding] = encoded{twin, etag(twin)}
		}
	}
	if _, ok := f.encodings["gzip"]; !ok && !dense[extension(name)] {
		small := squeeze(body)
		f.encodings["gzip"] = encoded{small, etag(small)}
	}
	return f, nil
}

func squeeze(body []byte) []byte {
	var small bytes.Buffer
	// A bytes.Buffer takes every write, and the level is a constant.
	w, _ := gzip.NewWriterLevel(&small, gzip.BestCompression)
	_, _ = w.Write(body)
	_ = w.Close()
	return small.Bytes()
}

func etag(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

// asking lets a browser keep a file, and ask by its ETag at each use.
const asking = "no-cache"

// ServeHTTP answers GET and HEAD. The path may lack its first slash, which
// [http.StripPrefix] takes away with a prefix that ends in one.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := h.files["/"+strings.TrimPrefix(r.URL.Path, "/")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	header := w.Header()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	coding := f.negotiate(r.Header.Values("Accept-Encoding"))
	chosen := f.encodings[coding]
	header.Set("Content-Type", f.mime)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", h.cache)
	if f.mime == html {
		header.Set("Cache-Control", asking)
	}
	header.Set("Etag", chosen.etag)
	if len(f.encodings) > 1 {
		header.Set("Vary", "Accept-Encoding")
	}
	if coding != "" {
		header.Set("Content-Encoding", coding)
	}
	if matches(r.Header.Get("If-None-Match"), chosen.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Length", strconv.Itoa(len(chosen.body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(chosen.body) // fails only when the reader has left
	}
}

// negotiate picks the smallest coding that the client takes.
func (f file) negotiate(accept []string) string {
	best := ""
	for _, coding := range []string{"br", "gzip"} {
		e, ok := f.encodings[coding]
		if ok && accepts(accept, coding) && len(e.body) < len(f.encodings[best].body) {
			best = coding
		}
	}
	return best
}

// accepts reads Accept-Encoding (RFC 9110, 12.5.3): a coding counts unless its
// weight is 0; * stands for those that are not named.
func accepts(headers []string, coding string) bool {
	star := false
	for _, header := range headers {
		for item := range strings.SplitSeq(header, ",") {
			name, params, _ := strings.Cut(item, ";")
			name = strings.TrimSpace(name)
			if strings.EqualFold(name, coding) {
				return positive(params)
			}
			if name == "*" {
				star = positive(params)
			}
		}
	}
	return star
}

// positive reads the weight of ";q=0.5"; none, or one that cannot be read, is 1.
func positive(params string) bool {
	key, value, _ := strings.Cut(strings.ReplaceAll(params, " ", ""), "=")
	if !strings.EqualFold(key, "q") {
		return true
	}
	q, err := strconv.ParseFloat(value, 64)
	return err != nil || q > 0
}

// matches reads If-None-Match, by weak comparison.
func matches(header, etag string) bool {
	for item := range strings.SplitSeq(header, ",") {
		item = strings.TrimPrefix(strings.TrimSpace(item), "W/")
		if item == etag || item == "*" {
			return true
		}
	}
	return false
}
