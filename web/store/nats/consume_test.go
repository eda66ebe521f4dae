package nats

import (
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
)

// openShare is a share that may have changed.
type openShare chan struct{}

func (s openShare) Names() ([]string, bool)  { return nil, true }
func (s openShare) Changed() <-chan struct{} { return s }

// A change is looked for unless one is being done, and not before four times what the
// last one took has passed.
func TestChanges(t *testing.T) {
	for name, c := range map[string]struct {
		fence           uint64
		took, ago       time.Duration
		changed, waited bool
	}{
		"a change is being done":     {7, 0, time.Hour, false, false},
		"one was done just now":      {0, time.Minute, 0, false, true},
		"one was done a while ago":   {0, time.Minute, 230 * time.Second, false, true},
		"one was done long ago":      {0, time.Minute, 250 * time.Second, true, false},
		"one was done in no time":    {0, 0, 0, true, false},
		"done and another has begun": {7, time.Minute, 0, false, false},
	} {
		f := &shareFollower{share: make(openShare), fence: c.fence, took: c.took, changed: time.Now().Add(-c.ago)}
		if changed, soon := f.changes(); (changed != nil) != c.changed || (soon != nil) != c.waited {
			t.Errorf("%s: looked for %v, waited %v", name, changed != nil, soon != nil)
		}
	}
}

// What the log has dropped is told once, and then once in a while.
func TestDroppedIsTold(t *testing.T) {
	sink := &keptSink{}
	var d dropped
	for _, c := range []struct {
		first uint64
		later time.Duration // than what was told last
		told  uint64        // 0 for nothing
	}{
		{1, 0, 0}, // nothing is dropped
		{3, 0, 3},
		{4, 0, 0}, // too soon
		{4, trimEvery, 4},
		{4, trimEvery, 0}, // the same
		{9, 0, 9},
	} {
		sink.trims = nil
		d.at = d.at.Add(-c.later)
		d.tell(sink, state{epoch: "e", first: c.first, last: 20})
		if told := len(sink.trims) == 1; told != (c.told > 0) || told && sink.trims[0] != (store.ID{Epoch: "e", Major: c.told, Minor: 1<<64 - 1}) {
			t.Errorf("from %d on, %v later: %v, want %d", c.first, c.later, sink.trims, c.told)
		}
	}
}
