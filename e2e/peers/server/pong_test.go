//go:build unix

package server

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// BenchmarkPongUnderReplay is how long a ping waits for its pong while 48 MB are
// replayed to the client as fast as it reads. Centrifuge has no such ping: its
// server asks.
func BenchmarkPongUnderReplay(b *testing.B) {
	const events, size = 12_000, 4 << 10
	s := ours(b).(*wakesocket)
	fill := []byte(`"` + strings.Repeat("x", size) + `"`)
	for range events - 1 {
		publish(b, s, fill)
	}
	publish(b, s, event(0, marker+" "+marker))
	var waits []time.Duration
	for b.Loop() {
		waits = append(waits, pongs(b, s)...)
	}
	slices.Sort(waits)
	b.ReportMetric(float64(len(waits))/float64(b.N), "pongs")
	b.ReportMetric(ms(waits[len(waits)/2]), "ms-median")
	b.ReportMetric(ms(waits[len(waits)-1]), "ms-max")
	b.ReportMetric(0, "ns/op")
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// pongs replays everything and pings all the while: the next when the last is
// answered.
func pongs(b *testing.B, s *wakesocket) (waits []time.Duration) {
	ctx := context.Background()
	o := s.order(true)
	conn, _, err := websocket.Dial(ctx, "ws://"+o.Address+o.Path, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.CloseNow()
	conn.SetReadLimit(-1)
	var asked time.Time
	ask := func() {
		asked = time.Now()
		if err := conn.Write(ctx, websocket.MessageText, []byte("ping")); err != nil {
			b.Fatal(err)
		}
	}
	for frames := 0; ; frames++ {
		_, data, err := conn.Read(ctx)
		if err != nil {
			b.Fatal(err)
		}
		switch {
		case string(data) == "pong":
			waits = append(waits, time.Since(asked))
			asked = time.Time{}
		case bytes.Contains(data, []byte(marker)):
			return waits
		case asked.IsZero() && frames%40 == 0: // not so often that it is a flood
			ask()
		}
	}
}
