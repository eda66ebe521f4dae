package snapshot

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

const (
	noneOfThisFeed = `its position "f-5" is none of this feed, which is at "e-5"; At must be read from the log of this feed, before the state`
	tooOld         = `its position "e-4" is older than the server's log; hand out newer states, or keep a longer log`
	cannotGoOn     = `the server cannot go on after its position "%s" (%s); At must be a position of this feed, read before the state`
	noPosition     = `it came without a position; set At to the position that the server read before the state`
)

func TestStories(t *testing.T) {
	for name, c := range map[string]struct {
		options
		story []tell
	}{
		"the first event is included": {story: []tell{
			{started, "load start"},
			{"event e-6, event e-8", ""},
			{"answer e-6", "give e-6 s start, held e-8"},
			{"event e-9", "event e-9"},
		}},
		"no event is included": {story: []tell{
			{started + ", event e-6, event e-8, answer e-5", "load start, give e-5 s start, held e-6, held e-8"},
		}},
		"a position between two events": {story: []tell{
			{started + ", event e-6, event e-8, answer e-7", "load start, give e-7 s start, held e-8"},
		}},
		"all events are included": {story: []tell{
			{started + ", event e-6, event e-8, answer e-8", "load start, give e-8 s start"},
		}},
		"with a cursor there is no snapshot at the start": {options: options{after: "e-5"}, story: []tell{
			{"start, event e-6, pass 100s", "event e-6"},
		}},
		"the feed goes back": {story: []tell{
			{started + ", event e-6, answer e-4", "load start, resume e-4"},
			{"down, event e-5", "give e-4 s start, event e-5"},
			{"event e-6", "event e-6"},
		}},
		"after going back, a live feed without events fits, too": {story: []tell{
			{started + ", answer e-4", "load start, resume e-4"},
			{"live", "give e-4 s start"},
			{"event e-5", "event e-5"},
		}},
		"of a server that chooses, newest events come from the snapshot on": {options: options{choose: true}, story: []tell{
			{started + ", newest, event e-6, answer e-6", "load start, false, resume e-6"},
			{"down, newest, event e-7, newest", "give e-6 s start, true, event e-7, true"},
			{"gap trimmed", "true"},
			{"newest, pass 1s, moved e-8, live, answer e-9, newest", "false, load trimmed, ask, false"},
			{"moved e-9", "resume e-9"},
			{"live, newest", "give e-9 s trimmed, true"},
			{"request, newest", "false"},
		}},
		"of a server that chooses, a later position is waited for": {options: options{choose: true}, story: []tell{
			{started + ", answer e-7", "load start, ask"},
			{"event e-6", ""},
			{"event e-7", "resume e-7"},
		}},
		"with a cursor newest events come at once": {options: options{choose: true, after: "e-5"}, story: []tell{
			{"start, newest, event e-6", "true, event e-6"},
		}},
		"going back to what the log no longer has": {story: []tell{
			{started + ", answer e-4, gap trimmed", "load start, resume e-4, failed 1 1s " + tooOld + ", false"},
			{"pass 999ms", ""},
			{"pass 1ms", "load start"},
			{"moved e-9, event e-10, answer e-9", "give e-9 s start, held e-10"},
		}},
		"going back to what is no position": {story: []tell{
			{started + ", answer e-4, gap invalid", "load start, resume e-4, failed 1 1s " + fmt.Sprintf(cannotGoOn, "e-4", "invalid") + ", false"},
		}},
		"a position of another epoch": {story: []tell{
			{started + ", answer f-5", "load start, failed 1 1s " + noneOfThisFeed},
		}},
		"without a connection it may be the feed that is old": {story: []tell{
			{"start, moved e-5, answer f-5", "load start, give f-5 s start"},
			{"gap epoch", "true"},
			{"pass 1s", "load epoch"},
			{"moved f-5, answer f-5", "give f-5 s epoch"},
		}},
		"what was shown without a connection is not given twice": {story: []tell{
			{"start, answer e-5", "load start, give e-5 s start"},
			{"moved e-5, event e-6", "event e-6"},
		}},
		"a snapshot that is later than the feed waits for it": {story: []tell{
			{started + ", answer e-7", "load start, ask"},
			{"event e-6, pass 999ms", ""},
			{"event e-7, event e-8", "give e-7 s start, event e-8"},
			{"pass 10s", ""},
		}},
		"a feed of few topics tells its position when it is asked": {story: []tell{
			{started + ", answer e-7, down, live, moved e-9", "load start, ask, give e-7 s start"},
		}},
		"a feed that does not come to the position asks the server for it": {story: []tell{
			{started + ", answer e-7, pass 1s", "load start, ask, resume e-7"},
			{"gap future", "failed 1 1s " + fmt.Sprintf(cannotGoOn, "e-7", "future") + ", false"},
		}},
		"a feed without a position goes on after the snapshot's": {options: options{plain: true}, story: []tell{
			{"start, live, answer 41", "load start, resume 41"},
			{"event 42", "give 41 s start, event 42"},
		}},
		"a feed without a position and without events": {options: options{plain: true}, story: []tell{
			{"start, live, answer x, live", "load start, resume x, give x s start"},
		}},
		"events without an id stay between those that have one": {story: []tell{
			{started + ", event none1, event e-6, event none2, event e-7, event none3, answer e-6", "load start, give e-6 s start, held none2, held e-7, held none3"},
		}},
		"an event without an id after a position": {story: []tell{
			{started + ", event e-6, event none1, moved e-9, answer e-8", "load start, give e-8 s start, held none1"},
		}},
		"moving without an event keeps what is held": {story: []tell{
			{started + ", event e-6, moved e-9, answer e-8", "load start, give e-8 s start"},
		}},
		"moving over the snapshot": {story: []tell{
			{started + ", moved e-9, answer e-7", "load start, give e-7 s start"},
		}},
		"a position before the first that is known": {options: options{}, story: []tell{
			{"start, moved e-5, moved e-9, live, answer e-4", "load start, resume e-4"},
		}},
		"a gap while there is a snapshot": {story: []tell{
			{started + ", answer e-5, pass 1s", "load start, give e-5 s start"},
			{"gap trimmed", "load trimmed, true"},
			{"gap epoch, pass 999ms", "true"},
			{"moved e-20, event e-21", ""},
			{"pass 1ms", "load epoch"},
			{"event e-22, answer e-21", "give e-21 s epoch, held e-22"},
		}},
		"what came before a gap does not count for what comes after it": {story: []tell{
			{started + ", pass 2s, event e-6, gap skipped, event e-9", "load start, load skipped, true"},
			{"answer e-7", "resume e-7"},
		}},
		"no position": {story: []tell{
			{started + ", answer ", "load start, failed 1 1s " + noPosition},
			{"pass 1s", "load start"},
		}},
		"a call that fails is made again, and the events meanwhile count": {story: []tell{
			{started + ", fail 503", "load start, failed 1 1s 503"},
			{"event e-6, pass 1s", "load start"},
			{"event e-7, answer e-6", "give e-6 s start, held e-7"},
			{"gap epoch, fail late, answer e-9", "true"},
		}},
		"too many events": {options: options{limits: Limits{Events: 2, Bytes: 1000}}, story: []tell{
			{started + ", pass 1s, event e-6, event e-7", "load start"},
			{"event e-8", "load overflow"},
			{"event e-10, event e-11, event e-12, event e-18, event e-19", ""},
			{"answer e-18", "resume e-18"},
			{"event e-19", "give e-18 s overflow, event e-19"},
		}},
		"too many bytes": {options: options{limits: Limits{Events: 10, Bytes: 30}}, story: []tell{
			{started + ", pass 1s, event e-6, event e-7, event e-8", "load start"},
			{"event e-9", "load overflow"},
			{"answer e-9", "give e-9 s overflow"},
		}},
		"after an overflow, a snapshot of the newest position fits at once": {options: options{limits: Limits{Events: 1, Bytes: 1000}}, story: []tell{
			{started + ", pass 1s, event e-6, event e-7, event e-8, answer e-8, event e-9", "load start, load overflow, give e-8 s overflow, event e-9"},
		}},
		"an overflow while the snapshot waits for a connection costs no second call": {options: options{limits: Limits{Events: 1, Bytes: 1000}}, story: []tell{
			{started + ", down, answer e-4, event e-6, event e-7, event e-8", "load start, give e-4 s start"},
			{"live", "resume e-4"},
		}},
		"memory counts anew for each snapshot": {options: options{limits: Limits{Events: 2, Bytes: 20}}, story: []tell{
			{started + ", event e-6, event e-7, answer e-7, pass 1s", "load start, give e-7 s start"},
			{"request, event e-8, event e-9, answer e-9", "load request, give e-9 s request"},
		}},
		"another snapshot": {story: []tell{
			{started + ", answer e-5, pass 1s, request", "load start, give e-5 s start, load request"},
			{"request", ""},
			{"event e-6, answer e-5", "give e-5 s request, held e-6"},
		}},
		"another snapshot within a second": {story: []tell{
			{started + ", answer e-5, pass 999ms, request", "load start, give e-5 s start"},
			{"pass 1ms", "load request"},
		}},
		"what was shown without a connection can be asked for again": {story: []tell{
			{"start, answer e-5, pass 1s, request", "load start, give e-5 s start, load request"},
		}},
		"who does not want to wait": {options: options{random: 0.999}, story: []tell{
			{started + ", fail 503, pass 1s, fail 503", "load start, failed 1 1s 503, load start, failed 2 1.999s 503"},
			{"hurry, pass 999ms", ""},
			{"pass 1ms", "load start"},
			{"pass 500ms, fail 503, pass 500ms, request", "failed 3 3.998s 503, load start"},
			{"hurry, pass 1s", ""},
		}},
	} {
		t.Run(name, func(t *testing.T) { play(t, newScript(c.options), c.story) })
	}
}

