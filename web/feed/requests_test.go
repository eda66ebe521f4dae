package feed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

// A request for earlier events changes no topics, whatever the client follows.
func TestHistoryChangesNoTopics(t *testing.T) {
	s := serve(t, Options{}).ready()
	for _, query := range []string{"", "topic=a&topic=b"} {
		p := s.knowing("", query)
		p.send(`{"wakesocket":"history","n":1,"topic":"a"}`)
		p.answered(1)
		s.publish("a", 1, 1)
		s.publish("b", 2, 2)
		p.readEvents(2)
		p.expect(1, 2)
	}
}

// A client that follows everything may add topics: it goes on with everything.
func TestAddToEverything(t *testing.T) {
	s := serve(t, Options{}).ready()
	p := s.knowing("")
	p.followed(`{"wakesocket":"add","n":1,"topics":["a"]}`, 1)
	s.publish("b", 1, 1)
	s.publish("a", 2, 2)
	p.readEvents(2)
	p.expect(1, 2)
}

// A topic of which only the newest events came brings every event when it is added
// without a time.
func TestAddEndsConflation(t *testing.T) {
	s := serve(t, Options{}).ready()
	p := s.knowing("", "topic=a", "latest=3600000,a")
	first := s.publish("a", 1, 1)
	p.readNewest("a " + first[0])
	p.followed(`{"wakesocket":"add","n":1,"topics":["a"]}`, 1)
	s.publish("a", 2, 4)
	p.readEvents(3)
	p.expect(2, 4)
	if len(newestOf(p)) != 1 {
		t.Errorf("%v", newestOf(p))
	}
}

// Only requests with a number are answered.
func TestRequestWithoutANumber(t *testing.T) {
	s := serve(t, Options{}).ready()
	p := s.knowing("", "topic=a")
	p.send(`{"wakesocket":"add","topics":["b"]}`)
	p.send(`{"wakesocket":"topics","topics":["b","c"]}`)
	p.followed(`{"wakesocket":"remove","n":1,"topics":["c"]}`, 1)
	if len(p.controls) != 1 {
		t.Errorf("%q", p.controls)
	}
}

// The newest event of each topic that is added comes, however many there are.
func TestNewestOfManyTopicsThatAreAdded(t *testing.T) {
	const topics = 400
	s := serve(t, Options{MaxTopics: 1000}).ready()
	data := []byte(`"` + strings.Repeat("x", 900) + `"`)
	var names []string
	last := ""
	for n := range topics {
		at, err := s.Publish(context.Background(), fmt.Sprint("t.", n), data)
		if err != nil {
			t.Fatal(err)
		}
		names, last = append(names, fmt.Sprintf(`"t.%d"`, n)), at
	}
	s.settle(last)
	p := s.knowing("", "topic=none")
	p.followed(fmt.Sprintf(`{"wakesocket":"add","n":1,"topics":[%s],"last":1}`, strings.Join(names, ",")), 1)
	got := 0
	for _, answer := range p.histories() {
		got += len(answer.Events)
	}
	if got != topics {
		t.Errorf("%d events of %d topics", got, topics)
	}
}

// A gap in topics that have had no events since names no earliest event.
func TestGapWithoutAnEarliestEvent(t *testing.T) {
	s := serve(t, Options{}).ready()
	s.settle(s.publish("a", 1, 3)[2])
	p := s.knowing("", "topic=none")
	if f := p.followed(`{"wakesocket":"add","n":1,"topics":["quiet"],"after":"x-1"}`, 1); f.Gap == nil || f.Gap.Earliest != "" {
		t.Errorf("%+v", f.Gap)
	}
}

// faulty is a log whose reads fail in a way that the test chooses.
type faulty struct {
	*memory.Store
	err atomic.Pointer[error]
}

func (f *faulty) After(ctx context.Context, id store.ID, n int) ([]store.Event, error) {
	if err := f.err.Load(); err != nil {
		return nil, *err
	}
	return f.Store.After(ctx, id, n)
}

// tally counts what was refused, and what failed.
type tally struct {
	NoObserver
	mu       sync.Mutex
	messages []string
	resumes  []string
	failures int
}

func (o *tally) note(list *[]string, what string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	*list = append(*list, what)
}

func (o *tally) MessageRefused(code string) { o.note(&o.messages, code) }
func (o *tally) Connected(resume string)    { o.note(&o.resumes, resume) }
func (o *tally) StoreFailed(string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.failures++
}

func (o *tally) take() (messages, resumes string, failures int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	messages, resumes, failures = strings.Join(o.messages, " "), strings.Join(o.resumes, " "), o.failures
	o.messages, o.resumes, o.failures = nil, nil, 0
	return messages, resumes, failures
}

// A request that cannot be answered since the log cannot be read is refused and counted;
// the topics are followed all the same.
func TestRequestsWithoutALog(t *testing.T) {
	log, seen := &faulty{Store: memory.New(memory.Options{})}, &tally{}
	s := serve(t, Options{Store: log, Ring: 2, Observer: seen}).ready()
	ids := s.publish("a", 1, 9)
	s.settle(ids[8])
	p := s.knowing("", "topic=none")
	n := 0
	for _, test := range []struct {
		err    error
		failed int
	}{
		{errors.New("no route to the log"), 1},
		{&store.GapError{Reason: store.Trimmed}, 0},
		{errBusy, 0},
	} {
		log.err.Store(&test.err)
		for _, request := range []string{`"history","topic":"a"`, `"add","topics":["b"],"last":9`} {
			n++
			seen.take()
			p.errors, p.controls = nil, nil
			p.send(fmt.Sprintf(`{"wakesocket":%s,"n":%d}`, request, n))
			var told wire.Error
			if err := json.Unmarshal([]byte(p.answered(n)), &told); err != nil || told.Code != wire.ErrorUnavailable || told.Number != int64(n) {
				t.Errorf("%v: %s is answered by %+v", test.err, request, told)
			}
			if messages, _, failures := seen.take(); messages != wire.ErrorUnavailable || failures != test.failed {
				t.Errorf("%v: %s: %q and %d failures are counted", test.err, request, messages, failures)
			}
		}
	}
	s.publish("b", 10, 10)
	p.readEvents(1)
	p.expect(10, 10)
}

// What clients begin with, and what is refused of them, is counted by kind.
func TestWhatIsCounted(t *testing.T) {
	seen := &tally{}
	s := serve(t, Options{Observer: seen}).ready()
	first := s.publish("a", 1, 1)[0]
	s.settle(first)
	for after, want := range map[string]string{
		"": resumeFresh, first: resumeExact, "x-1": "gap_" + wire.GapEpoch, "?": "gap_" + wire.GapInvalid,
	} {
		s.knowing(after)
		if _, resumes, _ := seen.take(); resumes != want {
			t.Errorf("after %q: %q is counted", after, resumes)
		}
	}
	p := s.knowing("", "topic=a")
	p.send(`{"wakesocket":"add","n":1,"topics":["*"]}`)
	p.readUntil("an error comes", func() bool { return len(p.errors) == 1 })
	if messages, _, _ := seen.take(); messages != wire.ErrorInvalid || len(s.log.with("message refused")) != 1 {
		t.Errorf("%q is counted, and logged: %v", messages, s.log.with("message refused"))
	}
}
