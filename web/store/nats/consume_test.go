package nats

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

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

// brought is a message of a consumer.
type brought struct {
	jetstream.Msg
	subject, data string
	number        uint64 // of the consumer's; 0 has none
	sequence      uint64
}

func (m brought) Subject() string { return m.subject }
func (m brought) Data() []byte    { return []byte(m.data) }
func (m brought) Metadata() (*jetstream.MsgMetadata, error) {
	if m.number == 0 {
		return nil, errors.New("no metadata")
	}
	return &jetstream.MsgMetadata{Sequence: jetstream.SequencePair{Consumer: m.number, Stream: m.sequence}}, nil
}

// What a consumer brings is handed on when the log cannot have dropped anything between.
func TestTake(t *testing.T) {
	t.Parallel()
	whole, ids := proofLog(t, 100) // it keeps three of each topic
	grown, since := proofLog(t, 100)
	for range 2 {
		if _, err := grown.Publish(t.Context(), "c", []byte("0")); err != nil {
			t.Fatal(err)
		}
	}
	m := func(subject, data string, number, sequence uint64) jetstream.Msg {
		return brought{subject: "wakesocket." + subject, data: data, number: number, sequence: sequence}
	}
	newest := []jetstream.Msg{m("a", "5", 1, 6)}
	other := ids[0]
	other.Epoch = "other"
	for name, c := range map[string]struct {
		log      *Store
		at       store.ID
		fence    uint64
		messages []jetstream.Msg
		want     error
		topics   []string // handed on
		place    uint64   // then
		unproved int
		number   uint64
		resets   int
	}{
		"nothing":                     {whole, ids[0], 0, nil, nil, nil, 1, 0, 0, 0},
		"the newest event":            {whole, ids[0], 0, newest, nil, []string{"a"}, 6, 0, 1, 0},
		"two events":                  {whole, ids[3], 0, []jetstream.Msg{m("b", "4", 1, 5), m("a", "5", 2, 6)}, nil, []string{"b", "a"}, 6, 0, 2, 0},
		"another spelling":            {whole, ids[0], 0, []jetstream.Msg{m("%61", "5", 1, 6)}, nil, []string{""}, 6, 0, 1, 0},
		"the first is missing":        {whole, ids[0], 0, []jetstream.Msg{m("a", "5", 2, 6)}, errLost, nil, 1, 0, 0, 0},
		"the second is missing":       {whole, ids[3], 0, []jetstream.Msg{m("b", "4", 1, 5), m("a", "5", 3, 6)}, errLost, nil, 4, 1, 1, 0},
		"no message of a consumer":    {whole, ids[0], 0, []jetstream.Msg{m("a", "5", 0, 6)}, errLost, nil, 1, 0, 0, 0},
		"a change that is reached":    {whole, ids[0], 6, newest, errChange, []string{"a"}, 6, 0, 1, 0},
		"a change that was passed":    {whole, ids[0], 5, newest, errChange, []string{"a"}, 6, 0, 1, 0},
		"a change that is to come":    {whole, ids[0], 7, newest, nil, []string{"a"}, 6, 0, 1, 0},
		"it may have dropped another": {grown, since[0], 0, newest, nil, nil, 1, 1, 1, 0},
		"the same, before a change":   {grown, since[0], 6, newest, nil, nil, 1, 1, 1, 0},
		"too many to be proved": {grown, since[2], 0, []jetstream.Msg{m("b", "3", 1, 4), m("b", "4", 2, 5), m("a", "5", 3, 6)}, errLost,
			[]string{"b", "b", "a"}, 6, 3, 3, 0}, // they are read from the log
		"of another log": {grown, other, 0, newest, errChange, nil, 8, 1, 1, 1},
	} {
		sink := &keptSink{}
		f := &shareFollower{store: c.log, sink: sink, at: c.at, fence: c.fence, names: []string{"a", "b"}}
		number, err := f.take(t.Context(), c.messages, 0)
		var topics []string
		for _, e := range sink.events {
			topics = append(topics, e.Topic)
		}
		if err != c.want || !slices.Equal(topics, c.topics) || number != c.number || len(f.unproved) != c.unproved || len(sink.resets) != c.resets {
			t.Errorf("%s: %v, %q, number %d, %d unproved, %d resets; want %+v", name, err, topics, number, len(f.unproved), len(sink.resets), c)
		}
		if c.resets == 0 && f.at.Major != c.place || c.resets > 0 && f.at.Major < c.place {
			t.Errorf("%s: now at %v, want %d", name, f.at, c.place)
		}
	}
}
