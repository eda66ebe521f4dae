package nats

import (
	"errors"
	"slices"
	"testing"

	"github.com/wakesocket/wakesocket/web/store"
)

// One topic is read as far as it is there. What the server has dropped meanwhile, or does
// not have yet, is asked for again; what cannot be proved is a gap.
func TestTopicRead(t *testing.T) {
	t.Parallel()
	s, _ := proofLog(t, 100) // a is 1 and 6; b is 3, 4 and 5, and was 2
	state, err := s.state(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	gap := &store.GapError{Reason: store.Trimmed}
	for name, c := range map[string]struct {
		after, before uint64
		topic         string
		last          uint64
		limit, bytes  int
		whole         bool
		want          []uint64
		err           error
	}{
		"from the beginning":                 {0, 0, "a", 6, 10, 1000, true, []uint64{1, 6}, nil},
		"a part":                             {0, 0, "a", 6, 1, 1000, true, []uint64{1}, nil},
		"what is before is not returned":     {1, 1, "a", 6, 10, 1000, true, []uint64{6}, nil},
		"it has filled the answer":           {1, 1, "a", 6, 10, 1, true, []uint64{6}, nil},
		"it has filled it, the next is away": {5, 5, "b", 7, 10, 1, true, nil, errMoved},
		"the last one is not there yet":      {1, 1, "a", 7, 10, 1000, true, nil, errMoved},
		"nothing is there":                   {0, 0, "c", 7, 10, 1000, true, nil, errMoved},
		"nothing is there any more":          {2, 2, "c", 7, 10, 1000, true, nil, errMoved},
		"what was before is dropped":         {2, 2, "b", 5, 10, 1000, true, nil, gap},
		"more than is read may be dropped":   {0, 0, "b", 5, 1, 1000, true, nil, gap},
		"nobody asks whether it is whole":    {0, 0, "b", 5, 10, 1000, false, []uint64{3, 4, 5}, nil},
	} {
		r := &topicRead{store: s, state: state, after: c.after}
		messages, err := r.topic(t.Context(), c.topic, c.before, c.last, c.limit, c.bytes, c.whole)
		var got []uint64
		for _, m := range messages {
			got = append(got, m.sequence)
		}
		reason, _ := store.AsGap(err)
		same := errors.Is(err, c.err) || c.err == gap && reason == gap.Reason
		if !same || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v; want %v, %v", name, got, err, c.want, c.err)
		}
	}
	r := &topicRead{store: s, state: state}
	if got, err := r.oneAfter(t.Context(), subject(s.options.Stream, "b"), 2); err != errMoved {
		t.Errorf("after an event that is dropped meanwhile: %v, %v", got, err)
	}
}
