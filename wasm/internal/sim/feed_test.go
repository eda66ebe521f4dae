package sim

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/wasm/session"
	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/feed"
	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

// TestTheServerIsTheFeed asks web/feed and the server of the simulation the same
// questions: where a client begins that comes with this id.
func TestTheServerIsTheFeed(t *testing.T) {
	const retain = 5
	for name, published := range map[string]int{"empty": 0, "one": 1, "full": retain, "trimmed": 3 * retain} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			real := memory.New(memory.Options{Events: retain})
			log := &epoch{name: "e1"}
			for range published {
				if _, err := real.Publish(t.Context(), "n", []byte("1")); err != nil {
					t.Fatal(err)
				}
				log.publish(1, retain)
			}
			bounds, err := real.Bounds(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			log.name = bounds.Top.Epoch
			for n := range log.ids {
				log.ids[n] = log.id(n + 1)
			}
			f, err := feed.New(feed.Options{Store: real, Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			server := httptest.NewServer(f)
			t.Cleanup(func() {
				f.Close()
				server.Close()
			})
			ids := []string{"", "garbage", log.name, log.name + "-1-1", "e9-1", store.ID{Epoch: log.name, Major: 1 << 63}.String()}
			for n := range published + 2 {
				ids = append(ids, log.id(n))
			}
			for _, after := range ids {
				got, want := greeting(t, server.URL, after), log.resume(after)
				if got.Resumed != want.resumed || got.Position != log.id(want.pos) || got.Live != want.live || asGap(got.Gap) != asGap(want.gap) {
					t.Errorf("after %q: the feed says %+v (gap %+v), the simulation %+v (gap %+v)", after, got, got.Gap, want, want.gap)
				}
			}
		})
	}
}

// asGap makes gaps of either side comparable.
func asGap(gap any) (g session.Gap) {
	switch gap := gap.(type) {
	case *wire.Gap:
		if gap != nil {
			g = session.Gap{After: gap.After, Earliest: gap.Earliest, Reason: gap.Reason}
		}
	case *session.Gap:
		if gap != nil {
			g = *gap
		}
	}
	return g
}

// greeting is the hello of a feed; it comes again while the feed has not reached
// its log, or follows it late.
func greeting(t *testing.T, address, after string) wire.Hello {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	query := url.Values{wire.QueryVersion: {wire.Version}, wire.QueryAfter: {after}}
	for {
		conn, _, err := websocket.Dial(ctx, address+"?"+query.Encode(), nil)
		if err != nil {
			t.Fatal(err)
		}
		_, data, err := conn.Read(ctx)
		conn.CloseNow()
		if websocket.CloseStatus(err) == wire.CloseTryLater {
			continue
		}
		var hello wire.Hello
		if err != nil || json.Unmarshal(data, &hello) != nil || hello.Kind != wire.KindHello {
			t.Fatalf("after %q the first frame is %q, %v", after, data, err)
		}
		return hello
	}
}
