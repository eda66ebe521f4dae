package feed

import (
	"context"
	"strings"
	"testing"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// A long event comes in parts, between which there is room for pongs; a plain
// client gets it whole.
func TestLongEventsComeInParts(t *testing.T) {
	s := serve(t, Options{MaxEvent: 1 << 20}).ready()
	knowing, plain := s.knowing(""), s.dial("")
	plain.send(wire.Ping)
	plain.read() // so that it is there
	text := `"` + strings.Repeat("é€😀", 60_000) + `"`
	if _, err := s.Publish(context.Background(), "cpu", []byte(text)); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*peer{knowing, plain} {
		p.readEvents(1)
		if got := string(p.events[0].Data); got != text {
			t.Errorf("%d bytes came as %d", len(text), len(got))
		}
	}
	if want := len(text) / wire.PartSize; knowing.parts != want {
		t.Errorf("it came in %d parts; want %d", knowing.parts, want)
	}
	if plain.parts != 0 {
		t.Errorf("a plain client was sent %d parts", plain.parts)
	}
}

func TestPongsPassALongEvent(t *testing.T) {
	s := serve(t, Options{MaxEvent: 32 << 20, RingBytes: 64 << 20}).ready()
	p := s.knowing("")
	text := `"` + strings.Repeat("x", 16<<20) + `"` // more than buffers hold
	if _, err := s.Publish(context.Background(), "cpu", []byte(text)); err != nil {
		t.Fatal(err)
	}
	p.readUntil("the event has begun", func() bool { return p.parts > 0 })
	p.send(wire.Ping)
	p.readUntil("the pong is there", func() bool { return p.pongs > 0 })
	if len(p.events) > 0 {
		t.Error("the pong came after the event")
	}
	p.readEvents(1)
}
