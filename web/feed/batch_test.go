package feed

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// sized makes an event whose frame has so many bytes.
func sized(t *testing.T, bytes int) entry {
	t.Helper()
	empty := encode(store.Event{ID: id(1), Topic: "t", Data: []byte(`""`)})
	e := encode(store.Event{ID: id(1), Topic: "t", Data: []byte(`"` + strings.Repeat("x", bytes-len(empty.frame)) + `"`)})
	if len(e.frame) != bytes {
		t.Fatalf("%d bytes, not %d", len(e.frame), bytes)
	}
	return e
}

func TestBatch(t *testing.T) {
	half := (batchBytes - len("[,]")) / 2
	for name, test := range map[string]struct {
		most  int
		sizes []int
		want  int // events that fit
	}{
		"none":                {9, nil, 0},
		"one":                 {9, []int{100}, 1},
		"plain":               {1, []int{100, 100}, 1},
		"several":             {9, []int{100, 100, 100}, 3},
		"most":                {3, []int{100, 100, 100, 100}, 3},
		"two fill it":         {9, []int{half, half}, 2},
		"two are a byte more": {9, []int{half, half + 2}, 1},
		"three fill it":       {9, []int{half - 1000, half - 1000, 1999}, 3},
		"three are too many":  {9, []int{half - 1000, half - 1000, 2001}, 2},
		"long first":          {9, []int{5 * batchBytes, 100}, 1},
		"long second":         {9, []int{100, 5 * batchBytes, 100}, 1},
	} {
		memory := newBudget(1 << 20)
		b := batch{most: test.most, memory: memory}
		for i, size := range test.sizes {
			e := sized(t, size)
			if fits := i < test.want; b.add(&e) != fits {
				t.Fatalf("%s: event %d of %d bytes: %v", name, i, size, !fits)
			} else if !fits {
				break
			}
		}
		if b.n != test.want {
			t.Errorf("%s: %d events", name, b.n)
		}
		if used := memory.used.Load(); test.want > 1 && used != batchBytes || test.want <= 1 && used != 0 {
			t.Errorf("%s: %d bytes of the budget", name, used)
		}
		if test.want > 1 {
			var all []json.RawMessage
			if frame := b.frame(); json.Unmarshal(frame, &all) != nil || len(all) != test.want || len(frame) > batchBytes {
				t.Errorf("%s: %d events in %d bytes", name, len(all), len(frame))
			}
		}
		b.release()
		if used := memory.used.Load(); used != 0 {
			t.Errorf("%s: %d bytes were not given back", name, used)
		}
	}
}

// Without memory for arrays, events go out one by one.
func TestBatchWithoutMemory(t *testing.T) {
	memory := newBudget(batchBytes + 1)
	first, second := batch{most: 9, memory: memory}, batch{most: 9, memory: memory}
	e := sized(t, 100)
	added := []bool{first.add(&e), first.add(&e), second.add(&e), second.add(&e)}
	if !slices.Equal(added, []bool{true, true, true, false}) || second.n != 1 {
		t.Fatalf("%d and %d events", first.n, second.n)
	}
	first.release()
	if !second.add(&e) {
		t.Fatal("the memory is not used again")
	}
}

func TestBudgetCountsSharedBytesOnce(t *testing.T) {
	e := sized(t, 3*wire.PartSize)
	b := newBudget(e.size() + 10)
	held := []bool{b.hold(&e), b.hold(&e)}
	if slices.Contains(held, false) || b.used.Load() != int64(e.size()) {
		t.Fatalf("%d bytes", b.used.Load())
	}
	if !b.take(10) || b.take(1) || b.used.Load() != b.max {
		t.Fatalf("%d bytes of %d", b.used.Load(), b.max)
	}
	other := sized(t, 2*wire.PartSize)
	if b.hold(&other) {
		t.Fatal("the budget is used up, and nobody notices")
	}
	b.release(&other)
	b.release(&e)
	if b.used.Load() != int64(e.size())+10 {
		t.Fatalf("%d bytes while one client still has the event", b.used.Load())
	}
	b.release(&e)
	if b.give(10); b.used.Load() != 0 || len(b.held) != 0 {
		t.Fatalf("%d bytes, %d events", b.used.Load(), len(b.held))
	}
}

func TestEncode(t *testing.T) {
	at := time.UnixMilli(1_700_000_000_123)
	for want, event := range map[string]store.Event{
		`{"id":"e-7","topic":"a\"b","data":{"x":1}}`:                  {ID: id(7), Topic: `a"b`, Data: []byte(`{"x":1}`)},
		`{"id":"e-7","topic":"a","time":1700000000123,"data":[1, 2]}`: {ID: id(7), Topic: "a", Data: []byte(`[1, 2]`), Time: at},
		`{"id":"e-7-1","topic":"","data":null}`:                       {ID: store.ID{Epoch: "e", Major: 7, Minor: 1}, Data: []byte(`null`)},
		"":                                                            {ID: id(7), Topic: "a", Data: []byte(`{`)},
	} {
		e := encode(event)
		if string(e.frame) != want || e.id != event.ID || e.topic != event.Topic || e.parts != nil {
			t.Errorf("%+v became %s", event, e.frame)
		}
	}
	if e := encode(store.Event{ID: id(1), Topic: controlTopic, Data: []byte("1")}); e.frame != nil {
		t.Error("a control event is sent to clients")
	}
}

func TestLongEventsAreSplitOnce(t *testing.T) {
	for size, want := range map[int]int{wire.PartSize: 0, wire.PartSize + 1: 2, 2 * wire.PartSize: 2, 2*wire.PartSize + 1: 3} {
		e := sized(t, size)
		if len(e.parts) != want {
			t.Fatalf("%d bytes in %d parts, want %d", size, len(e.parts), want)
		}
		if want == 0 {
			continue
		}
		var joins wire.Parts
		for i, part := range e.parts {
			frame, ok := joins.Join(part)
			if ok != (i == want-1) || ok && string(frame) != string(e.frame) {
				t.Fatalf("part %d of %d: complete %v", i, want, ok)
			}
		}
		if least := 2*size + want*len(wire.PartMore); e.size() < least || e.size() > least*5/4 {
			t.Errorf("the size is %d, want %d", e.size(), least)
		}
	}
}
