package feed

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

// A page that may not read is told so in the words of HTTP.
func TestRefusedHistory(t *testing.T) {
	for _, test := range []struct {
		code   websocket.StatusCode
		reason string
		status int
		says   string
		retry  string
	}{
		{wire.CloseUnauthorized, "unauthorized", 401, "unauthorized", ""},
		{wire.CloseForbidden, "forbidden", 403, "forbidden", ""},
		{wire.ClosePolicy, "query string: no", 400, "query string: no", ""},
		{wire.CloseTooMany, wire.Advice(2500*time.Millisecond, "too many connections"), 429, "too many connections", "3"},
		{wire.CloseTryLater, wire.Advice(0, "full"), 503, "full", "1"},
		{wire.CloseRestart, wire.Advice(4*time.Second, "draining"), 503, "draining", "5"},
	} {
		seen := &refusals{}
		f := &Feed{options: Options{Observer: seen}}
		w := httptest.NewRecorder()
		f.refuseHistory(w, &refusal{test.code, test.reason, refusedFull})
		if got := strings.TrimSpace(w.Body.String()); w.Code != test.status || got != test.says || w.Header().Get("Retry-After") != test.retry {
			t.Errorf("%d: %d, %q, retry after %q", test.code, w.Code, got, w.Header().Get("Retry-After"))
		}
		if seen.refused != refusedFull {
			t.Errorf("%d is not counted", test.code)
		}
	}
}

// refusals notes why a client was refused.
type refusals struct {
	NoObserver
	refused string
}

func (c *refusals) Refused(reason string) { c.refused = reason }

// While the log cannot be read there is no history, and not an empty one.
func TestHistoryWithoutALog(t *testing.T) {
	log := newBroken()
	s := serve(t, Options{Store: log, Ring: 2}).ready()
	s.settle(s.publish("a", 1, 10)[9])
	log.down.Store(true)
	answer := s.get("history=a")
	if answer.Code != http.StatusServiceUnavailable || answer.Header().Get("Retry-After") != "1" {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
	// What the ring has is not asked of the log.
	if answer := s.get("history=a&limit=1"); answer.Code != http.StatusOK {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
	log.down.Store(false)
	if answer := s.get("history=a"); answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), `"complete":true`) {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
	s.ring.mu.Lock()
	s.ring.resets = 0 // as before the log was reached
	s.ring.mu.Unlock()
	if answer := s.get("history=a"); answer.Code != http.StatusServiceUnavailable {
		t.Errorf("before that: %d %s", answer.Code, answer.Body)
	}
}

// A page that is gone does not have more of the log read.
func TestHistoryForNobody(t *testing.T) {
	s := serve(t, Options{Store: memory.New(memory.Options{}), Ring: 2}).ready()
	s.settle(s.publish("a", 1, 10)[9])
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("GET", s.url+"/?history=a", nil).WithContext(ctx))
	if strings.Contains(w.Body.String(), `"complete":true`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// get asks for a page without a connection.
func (s *server) get(query string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("GET", s.url+"/?"+query, nil))
	return w
}