func TestIDsWithoutAnOrderFitWhereTheyAreEqual(t *testing.T) {
	for at, want := range map[string]string{
		"a": "load start, give a s start, held b, held c",
		"b": "load start, give b s start, held c",
		"c": "load start, give c s start",
		"z": "load start, resume z",
	} {
		play(t, newScript(options{plain: true}), []tell{{"start, event a, event b, event c, live, answer " + at, want}})
	}
}

func TestWaitsDoubleAndCallsGetMoreTime(t *testing.T) {
	limits := []time.Duration{10 * time.Second, 20 * time.Second, 40 * time.Second, time.Minute, time.Minute, time.Minute, time.Minute}
	for random, waits := range map[float64][]time.Duration{
		0:        {1, 1, 2, 4, 8, 15, 15},
		0.999999: {1, 2, 4, 8, 16, 30, 30},
	} {
		s := newScript(options{random: random})
		play(t, s, []tell{{started, "load start"}})
		for i, limit := range limits {
			text := fmt.Sprintf("it did not come within %v; the next call gets more time", limit)
			wait := waits[i] * time.Second
			if _, ok := s.RetryAt(); ok {
				t.Errorf("call %d: a next one is planned", i)
			}
			play(t, s, []tell{
				{fmt.Sprint("pass ", limit-1), ""},
				{"pass 1ns", fmt.Sprintf("failed %d %v %s", i+1, wait, text)},
			})
			if due, ok := s.RetryAt(); !ok || due != s.now+wait || !s.Pending() || s.Attempt() != i+1 || s.Failure() != text {
				t.Errorf("call %d: the next one is in %v (%v), attempt %d, failure %q", i, due-s.now, ok, s.Attempt(), s.Failure())
			}
			play(t, s, []tell{{fmt.Sprint("pass ", wait-1), ""}, {"pass 1ns", "load start"}})
		}
	}
}

func TestTheAnswerToAnEarlierCallDoesNotCount(t *testing.T) {
	s := newScript(options{})
	play(t, s, []tell{{started, "load start"}})
	first := s.calls
	play(t, s, []tell{{"pass 10s", "failed 1 1s it did not come within 10s; the next call gets more time"}})
	if s.aborts != 2 { // at the start, and now
		t.Errorf("%d calls were given up", s.aborts)
	}
	s.Loaded(first, "e-5", "late")
	play(t, s, []tell{{"pass 1s", "load start"}})
	s.Loaded(first, "e-5", "late")
	s.Failed(first, errors.New("late"))
	if !s.Pending() || s.Attempt() != 1 || len(s.lines) != 0 {
		t.Errorf("a late answer counts: %q", s.lines)
	}
	play(t, s, []tell{{"answer e-5", "give e-5 s start"}})
	if s.Pending() || s.Attempt() != 0 || s.Failure() != "" {
		t.Error("the failure outlives the snapshot")
	}
}
