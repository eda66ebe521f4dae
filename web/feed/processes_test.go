package feed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

// recorder is a log with records that fail, or are older than they are.
type recorder struct {
	*memory.Store
	older time.Duration
	err   error
	panic bool
}

func (r *recorder) PutRecord(ctx context.Context, name string, data []byte, keep time.Duration) error {
	if r.panic {
		panic("records")
	}
	if r.err != nil {
		return r.err
	}
	return r.Store.PutRecord(ctx, name, data, keep)
}

func (r *recorder) Records(ctx context.Context) ([]store.Record, error) {
	if r.panic {
		panic("records")
	}
	all, err := r.Store.Records(ctx)
	for i := range all {
		all[i].Age += r.older
	}
	return all, errors.Join(err, r.err)
}

// debugReport is what a feed serves as JSON.
func (s *server) debugReport(query string) (r Report) {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.Debug().ServeHTTP(w, httptest.NewRequest("GET", "/debug/clients?format=json&"+query, nil))
	if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil {
		s.t.Fatalf("%v: %s", err, w.Body)
	}
	return r
}

func (s *server) debugHTML() string {
	w := httptest.NewRecorder()
	s.Debug().ServeHTTP(w, httptest.NewRequest("GET", "/debug/clients", nil))
	return w.Body.String()
}

func (s *server) lose(client string, second int) {
	d := drop(second, causeReset)
	d.Client = client
	s.drops.add(&d)
}

