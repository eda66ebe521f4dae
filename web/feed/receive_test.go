package feed

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

func TestReceive(t *testing.T) {
	s := serve(t, Options{MaxEvent: 100}).ready()
	p := s.knowing("")
	for name, test := range map[string]struct {
		method, token, topic, body string
		status                     int
	}{
		"good":        {"POST", "Bearer secret", "cpu", `{"load":0.7}`, 200},
		"no token":    {"POST", "", "cpu", `1`, 401},
		"wrong token": {"POST", "Bearer guess", "cpu", `1`, 401},
		"other way":   {"POST", "Basic secret", "cpu", `1`, 401},
		"get":         {"GET", "Bearer secret", "cpu", ``, 405},
		"no topic":    {"POST", "Bearer secret", "", `1`, 400},
		"two topics":  {"POST", "Bearer secret", "cpu&topic=disk", `1`, 400},
		"bad query":   {"POST", "Bearer secret", "cpu&x=%zz", `1`, 400},
		"not JSON":    {"POST", "Bearer secret", "cpu", `{`, 400},
		"too large":   {"POST", "Bearer secret", "cpu", `"` + strings.Repeat("x", 200) + `"`, 413},
	} {
		r := httptest.NewRequest(test.method, "/publish?topic="+test.topic, strings.NewReader(test.body))
		r.Header.Set("Authorization", test.token)
		w := httptest.NewRecorder()
		s.Receive("secret").ServeHTTP(w, r)
		if w.Code != test.status {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if test.status != 200 {
			continue
		}
		var answer struct{ ID string }
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			t.Fatal(err)
		}
		p.readEvents(1)
		if e := p.events[0]; e.ID != answer.ID || e.Topic != "cpu" || string(e.Data) != `{"load":0.7}` {
			t.Fatalf("%+v, told %s", e, answer.ID)
		}
	}
	r := httptest.NewRequest("POST", "/publish?topic=cpu", strings.NewReader("1"))
	r.Header.Set("Authorization", "Bearer ")
	w := httptest.NewRecorder()
	s.Receive("").ServeHTTP(w, r)
	if w.Code != 401 {
		t.Errorf("an empty token lets in: %d", w.Code)
	}
}

// A program that sends an event again with its key gets the id of the first.
func TestReceiveIdempotencyKey(t *testing.T) {
	s := serve(t, Options{}).ready()
	post := func(keys ...string) (status int, body string) {
		r := httptest.NewRequest("POST", "/publish?topic=cpu", strings.NewReader("1"))
		r.Header.Set("Authorization", "Bearer secret")
		r.Header["Idempotency-Key"] = keys
		w := httptest.NewRecorder()
		s.Receive("secret").ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	_, first := post("a")
	for name, want := range map[string]bool{"a": true, "b": false} {
		if status, body := post(name); status != 200 || (body == first) != want {
			t.Errorf("key %s: %d %s, the first was %s", name, status, body, first)
		}
	}
	for _, keys := range [][]string{{""}, {"a", "b"}, {"a\x00"}, {strings.Repeat("a", store.MaxKey+1)}} {
		if status, body := post(keys...); status != 400 {
			t.Errorf("keys %q: %d %s", keys, status, body)
		}
	}
}

// failing is a log whose Publish fails.
type failing struct {
	*memory.Store
	err error
}

func (f failing) Publish(context.Context, string, []byte, ...store.PublishOption) (store.ID, error) {
	return store.ID{}, f.err
}

func TestReceiveWhileTheStoreFails(t *testing.T) {
	secret := errors.New("secret: disk full at db-7")
	for _, test := range []struct {
		err    error
		status int
		body   string
	}{
		{store.NotStored(secret), 503, "the event was not stored; send it again"},
		{store.OutcomeUnknown(secret), 503, "it is unknown whether the event was stored; send it again with the same Idempotency-Key"},
		{secret, 503, "it is unknown whether the event was stored; send it again with the same Idempotency-Key"},
		{store.Stored(secret), 202, ""},
	} {
		s := serve(t, Options{Store: failing{memory.New(memory.Options{}), test.err}})
		r := httptest.NewRequest("POST", "/publish?topic=cpu", strings.NewReader("1"))
		r.Header.Set("Authorization", "Bearer secret")
		w := httptest.NewRecorder()
		s.Receive("secret").ServeHTTP(w, r)
		if got := strings.TrimSpace(w.Body.String()); w.Code != test.status || got != test.body {
			t.Errorf("%v: %d %s", test.err, w.Code, got)
		}
	}
}
