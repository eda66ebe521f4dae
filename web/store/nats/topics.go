package nats

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

var _ store.TopicReader = (*Store)(nil)

const (
	namesAtOnce  = 500  // names of one question for the last events; it must fit into a message
	topicsAtOnce = 1024 // topics that the server looks up in one question
	newsBytes    = 16 << 20
	readsAtOnce  = 16
)

var errMoved = errors.New("nats: the stream changes faster than it is read")

// DropsByTopic reports whether the stream keeps so many events of each topic.
func (s *Store) DropsByTopic() bool { return s.options.EventsPerTopic > 0 }

// AfterTopics reads the events of some topics that follow id. The server drops the
// oldest event of a topic first. So it has dropped nothing of a topic after a position
// when it still has an event of that topic at or before the position, or when it has
// never had as many as the limit.
func (s *Store) AfterTopics(ctx context.Context, id store.ID, names []string, limit int, known bool) (store.TopicPage, error) {
	for {
		page, err := s.afterTopics(ctx, id, names, limit, known)
		if !errors.Is(err, errMoved) {
			return page, err
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			return page, fmt.Errorf("%w: %w", err, ctx.Err())
		}
	}
}

func (s *Store) afterTopics(ctx context.Context, id store.ID, names []string, limit int, known bool) (page store.TopicPage, err error) {
	gap := func(reason string) (store.TopicPage, error) {
		return store.TopicPage{}, &store.GapError{Reason: reason}
	}
	state, err := s.stateWith(ctx, id)
	if err != nil {
		return page, err
	}
	whole := !id.IsZero()
	if !whole {
		id.Epoch = state.epoch
	}
	switch {
	case id.Epoch != state.epoch:
		return gap(store.Epoch)
	case id.Major > state.last && state.newLeader:
		return page, errNewLeader
	case id.Major > state.last:
		return gap(store.Future)
	}
	if whole {
		_, err := s.after(ctx, state, id, 0)
		if reason, _ := store.AsGap(err); err != nil && !(known && reason == store.Trimmed) {
			return page, err
		}
	}
	page.Through = id
	if id.Major == state.last || limit <= 0 {
		return page, nil
	}
	end, err := s.batch(ctx, state, state.last, 1)
	if err != nil {
		return page, err
	}
	if end[0].sequence != state.last {
		return page, errMoved
	}
	r := topicRead{store: s, state: state, after: id.Major, end: end[0], bytes: store.PageBytes}
	news, err := r.news(ctx, names)
	if errors.Is(err, errTooMany) {
		return gap(store.Trimmed)
	}
	if err != nil {
		return page, err
	}
	through, err := r.read(ctx, news, limit, whole)
	if err != nil {
		return page, err
	}
	// What the other limits drop is the oldest of the whole log.
	later, err := s.state(ctx)
	if err != nil {
		return page, err
	}
	if whole && (later.epoch != id.Epoch || later.first > id.Major+1) {
		return gap(store.Trimmed)
	}
	for _, m := range r.found {
		page.Events = append(page.Events, store.Event{ID: m.id(id.Epoch), Topic: m.topic, Data: m.data, Time: m.time})
	}
	page.Through = through.id(id.Epoch)
	return page, nil
}

// topicRead reads the events of some topics after a place.
type topicRead struct {
	store *Store
	state state
	after uint64  // sequence number of the place
	end   message // last one of the stream
	bytes int

	mu    sync.Mutex
	found []message
}

// news returns the last message of each topic that has one after the place.
func (r *topicRead) news(ctx context.Context, names []string) (map[string]message, error) {
	news := map[string]message{}
	stream := r.store.options.Stream
	for names := range slices.Chunk(names, namesAtOnce) {
		filters := []string{r.end.subject} // so that there is an answer
		for _, name := range names {
			filter, ok := filterOf(stream, name)
			if !ok {
				return nil, errTooMany
			}
			filters = append(filters, filter)
		}
		answer, err := r.ask(ctx, map[string]any{"multi_last": filters, "seq": r.after + 1, "batch": topicsAtOnce, "max_bytes": newsBytes})
		if err != nil {
			return nil, err
		}
		if answer.pending > 0 {
			return nil, errTooMany
		}
		if answer.upTo < r.state.last { // a replica that has not got that far yet
			return nil, errMoved
		}
		for _, m := range answer.messages {
			if slices.ContainsFunc(names, func(name string) bool { return wire.MatchTopic(name, m.topic) }) {
				news[m.topic] = m
			}
		}
	}
	return news, nil
}

// filterOf is the subject filter of a topic or pattern; not ok when there is none that
// fits.
func filterOf(stream, name string) (filter string, ok bool) {
	if !wire.IsPattern(name) {
		return subject(stream, name), true
	}
	stem := strings.TrimSuffix(name, ".*")
	return subject(stream, stem) + ".>", !strings.HasSuffix(stem, ".")
}

