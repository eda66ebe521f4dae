package nats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/wakesocket/wakesocket/web/store"
)

// message is one entry of the stream.
type message struct {
	sequence uint64
	sum      uint64
	subject  string
	topic    string
	data     []byte
	time     time.Time
}

func (m message) id(epoch string) store.ID {
	return store.ID{Epoch: epoch, Major: m.sequence, Minor: m.sum}
}

var table = crc32.MakeTable(crc32.Castagnoli)

// checksum of an event; 0 stands for a place without one.
func checksum(subject string, data []byte) uint64 {
	return max(1, uint64(crc32.Update(crc32.Checksum([]byte(subject+"\x00"), table), table, data)))
}

var errNewLeader = errors.New("nats: the leader of the stream is new and does not have the message yet")

// misplaced is the gap of an id that cannot be in a log with this state.
func misplaced(state state, id store.ID) error {
	gap := func(reason string) error { return &store.GapError{Reason: reason} }
	switch {
	case id.Epoch != state.epoch:
		return gap(store.Epoch)
	case id.Major > state.last && state.newLeader:
		return errNewLeader // not a gap: the message will be there, unless it is lost
	case id.Major > state.last:
		return gap(store.Future)
	case id.Major < state.first-1, id.Major < state.first && id.Minor != 0:
		return gap(store.Trimmed)
	case id.Major >= state.first && id.Minor == 0:
		return gap(store.Invalid)
	}
	return nil
}

// after proves that what is read are the events after id.
func (s *Store) after(ctx context.Context, state state, id store.ID, limit int) ([]store.Event, error) {
	gap := func(reason string) ([]store.Event, error) { return nil, &store.GapError{Reason: reason} }
	if err := misplaced(state, id); err != nil {
		return nil, err
	}
	from := id.Major
	if id.Minor == 0 { // the place before the first event, in a log that was never trimmed
		from++
	}
	if from > state.last || limit <= 0 && id.Minor == 0 {
		return nil, nil
	}
	messages, err := s.batch(ctx, state, from, limit+1)
	if err != nil {
		return nil, err
	}
	if id.Minor != 0 {
		switch first := messages[0]; {
		case first.sequence != id.Major:
			return gap(store.Trimmed) // meanwhile, or in the middle
		case first.sum != id.Minor:
			return gap(store.Invalid)
		}
		if messages = messages[1:]; len(messages) == 0 && id.Major < state.last && limit > 0 {
			if messages, err = s.batch(ctx, state, id.Major+1, limit); err != nil {
				return nil, err
			}
		}
	}
	if len(messages) > 0 && messages[0].sequence != id.Major+1 {
		return gap(store.Trimmed)
	}
	return unbroken(messages[:min(len(messages), limit)], id), nil
}

// next reads the events after id with one question, which also proves that the log has
// id at its place. It has no events when there is anything to find out: then it is to be
// asked what the log is.
func (s *Store) next(ctx context.Context, id store.ID, limit int) []store.Event {
	if id.Minor == 0 {
		return nil
	}
	_, timeout := s.pages.Limits()
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	messages, err := s.once(limited, id.Major, limit+1)
	if err != nil || len(messages) == 0 || messages[0].id(id.Epoch) != id {
		return nil
	}
	return unbroken(messages[1:], id)
}

// unbroken are the events that follow id up to the first hole, where the next page begins.
func unbroken(messages []message, id store.ID) (events []store.Event) {
	for i, m := range messages {
		if m.sequence != id.Major+1+uint64(i) {
			break
		}
		events = append(events, store.Event{ID: m.id(id.Epoch), Topic: m.topic, Data: m.data, Time: m.time})
	}
	return events
}

// bounds are those of a log without holes: places before the newest hole are not in
// it.
func (s *Store) bounds(ctx context.Context, state state) (b store.Bounds, err error) {
	b.Top = store.ID{Epoch: state.epoch, Major: state.last}
	b.Base = store.ID{Epoch: state.epoch, Major: state.first - 1}
	if state.first > state.last {
		return b, nil
	}
	last, err := s.batch(ctx, state, state.last, 1)
	if err != nil {
		return b, err
	}
	b.Top = last[0].id(state.epoch)
	first := state.first
	switch {
	case state.holes && s.DropsByTopic(): // there may be a million of them
		b.Base = b.Top
		return b, nil
	case state.holes:
		if first, err = s.afterHoles(ctx, state); err != nil {
			return b, err
		}
	}
	if first > 1 {
		found, err := s.batch(ctx, state, first, 1)
		if err != nil {
			return b, err
		}
		b.Base = found[0].id(state.epoch)
	}
	return b, nil
}

