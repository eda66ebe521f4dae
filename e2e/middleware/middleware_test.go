// Package middleware mounts the feed inside the middleware that Go programs use:
// either it works, or the client gets 501 and the log names the wrapper. It is a
// module of its own, so that no user of the feed downloads any of this.
package middleware

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/NYTimes/gziphandler"
	"github.com/coder/websocket"
	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"
	"github.com/gorilla/handlers"
	"github.com/klauspost/compress/gzhttp"
	"github.com/labstack/echo/v4"
	echomiddleware "github.com/labstack/echo/v4/middleware"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"

	"github.com/wakesocket/wakesocket/web/feed"
)

// lines is what the feed logs.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newFeed(t *testing.T) (*feed.Feed, *lines) {
	t.Helper()
	log := &lines{}
	f, err := feed.New(feed.Options{Logger: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f, log
}

// wrap is a program that serves the feed at /feed.
type wrap func(f http.Handler) http.Handler

func mux(f http.Handler) http.Handler {
	m := http.NewServeMux()
	m.Handle("GET /feed", f)
	return m
}

func ginEngine(use ...gin.HandlerFunc) wrap {
	return func(f http.Handler) http.Handler {
		gin.SetMode(gin.TestMode)
		engine := gin.New()
		engine.Use(use...)
		engine.GET("/feed", gin.WrapH(f))
		return engine
	}
}

// works are those that leave the connection reachable.
var works = map[string]wrap{
	"mux": mux,
	"chi": func(f http.Handler) http.Handler {
		r := chi.NewRouter()
		//lint:ignore SA1019 programs still use RealIP
		r.Use(chimiddleware.RequestID, chimiddleware.RealIP, chimiddleware.Recoverer, chimiddleware.Timeout(time.Minute), chimiddleware.NoCache)
		r.Handle("/feed", f)
		return r
	},
	"chi compress": func(f http.Handler) http.Handler {
		r := chi.NewRouter()
		r.Use(chimiddleware.Compress(5))
		r.Handle("/feed", f)
		return r
	},
	"echo": func(f http.Handler) http.Handler {
		e := echo.New()
		e.Use(echomiddleware.Recover(), echomiddleware.RequestID(), echomiddleware.Secure())
		e.GET("/feed", echo.WrapHandler(f))
		return e
	},
	"echo gzip": func(f http.Handler) http.Handler {
		e := echo.New()
		e.Use(echomiddleware.Gzip())
		e.GET("/feed", echo.WrapHandler(f))
		return e
	},
	"gin":        ginEngine(gin.Recovery()),
	"gin logger": ginEngine(gin.LoggerWithWriter(io.Discard), gin.Recovery()),
	"gorilla": func(f http.Handler) http.Handler {
		return handlers.CombinedLoggingHandler(io.Discard, handlers.RecoveryHandler()(mux(f)))
	},
	"gorilla gzip": func(f http.Handler) http.Handler { return handlers.CompressHandler(mux(f)) },
	"otelhttp":     func(f http.Handler) http.Handler { return otelhttp.NewHandler(mux(f), "feed") },
	"gzhttp":       func(f http.Handler) http.Handler { return gzhttp.GzipHandler(mux(f)) },
	"gziphandler":  func(f http.Handler) http.Handler { return gziphandler.GzipHandler(mux(f)) },
	"all of them": func(f http.Handler) http.Handler {
		return otelhttp.NewHandler(gzhttp.GzipHandler(handlers.LoggingHandler(io.Discard, ginEngine(gin.Recovery())(f))), "feed")
	},
	"cross origin": func(f http.Handler) http.Handler { return http.NewCrossOriginProtection().Handler(mux(f)) },
	"max bytes":    func(f http.Handler) http.Handler { return http.MaxBytesHandler(mux(f), 1<<10) },
	"strip prefix": func(f http.Handler) http.Handler { return http.StripPrefix("/feed", f) },
}

func TestWorks(t *testing.T) {
	for name, wrap := range works {
		t.Run(name, func(t *testing.T) {
			f, log := newFeed(t)
			server := httptest.NewServer(wrap(f))
			defer server.Close()
			talk(t, f, server.URL, server.Client())
			if strings.Contains(log.String(), "ERROR") {
				t.Error(log)
			}
		})
	}
}

// talk goes once around: hello, an event, a ping.
func talk(t *testing.T, f *feed.Feed, url string, client *http.Client) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, answer, err := websocket.Dial(ctx, url+"/feed?wakesocket=1", &websocket.DialOptions{
		HTTPClient: client, HTTPHeader: http.Header{"Accept-Encoding": {"gzip"}, "Origin": {url}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	if encoding := answer.Header.Get("Content-Encoding"); encoding != "" {
		t.Errorf("the answer 101 says Content-Encoding: %s", encoding)
	}
	want := func(text string) {
		t.Helper()
		_, data, err := conn.Read(ctx)
		if err != nil || !strings.Contains(string(data), text) {
			t.Fatalf("%q, %v; want %s", data, err, text)
		}
	}
	want(`"hello"`)
	if _, err := f.Publish(ctx, "cpu", []byte(`"`+strings.Repeat("x", 5000)+`"`)); err != nil {
		t.Fatal(err)
	}
	want(`"topic":"cpu"`)
	if err := conn.Write(ctx, websocket.MessageText, []byte("ping")); err != nil {
		t.Fatal(err)
	}
	want("pong")
	if err := conn.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Fatal(err)
	}
}

// bareWriter is what many a logger of one's own looks like.
type bareWriter struct{ http.ResponseWriter }

// gzipWriter compresses, and forgets the rest of http.ResponseWriter.
type gzipWriter struct {
	bareWriter
	gz *gzip.Writer
}

func (w gzipWriter) Write(p []byte) (int, error) { return w.gz.Write(p) }

// hides are those that make a WebSocket impossible, with the name of the culprit.
var hides = map[string]wrap{
	"timeoutWriter": func(f http.Handler) http.Handler { return http.TimeoutHandler(mux(f), time.Minute, "") },
	"bareWriter": func(f http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { mux(f).ServeHTTP(bareWriter{w}, r) })
	},
	"gzipWriter": func(f http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			gz := gzip.NewWriter(w)
			defer gz.Close()
			w.Header().Set("Content-Encoding", "gzip")
			mux(f).ServeHTTP(gzipWriter{bareWriter{w}, gz}, r)
		})
	},
	"gin.responseWriter": func(f http.Handler) http.Handler {
		return http.TimeoutHandler(ginEngine(gin.Recovery())(f), time.Minute, "")
	},
	"echo.Response": func(f http.Handler) http.Handler {
		return http.TimeoutHandler(works["echo"](f), time.Minute, "")
	},
}

