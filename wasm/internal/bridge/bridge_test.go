//go:build js && wasm

package bridge

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/hack-pad/safejs"

	"github.com/wakesocket/wakesocket/wasm/session"
	"github.com/wakesocket/wakesocket/wasm/wire"
)

// values makes what JavaScript passes; nil is undefined.
func values(t *testing.T, given ...any) (list []safejs.Value) {
	t.Helper()
	for _, one := range given {
		value := safejs.Undefined()
		if one != nil {
			var err error
			if value, err = safejs.ValueOf(one); err != nil {
				t.Fatal(err)
			}
		}
		list = append(list, value)
	}
	return list
}

// opcode finds the number of an input.
func opcode(t *testing.T, wanted session.Input) int {
	t.Helper()
	for op := range 100 {
		if got := input(op, &arguments{}); reflect.TypeOf(got) == reflect.TypeOf(wanted) {
			return op
		}
	}
	t.Fatalf("no opcode for %T", wanted)
	return 0
}

func TestArguments(t *testing.T) {
	for _, test := range []struct {
		name  string
		given []any
		read  func(*arguments) any
		want  any
		err   string
	}{
		{"a number", []any{7}, func(a *arguments) any { return a.int() }, 7, ""},
		{"a number that is a text", []any{"7"}, func(a *arguments) any { return a.int() }, 0, "client.wasm: argument 1: "},
		{"a truth", []any{true}, func(a *arguments) any { return a.bool() }, true, ""},
		{"a text", []any{"a"}, func(a *arguments) any { return a.text() }, "a", ""},
		{"a text that is a number", []any{1}, func(a *arguments) any { return a.text() }, "", "argument 1: a string is wanted, not number"},
		{"the second of two", []any{1, 2}, func(a *arguments) any { return []int{a.int(), a.int()} }, []int{1, 2}, ""},
		{"an error at the second", []any{1, "x"}, func(a *arguments) any { return []int{a.int(), a.int()} }, []int{1, 0}, "argument 2: "},
		{"the first error stays", []any{1, 2}, func(a *arguments) any { return a.text() + a.text() }, "", "argument 1: "},
		{"one that is missing", nil, func(a *arguments) any { return a.text() }, "", "a string is wanted, not undefined"},
		{"milliseconds", []any{1.5}, func(a *arguments) any { return a.duration() }, 1500 * time.Microsecond, ""},
		{"no list", []any{0, ""}, func(a *arguments) any { return a.texts() }, []string(nil), ""},
		{"a list", []any{2, "a\nb"}, func(a *arguments) any { return a.texts() }, []string{"a", "b"}, ""},
		{"a list of one empty text", []any{1, ""}, func(a *arguments) any { return a.texts() }, []string{""}, ""},
		{"a list with a line break in an item", []any{2, "a\nb\nc"}, func(a *arguments) any { return a.texts() }, []string{"a", "b", "c"}, "a list of 2 came as 3 lines"},
		{"durations", []any{2, "1500\n3"}, func(a *arguments) any { return a.durations() }, []time.Duration{1500 * time.Microsecond, 3 * time.Microsecond}, ""},
		{"a duration that is no number", []any{1, "soon"}, func(a *arguments) any { return a.durations() }, []time.Duration{0}, `"soon"`},
		{"no gap", []any{nil, 5}, func(a *arguments) any { return []any{a.gap() == nil, a.int()} }, []any{true, 5}, ""},
		{"a gap", []any{"a", "b", "c"}, func(a *arguments) any { return *a.gap() }, session.Gap{After: "a", Earliest: "b", Reason: "c"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			args := &arguments{values: values(t, test.given...)}
			if got := test.read(args); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %#v, want %#v", got, test.want)
			}
			if test.err == "" && args.err != nil || test.err != "" && (args.err == nil || !strings.Contains(args.err.Error(), test.err)) {
				t.Errorf("error %v, want %q", args.err, test.err)
			}
		})
	}
}

func TestOptions(t *testing.T) {
	read := func(given map[string]any) (session.Options, error) {
		object := properties{object: values(t, given)[0]}
		options := readOptions(&object)
		return options, object.args.err
	}
	want := session.Defaults()
	if got, err := read(map[string]any{}); err != nil || got != want {
		t.Errorf("without options: %+v, %v", got, err)
	}
	want.Heartbeat, want.After, want.Visible = 2*time.Second, "a-1", !want.Visible
	got, err := read(map[string]any{"heartbeat": 2000, "after": "a-1", "visible": want.Visible})
	if err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := read(map[string]any{"heartbeat": "soon"}); err == nil {
		t.Error("a heartbeat that is a text is accepted")
	}
}

