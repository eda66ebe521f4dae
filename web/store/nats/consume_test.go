package nats

import (
	"testing"
	"time"
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
