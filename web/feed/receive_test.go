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

// full is a log that takes nothing.
type full struct{ *memory.Store }

func (full) Publish(context.Context, string, []byte) (store.ID, error) {
	return store.ID{}, errors.New("secret: disk full at db-7")
}

func TestReceiveWhileTheStoreFails(t *testing.T) {
	s := serve(t, Options{Store: full{memory.New(memory.Options{})}})
	r := httptest.NewRequest("POST", "/publish?topic=cpu", strings.NewReader("1"))
	r.Header.Set("Authorization", "Bearer secret")
	w := httptest.NewRecorder()
	s.Receive("secret").ServeHTTP(w, r)
	if w.Code != 503 || strings.Contains(w.Body.String(), "db-7") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
