package native

import (
	"context"
	"net/http"
	"slices"
	"testing"

	"github.com/coder/websocket"
)

// The server says that the credentials expire: the client connects anew with fresh
// ones, and only then leaves the old connection, in order.
func TestExpiringCredentials(t *testing.T) {
	t.Parallel()
	left := make(chan error, 1)
	url := handler(t, func(_ *http.Request, conn *websocket.Conn) {
		for _, frame := range []string{
			`{"wakesocket":"hello","at":"e-0","live":true,"expires":3000}`, `{"id":"e-1","data":1}`, `{"wakesocket":"expiring","in":1000}`,
		} {
			conn.Write(context.Background(), websocket.MessageText, []byte(frame))
		}
		for {
			if _, _, err := conn.Read(context.Background()); err != nil {
				left <- err
				return
			}
		}
	}, func(r *http.Request, conn *websocket.Conn) {
		if r.Header.Get("Authorization") != "fresh" || r.URL.Query().Get("after") != "e-1" || r.URL.Query().Has("previous") {
			t.Errorf("the second dial is %v with %q", r.URL, r.Header.Get("Authorization"))
		}
		plain(conn, `{"wakesocket":"hello","at":"e-1","live":true,"resumed":true}`, `{"id":"e-2","data":2}`)
	})
	r := newRecorder()
	o := r.options(url)
	o.Header = func(_ context.Context, fresh bool) (http.Header, error) {
		return http.Header{"Authorization": {map[bool]string{false: "old", true: "fresh"}[fresh]}}, nil
	}
	start(t, o)
	r.until(t, "both events", func() bool { return slices.Equal(r.events, []string{"1", "2"}) })
	if slices.Contains(r.states, Reconnecting) || len(r.gaps)+len(r.errors) > 0 {
		t.Errorf("states %v, gaps %v, errors %v", r.states, r.gaps, r.errors)
	}
	within(t, "the end of the old connection", func() {
		if err := <-left; websocket.CloseStatus(err) != websocket.StatusNormalClosure {
			t.Errorf("the old connection ended with %v", err)
		}
	})
}
