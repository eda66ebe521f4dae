package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// guarded serves over TLS a page that asks for everything that an option can bring:
// a cookie, a header, a script and a click. Only then it opens its WebSocket.
func guarded(t *testing.T) *httptest.Server {
	t.Helper()
	allowed := func(r *http.Request) bool {
		cookie, err := r.Cookie("who")
		return err == nil && cookie.Value == "me=1" && r.Header.Get("X-Key") == "secret"
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) {
		if !allowed(r) {
			http.Error(w, "log in", http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, `<!doctype html><title>guarded</title><button disabled>go live</button><script>
			const open = () => { const w = new WebSocket("wss://" + location.host + "/feed"); w.onclose = () => setTimeout(open, 200); };
			document.querySelector("button").onclick = open;
		</script>`)
	})
	mux.HandleFunc("/mute", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "<!doctype html><title>mute</title>") })
	// A profile that has been here keeps a value, as one that is logged in does.
	mux.HandleFunc("/again", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `<!doctype html><title>again</title><script>
			const open = () => { const w = new WebSocket("wss://" + location.host + "/feed"); w.onclose = () => setTimeout(open, 200); };
			if (localStorage.seen) open();
			localStorage.seen = 1;
		</script>`)
	})
	mux.HandleFunc("/feed", func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		for n := 0; c.Write(r.Context(), websocket.MessageText, fmt.Appendf(nil, "%d", n)) == nil; n++ {
			<-time.After(100 * time.Millisecond)
		}
	})
	s := httptest.NewUnstartedServer(mux)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // a browser that leaves in the middle of a handshake
	s.StartTLS()
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s
}

// reset is one short trial.
var reset = []string{"-insecure", "-json", "-only", "^the link is reset$", "-limit", "20s", "-watch", "20s"}

func try(t *testing.T, args ...string) (status int, got []result, err error) {
	t.Helper()
	var out bytes.Buffer
	status, err = run(append(args, reset...), &out, io.Discard)
	if out.Len() > 0 {
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatalf("%v: %s", err, out.String())
		}
	}
	return status, got, err
}

func TestOptionsReachThePage(t *testing.T) {
	t.Parallel() // it waits for most of the time
	page := guarded(t).URL + "/"
	status, got, err := try(t, "-url", page, "-cookie", "who=me=1", "-header", "X-Key: secret",
		"-eval", `document.querySelector("button").disabled = false`, "-click", "button", "-wait", "60s")
	if err != nil || status != allBack || len(got) != 1 || len(got[0].Clients) != 1 {
		t.Fatalf("status %d, %v, %+v", status, err, got)
	}
	if c := got[0].Clients[0]; !strings.HasPrefix(c.Connection, "wss://") || c.FirstFrame == nil || c.Kind != "WebSocket" {
		t.Errorf("%+v", c)
	}
}

func TestPagesThatNeedMore(t *testing.T) {
	t.Parallel() // it waits for most of the time
	page := guarded(t).URL + "/"
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no cookie":           {[]string{"-url", page, "-header", "X-Key: secret"}, "answered 401"},
		"never connects":      {[]string{"-url", page + "mute"}, "it opened none at all"},
		"nothing to click on": {[]string{"-url", page + "mute", "-click", "#no"}, "click #no did not end"},
		"a script that fails": {[]string{"-url", page + "mute", "-eval", "nothing.there()"}, "eval failed"},
	} {
		t.Run(name, func(t *testing.T) {
			status, got, err := try(t, append(c.args, "-wait", "12s")...)
			if err == nil || !strings.Contains(err.Error(), c.want) || status != notCarried || len(got) > 0 {
				t.Errorf("status %d, %v; want %q", status, err, c.want)
			}
		})
	}
}

func TestProfile(t *testing.T) {
	t.Parallel() // it waits for most of the time
	page := guarded(t).URL + "/again"
	profile := filepath.Join(t.TempDir(), "profile")
	if status, _, err := try(t, "-url", page, "-profile", profile, "-wait", "8s"); err == nil || status != notCarried {
		t.Fatalf("a new profile: status %d, %v", status, err)
	}
	if status, got, err := try(t, "-url", page, "-profile", profile, "-wait", "60s"); err != nil || status != allBack {
		t.Errorf("a profile that was here: status %d, %v, %+v", status, err, got)
	}
}
