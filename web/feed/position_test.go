package feed

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

func TestPosition(t *testing.T) {
	log := memory.New(memory.Options{})
	f := serve(t, Options{Store: log}).ready().Feed
	ctx := t.Context()
	beginning, err := f.Position(ctx)
	if id, ok := store.ParseID(beginning); err != nil || !ok || id.Major != 0 {
		t.Fatalf("the position of an empty log is %q, %v", beginning, err)
	}
	id, err := f.Publish(ctx, "cpu", []byte("1"))
	if err != nil {
		t.Fatal(err)
	}
	// That of the log, and not that of the ring, which may be a moment late.
	if at, err := f.Position(ctx); err != nil || at != id {
		t.Errorf("the position is %q, %v; want %q", at, err, id)
	}
	f.Close()
	if at, err := f.Position(ctx); !errors.Is(err, ErrClosed) || at != "" {
		t.Errorf("the position of a closed feed is %q, %v", at, err)
	}
}

// unreadable is a log whose ends the test cannot read in time; the feed's own probe can.
type unreadable struct{ store.Store }

type ofTest struct{}

func (u unreadable) Bounds(ctx context.Context) (store.Bounds, error) {
	if ctx.Value(ofTest{}) == nil {
		return u.Store.Bounds(ctx)
	}
	<-ctx.Done()
	return store.Bounds{}, ctx.Err()
}

func TestPositionOfALogThatCannotBeRead(t *testing.T) {
	seen := &noted{}
	f := serve(t, Options{Store: unreadable{memory.New(memory.Options{})}, StoreTimeout: 20 * time.Millisecond, Observer: seen}).Feed
	ctx := context.WithValue(t.Context(), ofTest{}, true)
	if at, err := f.Position(ctx); !errors.Is(err, context.DeadlineExceeded) || at != "" {
		t.Errorf("the position is %q, %v", at, err)
	}
	if got := seen.failures(operationBounds); got != 1 {
		t.Errorf("%d failures are counted", got)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := f.Position(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %v", err)
	}
}

func TestWritePosition(t *testing.T) {
	w := httptest.NewRecorder()
	w.Header().Set("Access-Control-Expose-Headers", "X-Own")
	WritePosition(w, "e-7")
	header := w.Result().Header
	if got := header.Get("Wakesocket-Position"); got != "e-7" {
		t.Errorf("the position is %q", got)
	}
	if got := header.Values("Access-Control-Expose-Headers"); len(got) != 2 || got[1] != PositionHeader {
		t.Errorf("exposed are %q", got)
	}
	if got := header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control is %q", got)
	}
}