// page calls the bridge as the shim does.
type page struct {
	t   *testing.T
	now int // ms
	*bridge
}

func newPage(t *testing.T) page { return page{t, 0, &bridge{sessions: map[int]*entry{}}} }

func (p page) call(serve func(*arguments) any, given ...any) any {
	p.t.Helper()
	return guarded(serve)(safejs.Undefined(), values(p.t, given...))
}

// step returns the effects by type.
func (p page) step(number, ms int, in session.Input, more ...any) map[string]map[string]any {
	p.t.Helper()
	given := append([]any{number, ms, ms, opcode(p.t, in)}, more...)
	byType := map[string]map[string]any{}
	switch result := p.call(p.bridge.step, given...).(type) {
	case safejs.Value:
	case []any:
		for _, effect := range result {
			fields := effect.(map[string]any)
			byType[fields["type"].(string)] = fields
		}
	default:
		p.t.Fatalf("%T: %v", in, result)
	}
	return byType
}

func TestSessionsHaveNumbers(t *testing.T) {
	p := newPage(t)
	for _, want := range []int{1, 2} {
		if got := p.call(p.open, map[string]any{}); got != want {
			t.Fatalf("open gives %v, want %d", got, want)
		}
	}
	if got := p.call(p.open, map[string]any{"heartbeat": -1}); !strings.Contains(fmt.Sprint(got), "heartbeat is -1 ms") {
		t.Errorf("an option that cannot be used: %v", got)
	}
	if got := p.call(p.open, map[string]any{"after": 1}); !strings.Contains(fmt.Sprint(got), "a string is wanted") {
		t.Errorf("an option of another type: %v", got)
	}
	if dial := p.step(2, 0, session.Start{})["dial"]; dial["generation"] != 1 || dial["attempt"] != 0 {
		t.Errorf("the second session dials %v", dial)
	}
	p.call(p.drop, 2)
	if effects := p.step(2, 1, session.Tick{}); len(effects) > 0 {
		t.Errorf("a session that was dropped does %v", effects)
	}
	if dial := p.step(1, 1, session.Start{})["dial"]; dial["generation"] != 1 {
		t.Errorf("the first session dials %v", dial)
	}
	if effects := p.step(1, 2, session.Start{}); len(effects) > 0 {
		t.Errorf("a start while running does %v", effects)
	}
}

// The shim has one timer for each session: it is told when that has to change, and
// only then.
func TestTimer(t *testing.T) {
	p := newPage(t)
	p.call(p.open, map[string]any{"visible": true, "online": true})
	for _, step := range []struct {
		name  string
		in    session.Input
		more  []any
		at    int // ms; 0: the timer stays as it is
		every int
	}{
		{"a dial", session.Start{}, nil, 10_001, 500},
		{"an input that changes nothing", session.URLFailed{}, []any{7, ""}, 0, 0},
		{"a tick before its time is the end of the timer, too", session.Tick{}, nil, 10_001, 500},
		{"an open socket", session.Opened{}, []any{1}, 5004, 500},
		{"its first frame: the next is a ping", session.Pong{}, []any{1}, 5005, 500},
		{"events put the ping off", session.Events{}, []any{1, 1, "e-1", 0, ""}, 0, 0},
		{"and other frames, too", session.Frame{}, []any{1}, 0, 0},
		{"a timer that has fired", session.Tick{}, nil, 5007, 500},
		{"a hidden page is not watched", session.Visible{}, []any{false}, 25_004, 0},
		{"a page in the cache has no timer", session.Away{}, nil, -1, 0},
		{"a page that is still away", session.Away{}, nil, 0, 0},
		{"a page that is back dials", session.Wake{}, nil, 10_012, 0},
		{"a stop", session.Stop{}, nil, -1, 0},
		{"another one", session.Stop{}, nil, 0, 0},
	} {
		t.Run(step.name, func(t *testing.T) {
			p.t = t
			p.now++
			got := p.step(1, p.now, step.in, step.more...)["timer"]
			switch {
			case step.at == 0 && got != nil:
				t.Errorf("the timer is set: %v", got)
			case step.at != 0 && got == nil:
				t.Error("the timer stays as it is")
			case step.at != 0 && (got["at"] != float64(step.at) || got["every"] != float64(step.every)):
				t.Errorf("%v, want at %d, every %d", got, step.at, step.every)
			}
		})
	}
}