// write writes down what the process has seen, now.
func (s *server) write() {
	s.t.Helper()
	if err := s.writeRecord(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// One view has the drops of all processes that share a store.
func TestDebugOfAllProcesses(t *testing.T) {
	log := &recorder{Store: memory.New(memory.Options{})}
	a := serve(t, Options{Store: log, Process: "a"}).ready()
	b := serve(t, Options{Store: log, Process: "b"}).ready()
	until(t, "b is heard of", func() bool { return len(a.debugReport("").Processes) == 2 }) // it writes as it starts
	a.lose("one", 1)
	b.lose("one", 2)
	b.lose("two", 3)
	b.knowing("")
	b.write()
	got := a.debugReport("")
	if got.Total != 3 || got.Connected != 1 || len(got.Drops) != 3 {
		t.Fatalf("%+v", got)
	}
	for i, want := range []string{"b two", "b one", "a one"} {
		if d := got.Drops[i]; d.Process+" "+d.Client != want {
			t.Errorf("drop %d is of %s %s, want %s", i, d.Process, d.Client, want)
		}
	}
	if got.Clients[0] != (Count{"one", 2}) {
		t.Errorf("%+v", got.Clients)
	}
	for i, want := range []Process{{Name: "a", Self: true, Drops: 1, Live: true, Answers: true}, {Name: "b", Connected: 1, Drops: 2, Live: true, Answers: true}} {
		p := got.Processes[i]
		if p.Age < 0 || p.Age > patience || p.Self && p.Age != 0 {
			t.Errorf("%s is of %v ago", p.Name, p.Age)
		}
		if p.Age = 0; p != want {
			t.Errorf("%+v, want %+v", p, want)
		}
	}
	if only := a.debugReport("process=b&client=one"); only.Total != 1 || only.Processes[0].Drops != 0 || only.Processes[1].Drops != 1 {
		t.Errorf("%+v", only)
	}

	// A process that has ended is shown for a while, and not counted.
	log.older = recordLate
	if got := a.debugReport(""); got.Processes[1].Answers || got.Connected != 0 || got.Total != 3 {
		t.Errorf("%+v", got)
	}
	if page := a.debugHTML(); !strings.Contains(page, "no answer for 3") || !strings.Contains(page, `href="?process=b"`) {
		t.Error(page)
	}
	log.older = 0
	unread, err := processRecord{Process: "c"}.encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := log.PutRecord(t.Context(), "c", unread, time.Minute); err != nil {
		t.Fatal(err)
	}
	if page := a.debugHTML(); !strings.Contains(page, "cannot be read") {
		t.Error(page)
	}
}

// The process that serves the page comes first, then those that answer.
func TestCountDrops(t *testing.T) {
	all := []Process{{Name: "z", Self: true, Answers: true}, {Name: "a"}, {Name: "c", Answers: true, Age: 2}, {Name: "b", Answers: true}, {Name: "c", Answers: true, Age: 1}}
	countDrops(all, []Drop{{source: 1}, {source: 2}, {source: 4}, {source: 4}})
	var got []string
	for _, p := range all {
		got = append(got, fmt.Sprint(p.Name, p.Drops))
	}
	if want := []string{"z0", "b0", "c2", "c1", "a1"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// Records that cannot be written or read cost only themselves, and three readers are
// told: the page, the log and the metrics.
func TestRecordsFail(t *testing.T) {
	for name, log := range map[string]*recorder{
		"error": {Store: memory.New(memory.Options{}), err: errors.New("no rights")},
		"panic": {Store: memory.New(memory.Options{}), panic: true},
	} {
		t.Run(name, func(t *testing.T) {
			seen := &noted{}
			s := serve(t, Options{Store: log, Observer: seen}).ready()
			until(t, "the log tells of it", func() bool {
				return len(s.log.with("what this process has seen cannot be written beside the log; Debug of other processes lacks it")) == 1
			})
			s.lose("one", 1)
			page := s.debugHTML()
			if !strings.Contains(page, "what other processes have seen cannot be read") || !strings.Contains(page, "counts the 1 latest") {
				t.Error(page)
			}
			if len(s.log.with("what other processes have written beside the log cannot be read")) == 0 {
				t.Error("the log does not say why")
			}
			if seen.failures(operationRecords) < 2 {
				t.Errorf("%d failures were counted", seen.failures(operationRecords))
			}
		})
	}
}

// A record that this program does not understand is told of.
func TestUnknownRecord(t *testing.T) {
	log := memory.New(memory.Options{})
	s := serve(t, Options{Store: log}).ready()
	until(t, "the feed has written", func() bool { r, _ := log.Records(t.Context()); return len(r) == 1 })
	whole, err := processRecord{Process: "x"}.encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range []string{"", "text", string(whole[:len(whole)-9])} {
		if err := log.PutRecord(t.Context(), "other", []byte(data), time.Minute); err != nil {
			t.Fatal(err)
		}
		if got := s.debugReport("").Processes; len(got) != 2 || got[1].Name != "other" || got[1].Problem == "" || got[1].Answers {
			t.Errorf("%q: %+v", data, got)
		}
	}
}

// A store without records serves its own process only.
func TestDebugWithoutRecords(t *testing.T) {
	s := serve(t, Options{Store: struct{ store.Store }{memory.New(memory.Options{})}}).ready()
	if s.records != nil {
		t.Error("the store keeps records")
	}
	if got := s.debugReport("").Processes; len(got) != 1 || got[0].Name != processName() {
		t.Errorf("%+v", got)
	}
}

// The latest drops fit into a record; what does not fit is left out.
func TestRecordFits(t *testing.T) {
	d := newDrops()
	for n := range 3 * recordDrops {
		one := drop(n, causeReset)
		one.Client = fmt.Sprint("c", n%(2*recordDrops))
		d.add(&one)
	}
	latest := d.latest(recordDrops)
	if len(latest) != recordDrops {
		t.Fatalf("%d drops", len(latest))
	}
	for i, one := range latest {
		if want := int64(3*recordDrops - 1 - i); one.Time.Unix() != want {
			t.Fatalf("drop %d is of second %d, want %d", i, one.Time.Unix(), want)
		}
	}
	if few := newDrops(); len(few.latest(5)) != 0 {
		t.Error("there are no drops")
	}
	data, err := processRecord{Drops: latest}.encode()
	if back, _ := decodeRecord(data); err != nil || len(back.Drops) != recordDrops {
		t.Errorf("%d drops, %v", len(back.Drops), err)
	}
	for i := range latest { // text that cannot be packed
		var b strings.Builder
		for range 40 {
			b.WriteString(store.NewEpoch())
		}
		latest[i].Client = b.String()
	}
	if data, err = (processRecord{Drops: latest}).encode(); err != nil || len(data) > store.MaxRecord {
		t.Errorf("%d bytes, %v", len(data), err)
	}
	if back, err := decodeRecord(data); err != nil || len(back.Drops) != recordDrops/2 || !back.Drops[0].Time.Equal(latest[0].Time) {
		t.Errorf("%d drops, %v", len(back.Drops), err)
	}
}