// afterHoles returns the first number after the newest hole.
func (s *Store) afterHoles(ctx context.Context, state state) (uint64, error) {
	request, err := json.Marshal(map[string]bool{"deleted_details": true})
	if err != nil {
		return 0, err
	}
	answer, err := s.conn.RequestWithContext(ctx, "$JS.API.STREAM.INFO."+s.options.Stream, request)
	if err != nil {
		return 0, explain("the holes of the stream cannot be read", err)
	}
	var info struct {
		State struct {
			Deleted []uint64 `json:"deleted"`
		} `json:"state"`
	}
	if err := json.Unmarshal(answer.Data, &info); err != nil {
		return 0, fmt.Errorf("nats: the holes of the stream cannot be read: %w", err)
	}
	first := state.first
	for _, deleted := range info.State.Deleted {
		first = max(first, deleted+1)
	}
	return first, nil
}

// batch reads messages from a number on, one at least. A replica that has not got
// that far yet is asked again.
func (s *Store) batch(ctx context.Context, state state, from uint64, limit int) ([]message, error) {
	for wait := time.Millisecond; ; wait = min(2*wait, 100*time.Millisecond) {
		messages, err := s.once(ctx, from, limit)
		if err != nil {
			return nil, explain("the stream cannot be read", err)
		}
		if len(messages) > 0 {
			return messages, nil
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, fmt.Errorf("nats: no server has the message %d of the stream, whose last one is %d: %w", from, state.last, ctx.Err())
		}
	}
}

// once reads as many messages as arrive in good time.
func (s *Store) once(ctx context.Context, from uint64, limit int) ([]message, error) {
	bytes, _ := s.pages.Limits()
	began := time.Now()
	messages, err := s.request(ctx, from, limit, bytes)
	s.pages.Ended(ctx, began, err)
	return messages, err
}

// request is one batch of direct gets. The server ends it with a status; what is
// short is not the end of the log.
func (s *Store) request(ctx context.Context, from uint64, limit, bytes int) (messages []message, err error) {
	question := map[string]uint64{"seq": from, "batch": uint64(limit), "max_bytes": uint64(max(bytes, 1))}
	return s.directGet(ctx, s.options.Stream, question, limit, bytes)
}

// directGet reads the messages that a question names, at most so many of them and so
// many bytes, but one at least.
func (s *Store) directGet(ctx context.Context, stream string, question any, limit, bytes int) (messages []message, err error) {
	size := 0
	_, err = s.ask(ctx, stream, question, func(m message) bool {
		if size += len(m.data); size > bytes && len(messages) > 1 {
			return false
		}
		messages = append(messages, m)
		return len(messages) < limit
	})
	if errors.Is(err, errNoAnswer) && ctx.Err() == nil && len(messages) > 0 {
		return messages, nil // what came is whole
	}
	if err != nil {
		return nil, err
	}
	return messages, nil
}

var (
	errCut      = errors.New("nats: the answer ends early")
	errNoAnswer = errors.New("no answer")
	errTooMany  = errors.New("nats: the names stand for too many topics")
)

// ask hands each message of an answer on, until it is told to stop, and returns the
// header at the end of the answer.
func (s *Store) ask(ctx context.Context, stream string, question any, take func(message) (more bool)) (end nats.Header, err error) {
	request, err := json.Marshal(question)
	if err != nil {
		return nil, err
	}
	asked, err := s.answers.ask("$JS.API.DIRECT.GET."+stream, request)
	defer asked.end()
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for {
		answer, err := asked.next(limited)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errNoAnswer, err)
		}
		switch status := answer.Header.Get("Status"); status {
		case "":
		case "204", "404": // the end of the batch; no message from there on
			return answer.Header, nil
		case "413":
			return nil, errTooMany
		case "503":
			return nil, nats.ErrNoResponders
		default:
			return nil, fmt.Errorf("status %s %s", status, answer.Header.Get("Description"))
		}
		m, err := parse(stream, answer)
		if err != nil {
			return nil, err
		}
		if s.DropsByTopic() && m.subject != subject(stream, m.topic) {
			m.topic = "" // the limit of the topic would not count it
		}
		if !take(m) {
			return nil, nil
		}
	}
}

// parse reads one message of a batch.
func parse(stream string, answer *nats.Msg) (m message, err error) {
	m.subject = answer.Header.Get("Nats-Subject")
	if m.sequence, err = strconv.ParseUint(answer.Header.Get("Nats-Sequence"), 10, 64); err != nil || m.subject == "" {
		return m, fmt.Errorf("%w: the headers are %v", errCut, answer.Header)
	}
	if m.time, err = time.Parse(time.RFC3339Nano, answer.Header.Get("Nats-Time-Stamp")); err != nil {
		return m, err
	}
	m.topic, m.data, m.sum = topicOf(stream, m.subject), answer.Data, checksum(m.subject, answer.Data)
	return m, nil
}