// Data never make the shim set its timer for later, but do for sooner.
func TestTimerAfterData(t *testing.T) {
	for name, c := range map[string]struct {
		before alarm
		data   bool
		told   bool
	}{
		"it would come a little early":         {alarm{time.Second, 500 * time.Millisecond}, true, false},
		"it would, and these are no data":      {alarm{time.Second, 500 * time.Millisecond}, false, true},
		"it would come too late":               {alarm{time.Hour, 500 * time.Millisecond}, true, true},
		"there is none":                        {unset, true, true},
		"the clocks are looked at too rarely":  {alarm{time.Second, time.Hour}, true, true},
		"it is right":                          {alarm{10 * time.Second, 500 * time.Millisecond}, false, false},
		"it is right, and data leave it alone": {alarm{10 * time.Second, 500 * time.Millisecond}, true, false},
	} {
		opt := session.Defaults()
		opt.Visible, opt.Online = true, true
		s, err := session.New(opt, func() float64 { return 0 })
		if err != nil {
			t.Fatal(err)
		}
		s.Handle(session.Instant{Wall: time.Hour}, session.Start{})
		e := &entry{session: s, timer: c.before}
		if _, told := e.rearm(c.data); told != c.told {
			t.Errorf("%s: told %v", name, told)
		}
		if want := (alarm{10 * time.Second, 500 * time.Millisecond}); c.told && e.timer != want {
			t.Errorf("%s: %v, want %v", name, e.timer, want)
		}
	}
}

// Four seconds without an input are a sleep for a visible page that looks at its
// clocks each half second, unless it tells of the last look.
func TestLooked(t *testing.T) {
	for _, looked := range []bool{true, false} {
		p := newPage(t)
		p.call(p.open, map[string]any{"visible": true, "online": true})
		p.step(1, 0, session.Start{})
		given := []any{1, 4000, 4000, opcode(t, session.Tick{})}
		if looked {
			given = []any{1, 3900, 3900, opcode(t, session.Looked{}), 4000, 4000, opcode(t, session.Tick{})}
		}
		effects := fmt.Sprint(p.call(p.bridge.step, given...))
		if strings.Contains(effects, "type:dial") == looked {
			t.Errorf("looked: %v, effects: %s", looked, effects)
		}
	}
}

func TestWhatCannotBeReadIsTextForThePage(t *testing.T) {
	p := newPage(t)
	p.call(p.open, map[string]any{})
	for name, result := range map[string]any{
		"unknown opcode 99": p.call(p.bridge.step, 1, 0, 0, 99),
		"argument 5":        p.call(p.bridge.step, 1, 0, 0, opcode(t, session.Opened{}), "one"),
		"panicked: a bug":   p.call(func(*arguments) any { panic("a bug") }),
		"argument 1":        p.call(p.drop, "one"),
	} {
		if text, ok := result.(string); !ok || !strings.Contains(text, name) {
			t.Errorf("%v, want a text with %q", result, name)
		}
	}
	if effects := p.step(1, 0, session.Start{}); effects["dial"] == nil {
		t.Errorf("the session is no longer of use: %v", effects)
	}
}

func TestEffects(t *testing.T) {
	if got := encode(nil); got != nil {
		t.Errorf("no effects are %v", got)
	}
	for want, effect := range map[string]session.Effect{
		"map[cursor:a-3 held:2 mask:101 type:deliver]": session.Deliver{Mask: []bool{true, false, true}, Held: 2, Cursor: "a-3"},
		"map[smoothed:1.5 type:rtt]":                   session.RTT{Smoothed: 1500 * time.Microsecond},
		"map[after:a attempt:2 fresh:true generation:3 previous: type:dial]": session.Dial{
			Generation: 3, After: "a", Fresh: true, Attempt: 2},
	} {
		if got := fmt.Sprint(encode([]session.Effect{effect})[0]); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	lost := &wire.Previous{Cause: wire.Causes[0], Up: time.Second, Down: 2 * time.Second}
	if got := object(session.Dial{Previous: lost})["previous"]; got != lost.String() || got == "" {
		t.Errorf("the previous connection is %q", got)
	}
}

func TestRunRegistersWithTheShim(t *testing.T) {
	global := safejs.Global()
	if err := Run(); err == nil {
		t.Error("without a shim, nothing is told")
	}
	registered := make(chan safejs.Value, 1)
	ready, err := safejs.FuncOf(func(_ safejs.Value, args []safejs.Value) any {
		registered <- args[0]
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := global.Set("wakesocket", map[string]any{"ready": ready}); err != nil {
		t.Fatal(err)
	}
	go Run() // it never returns
	api := <-registered
	number, err := api.Call("open", map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	effects, err := api.Call("step", number, 0, 0, opcode(t, session.Start{}))
	if err != nil {
		t.Fatal(err)
	}
	if count, err := effects.Length(); err != nil || count == 0 {
		t.Errorf("%d effects of a start, %v", count, err)
	}
	if _, err := api.Call("drop", number); err != nil {
		t.Error(err)
	}
}
