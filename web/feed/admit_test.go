package feed

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/time/rate"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

func TestParseQuery(t *testing.T) {
	f := &Feed{options: Options{MaxTopics: 2}}
	q, err := f.parseQuery("wakesocket=1&client=tab%201&after=e-7&topic=cpu&topic=price.*&previous=sleep,5,7&token=x")
	if err != nil || q.client != "tab 1" || q.after != "e-7" || fmt.Sprint(q.topics) != "[cpu price.*]" || q.plain ||
		q.previous == nil || q.previous.Cause != wire.CauseSleep {
		t.Errorf("%+v, %v", q, err)
	}
	if q, err = f.parseQuery(""); err != nil || q.client != "" || q.after != "" || q.topics != nil || !q.plain || q.previous != nil {
		t.Errorf("%+v, %v", q, err)
	}
	if q, err = f.parseQuery("client=" + strings.Repeat("x", maxClientID) + "&previous=nonsense&wakesocket=2"); err != nil || !q.plain || q.previous != nil {
		t.Errorf("%+v, %v", q, err)
	}
	for name, raw := range map[string]string{
		"escape":          "after=%zz",
		"half an escape":  "after=e-7%",
		"in a name":       "a%f=1&after=e-7",
		"semicolon":       "after=e-7;topic=cpu",
		"parameters":      "after=e-7" + strings.Repeat("&x=1", 11_000),
		"two cursors":     "after=e-7&after=e-8",
		"two clients":     "client=a&client=b",
		"two versions":    "wakesocket=1&wakesocket=2",
		"two previous":    "previous=sleep,1,1&previous=sleep,1,1",
		"long client":     "client=" + strings.Repeat("x", maxClientID+1),
		"long topic":      "topic=" + strings.Repeat("x", 1000),
		"empty topic":     "topic=",
		"too many topics": "topic=a&topic=b&topic=c",
	} {
		if _, err := f.parseQuery(raw); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestMalformedQueryIsRefused(t *testing.T) {
	s := serve(t, Options{}).ready()
	c := s.raw("wakesocket=1&after=%zz", "Host: feed")
	if code, reason := c.closed(); code != wire.ClosePolicy || !strings.Contains(reason, "query") {
		t.Errorf("%d %s", code, reason)
	}
	if lines := s.log.with("client refused: its URL cannot be used"); len(lines) != 1 {
		t.Errorf("%s", s.log)
	}
	long := strings.Repeat("x", 1000)
	if gap := s.knowing(long).hello.Gap; gap == nil || gap.Reason != wire.GapInvalid || len(gap.After) > 128 {
		t.Fatalf("%+v", gap)
	}
}

// 200 forbidden handshakes a second take nothing from those who may come in.
func TestForbiddenClientsTakeNothingFromOthers(t *testing.T) {
	s := serve(t, Options{AcceptRate: 20, MaxPerAddress: 100, Authorize: func(r *http.Request) (*Grant, error) {
		if r.URL.Query().Has("forbidden") {
			return nil, ErrForbidden
		}
		return nil, nil
	}}).ready()
	for range 100 {
		if code, _ := s.raw("forbidden", "Host: feed").closed(); code != wire.CloseForbidden {
			t.Fatalf("%d", code)
		}
		if code, _ := s.raw("", "Host: feed", "Origin: http://evil.test").closed(); code != wire.CloseForbidden {
			t.Fatalf("%d", code)
		}
	}
	for range 20 {
		s.knowing("")
	}
	if n := places(s.Feed); n != 20 {
		t.Errorf("%d places", n)
	}
}

// Who comes too fast is refused, and gives its place back.
func TestTooFastKeepsNoPlace(t *testing.T) {
	s := serve(t, Options{AcceptRate: 0.001}).ready()
	s.knowing("")
	for range 3 {
		if code, _ := s.raw("", "Host: feed").closed(); code != wire.CloseTryLater {
			t.Fatalf("%d", code)
		}
	}
	if n := places(s.Feed); n != 1 {
		t.Errorf("%d places for one client", n)
	}
}

// Clients that are refused and never answer the close frame hold a few goroutines,
// and hide the reason from nobody.
func TestMuteRefusedClients(t *testing.T) {
	s := serve(t, Options{Authorize: func(*http.Request) (*Grant, error) { return nil, ErrUnauthorized }}).ready()
	before := runtime.NumGoroutine()
	for range 3 * closingsOfAddress {
		s.raw("", "Host: feed") // reads nothing
	}
	code, _ := s.raw("", "Host: feed").closed()
	if code != wire.CloseUnauthorized {
		t.Errorf("close code %d", code)
	}
	until(t, "few are waited for", func() bool { return runtime.NumGoroutine() < before+3*closingsOfAddress })
	s.closing.mu.Lock()
	defer s.closing.mu.Unlock()
	if n := len(s.closing.waiting); n > closingsOfAddress {
		t.Errorf("%d are waited for", n)
	}
}

func TestClosings(t *testing.T) {
	var c closings
	all := map[int]*fakeConn{}
	add := func(i, address int) {
		all[i] = &fakeConn{}
		c.add(newNetwork(all[i]), block(address))
	}
	closed := func() (n int) {
		for _, conn := range all {
			if conn.closed {
				n++
			}
		}
		return n
	}
	for i := range closingsOfAddress { // fills the share of one address
		add(i, 1)
	}
	if closed() != 0 {
		t.Fatalf("%d given up", closed())
	}
	add(1000, 1)
	if closed() != 1 || !all[0].closed {
		t.Errorf("%d given up, the first: %v", closed(), all[0].closed)
	}
	for i := range closingsAll - closingsOfAddress { // and all that there are
		add(2000+i, 2+i/10)
	}
	if closed() != 1 {
		t.Errorf("%d given up", closed())
	}
	add(3000, 200)
	if closed() != 2 || !all[1].closed {
		t.Errorf("%d given up, the longest: %v", closed(), all[1].closed)
	}
	for len(c.waiting) > 0 {
		c.remove(c.waiting[len(c.waiting)-1].network)
	}
	if closed() != 2 || len(c.byAddress) != 0 {
		t.Errorf("%d given up, %v", closed(), c.byAddress)
	}
	c.remove(newNetwork(&fakeConn{})) // has been given up already
}

func TestAuthorize(t *testing.T) {
	answers := map[string]error{
		"stale":   fmt.Errorf("the ticket is used up: %w", ErrUnauthorized),
		"bad":     fmt.Errorf("not yours: %w", ErrForbidden),
		"odd":     fmt.Errorf("a bug in the database"),
		"down":    fmt.Errorf("database: %w", ErrUnavailable),
		"slow":    fmt.Errorf("database: %w", context.DeadlineExceeded),
		"expired": nil,
	}
	s := serve(t, Options{Authorize: func(r *http.Request) (*Grant, error) {
		ticket := r.FormValue("ticket")
		return &Grant{Expires: map[bool]time.Time{true: time.Now().Add(-time.Second)}[ticket == "expired"]}, answers[ticket]
	}}).ready()
	s.dial("wakesocket=1&ticket=good").read()
	for ticket, code := range map[string]websocket.StatusCode{
		"stale": wire.CloseUnauthorized, "bad": wire.CloseForbidden, "odd": wire.CloseForbidden,
		"down": wire.CloseTryLater, "slow": wire.CloseTryLater, "expired": wire.CloseUnauthorized,
	} {
		if ce := s.dial("ticket=" + ticket).closed(); ce.Code != code || strings.Contains(ce.Reason, "database") || hasAdvice(ce) != (code == wire.CloseTryLater) {
			t.Errorf("%s: %+v", ticket, ce)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for name, options := range map[string]Options{
		"Heartbeat": {Heartbeat: -1}, "WriteTimeout": {WriteTimeout: -1}, "HookTimeout": {HookTimeout: -1}, "Ring": {Ring: -1},
		"RingBytes": {RingBytes: -1}, "MaxEvent": {MaxEvent: -1}, "MaxClients": {MaxClients: -1}, "MaxPerAddress": {MaxPerAddress: -1},
		"MessageRate": {MessageRate: -1}, "MaxMessage": {MaxMessage: -1}, "MaxTopics": {MaxTopics: -1}, "StoreTimeout": {StoreTimeout: -1},
		"OriginPatterns": {OriginPatterns: []string{"[a"}}, "AddressHeader": {AddressHeader: "X-Client"},
		"Subprotocols": {Subprotocols: []string{"a,b"}}, "Fresh": {Fresh: map[string]time.Duration{"": time.Second}},
		"freshness":      {Fresh: map[string]time.Duration{"cpu": -time.Second}},
		"25*time.Second": {Heartbeat: 25}, "60*time.Second": {Silence: 60}, "30*time.Second": {WriteTimeout: 30},
		"10*time.Second": {HookTimeout: 10}, "5*time.Second": {StoreTimeout: 5},
		"Silence is 25s": {Silence: 25 * time.Second}, "clients ping every 3s": {Silence: 2 * time.Second, Heartbeat: 3 * time.Second},
		"MessageRate is NaN": {MessageRate: math.NaN()}, "MessageRate is +Inf": {MessageRate: math.Inf(1)}, "AcceptRate is NaN": {AcceptRate: math.NaN()},
		"MessageRate is 1.79": {MessageRate: float64(rate.Inf)}, "AcceptRate is +Inf": {AcceptRate: math.Inf(1)},
		"Ring is 9223372036854775807": {Ring: math.MaxInt},
	} {
		if _, err := New(options); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
