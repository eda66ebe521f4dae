package storetest

import (
	"context"
	"testing"

	"github.com/wakesocket/wakesocket/web/feed"
	"github.com/wakesocket/wakesocket/web/store"
)

// rareTopic has a busy topic push all that is older out of the log, also the positions
// of clients. Whoever wants the rare topic only has lost nothing and is told of no
// gap; whoever wants the busy one is told.
func rareTopic(t *testing.T, newLog Make) {
	const keep = 20
	s := newLog(t, keep)()
	f, url := Serve(t, feed.Options{Store: s, Ring: 8})
	everything, err := dial(url, "", false) // so that the feed reads every topic
	if err != nil {
		t.Fatal(err)
	}
	defer everything.conn.CloseNow()
	rare, err := f.Publish(context.Background(), "rare", []byte("1"))
	if err != nil {
		t.Fatal(err)
	}
	first := Publish(t, s, 0) // of the topic count
	for n := 1; ; n++ {
		Publish(t, s, n)
		_, err := s.After(context.Background(), first, 1)
		if reason, gap := store.AsGap(err); gap && reason == store.Trimmed {
			break
		}
		if n > 1000*keep {
			t.Fatal("nothing is ever trimmed")
		}
	}
	last, err := f.Publish(context.Background(), "rare", []byte("2"))
	if err != nil {
		t.Fatal(err)
	}
	Eventually(t, "the feed has read all", func() bool {
		c, err := dial(url, last, false)
		if err != nil {
			return false
		}
		defer c.conn.CloseNow()
		for !c.live { // the hello says so, or a frame after it
			if c.read() != nil {
				return false
			}
		}
		return c.hello.Resumed
	})
	for _, after := range []string{rare, first.String()} {
		c, err := dial(url, after, false, "rare")
		if err != nil {
			t.Fatal(err)
		}
		if !c.hello.Resumed || c.hello.Gap != nil {
			t.Fatalf("a client of the rare topic after %s: %+v", after, c.hello)
		}
		for len(c.events) == 0 {
			if err := c.read(); err != nil {
				t.Fatal(err)
			}
		}
		if c.events[0].ID != last {
			t.Errorf("the event after %s is %s, want %s", after, c.events[0].ID, last)
		}
		c.conn.CloseNow()
		busy, err := dial(url, after, false, "count")
		if err != nil {
			t.Fatal(err)
		}
		if busy.hello.Gap == nil {
			t.Errorf("a client of the busy topic is told of no gap after %s: %+v", after, busy.hello)
		}
		busy.conn.CloseNow()
	}
}