// read reads the topics with news, as much as fits into a page, and returns the message
// up to which it has read all of them.
func (r *topicRead) read(ctx context.Context, news map[string]message, limit int, whole bool) (through message, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	earlier, err := r.earlier(ctx, news, whole)
	if err != nil {
		return through, err
	}
	each := max(1, limit/max(1, len(news)))
	through = r.end
	var reads sync.WaitGroup
	slots := make(chan struct{}, readsAtOnce)
	for topic, last := range news {
		slots <- struct{}{}
		reads.Go(func() {
			defer func() { <-slots }()
			messages, err := r.topic(ctx, topic, earlier[topic], last.sequence, each, max(1, r.bytes/len(news)), whole)
			if err != nil {
				cancel(err)
				return
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			r.found = append(r.found, messages...)
			if got := messages[len(messages)-1]; got.sequence < last.sequence && got.sequence < through.sequence {
				through = got
			}
		})
	}
	reads.Wait()
	if err := context.Cause(ctx); err != nil {
		return through, err
	}
	r.found = slices.DeleteFunc(r.found, func(m message) bool { return m.sequence > through.sequence })
	slices.SortFunc(r.found, func(a, b message) int { return cmp.Compare(a.sequence, b.sequence) })
	if len(r.found) > limit {
		r.found = r.found[:limit]
		through = r.found[limit-1]
	}
	return through, nil
}

// earlier returns the newest event of each topic at or before the place, where there
// is one.
func (r *topicRead) earlier(ctx context.Context, news map[string]message, whole bool) (map[string]uint64, error) {
	earlier := map[string]uint64{}
	if !whole || r.after == 0 {
		return earlier, nil
	}
	for topics := range slices.Chunk(slices.Collect(maps.Keys(news)), namesAtOnce) {
		var filters []string
		for _, topic := range topics {
			filters = append(filters, subject(r.store.options.Stream, topic))
		}
		answer, err := r.ask(ctx, map[string]any{"multi_last": filters, "up_to_seq": r.after, "batch": namesAtOnce, "max_bytes": newsBytes})
		if err != nil {
			return nil, err
		}
		for _, m := range answer.messages {
			earlier[m.topic] = m.sequence
		}
	}
	return earlier, nil
}

// topic reads one topic. The event before the place is asked for together with what
// comes after the place: if the answer has it, the topic is whole.
func (r *topicRead) topic(ctx context.Context, topic string, before, last uint64, limit, bytes int, whole bool) ([]message, error) {
	name := subject(r.store.options.Stream, topic)
	from := r.after + 1
	if before > 0 {
		from, limit = before, limit+1
	}
	answer, err := r.ask(ctx, map[string]any{"seq": from, "next_by_subj": name, "batch": limit, "max_bytes": bytes})
	if err != nil {
		return nil, err
	}
	messages := answer.messages
	if len(messages) > 0 && messages[0].sequence == before {
		if messages = messages[1:]; len(messages) == 0 { // it alone has filled the answer
			return r.oneAfter(ctx, name, before)
		}
	} else if whole && r.reached(len(messages)+int(answer.pending)) {
		return nil, &store.GapError{Reason: store.Trimmed}
	}
	if len(messages) == 0 || answer.pending == 0 && messages[len(messages)-1].sequence < last {
		return nil, errMoved // a replica that has not got that far yet, or the last event was dropped meanwhile
	}
	return messages, nil
}

// oneAfter reads the event after one that is so large that there was no room for
// another.
func (r *topicRead) oneAfter(ctx context.Context, name string, before uint64) ([]message, error) {
	answer, err := r.ask(ctx, map[string]any{"seq": before, "next_by_subj": name, "batch": 2})
	if err != nil {
		return nil, err
	}
	if len(answer.messages) < 2 || answer.messages[0].sequence != before {
		return nil, errMoved
	}
	return answer.messages[1:], nil
}

// reached reports whether a topic with so many events may have had more.
func (r *topicRead) reached(count int) bool {
	return int64(count) >= r.state.config.MaxMsgsPerSubject
}

// answer is that to one question: messages, how many more the server has that fit, and
// the end of its copy of the stream if it has told that.
type answer struct {
	messages []message
	pending  uint64
	upTo     uint64
}

// ask reads a whole answer.
func (r *topicRead) ask(ctx context.Context, question map[string]any) (a answer, err error) {
	end, err := r.store.ask(ctx, r.store.options.Stream, question, func(m message) bool {
		a.messages = append(a.messages, m)
		return true
	})
	if err != nil {
		return a, explain("the stream cannot be read", err)
	}
	a.pending, _ = strconv.ParseUint(end.Get("Nats-Num-Pending"), 10, 64)
	a.upTo, _ = strconv.ParseUint(end.Get("Nats-UpTo-Sequence"), 10, 64)
	return a, nil
}