func TestHides(t *testing.T) {
	for culprit, wrap := range hides {
		t.Run(culprit, func(t *testing.T) {
			f, log := newFeed(t)
			server := httptest.NewServer(wrap(f))
			defer server.Close()
			conn, answer, err := websocket.Dial(t.Context(), server.URL+"/feed", nil)
			if err == nil {
				conn.CloseNow()
				t.Fatal("the handshake succeeded")
			}
			if answer == nil || answer.StatusCode != http.StatusNotImplemented {
				t.Fatalf("%+v, %v", answer, err)
			}
			if !strings.Contains(log.String(), "ERROR") || !strings.Contains(log.String(), culprit) {
				t.Errorf("the log names no %s: %s", culprit, log)
			}
			if f.Connected() != 0 {
				t.Errorf("%d clients", f.Connected())
			}
		})
	}
}

// A browser opens its WebSocket over HTTP/1.1 even when the page came over HTTP/2.
func TestHTTP2(t *testing.T) {
	f, _ := newFeed(t)
	server := httptest.NewUnstartedServer(mux(f))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	answer, err := server.Client().Get(server.URL + "/feed")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.ProtoMajor != 2 || answer.StatusCode != http.StatusUpgradeRequired || answer.Header.Get("Upgrade") != "" {
		t.Fatalf("%s %s %v", answer.Proto, answer.Status, answer.Header)
	}
	one := server.Client().Transport.(*http.Transport).Clone()
	one.ForceAttemptHTTP2 = false
	one.TLSClientConfig.NextProtos = []string{"http/1.1"}
	talk(t, f, server.URL, &http.Client{Transport: one})
}
