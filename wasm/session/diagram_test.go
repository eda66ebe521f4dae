package session

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// diagrams returns the drawings of the README, in their order.
func diagrams(t *testing.T) []string {
	t.Helper()
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, found := range regexp.MustCompile("(?s)```mermaid\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		all = append(all, found[1])
	}
	if len(all) != 3 {
		t.Fatalf("README.md has %d diagrams, want the states and two wakes", len(all))
	}
	return all
}

// TestStateDiagram: random inputs take sessions through all transitions that the
// README draws, and through no others.
func TestStateDiagram(t *testing.T) {
	drawn := map[string]bool{}
	for line := range strings.Lines(diagrams(t)[0]) {
		if from, to, is := strings.Cut(line, "-->"); is {
			to, _, _ := strings.Cut(to, ":")
			drawn[strings.TrimSpace(from)+" to "+strings.TrimSpace(to)] = true
		}
	}
	delete(drawn, "[*] to stopped")
	happened := map[string]bool{}
	for seed := range uint64(6000) {
		wander(t, seed, 100, func(from, to StateName) { happened[fmt.Sprint(from, " to ", to)] = true })
	}
	for _, one := range slices.Sorted(maps.Keys(happened)) {
		if !drawn[one] {
			t.Errorf("it happens, and README.md does not draw it: %s", one)
		}
	}
	for _, one := range slices.Sorted(maps.Keys(drawn)) {
		if !happened[one] {
			t.Errorf("README.md draws it, and it never happens: %s", one)
		}
	}
}

// wander hands random inputs to a session, and tells of its changes of state.
func wander(t *testing.T, seed uint64, steps int, changed func(from, to StateName)) {
	random := rand.New(rand.NewPCG(seed, 1))
	yes := func() bool { return random.IntN(2) == 0 }
	opt := Defaults()
	opt.Online, opt.Visible = random.IntN(4) > 0, yes()
	s, err := New(opt, random.Float64)
	if err != nil {
		t.Fatal(err)
	}
	now, state, newest := Instant{Wall: wallStart}, Stopped, 0
	for range steps {
		step := time.Duration(random.ExpFloat64() * float64(400*time.Millisecond))
		if at, ok := s.Deadline(); ok && yes() {
			step = max(0, at-now.Mono)
		}
		now.Mono += step
		now.Wall += step
		if random.IntN(40) == 0 {
			now.Wall += time.Duration(random.IntN(100)) * time.Second
		}
		generation := newest - random.IntN(2)
		var in Input = Tick{}
		switch random.IntN(40) {
		case 0, 1:
			in = Start{}
		case 2:
			in = Stop{}
		case 3:
			in = Reconnect{}
		case 4:
			in = Away{}
		case 5:
			in = Wake{}
		case 6:
			in = Network{}
		case 7:
			in = Visible{yes()}
		case 8, 9:
			in = Online{yes()}
		case 10:
			in = URLFailed{Generation: generation}
		case 11, 12:
			in = Closed{Generation: generation, Code: []int{1006, 1012, 4401, 4403}[random.IntN(4)]}
		case 13, 14, 15, 16:
			in = URLReady{generation}
		case 17, 18, 19, 20:
			in = Opened{generation}
		case 21, 22, 23, 24:
			in = Hello{Generation: generation, Resumed: true, Position: s.Cursor(), Live: yes()}
		case 25, 26, 27:
			in = Position{Generation: generation, Position: "p", Live: random.IntN(4) > 0}
		case 28, 29, 30:
			in = Pong{generation}
		case 31, 32:
			in = Events{Generation: generation, IDs: []string{fmt.Sprint("e-", random.IntN(50))}}
		}
		for _, e := range s.Handle(now, in) {
			switch e := e.(type) {
			case Dial:
				newest = e.Generation
			case State:
				if e.Name != state {
					changed(state, e.Name)
				}
				state = e.Name
			}
		}
	}
}

// TestWakeDiagrams plays the two wakes of the README, and compares what is drawn
// with what is done.
func TestWakeDiagrams(t *testing.T) {
	drawn := diagrams(t)[1:]
	for i, play := range []func(*drawing){
		func(d *drawing) {
			d.in(Visible{true})
			d.run(40 * ms)
			d.in(Pong{1})
		},
		func(d *drawing) {
			d.sleep(2 * time.Minute)
			d.in(Wake{})
			d.in(URLReady{2})
			d.run(50 * ms)
			d.in(Opened{2})
			d.in(Hello{Generation: 2, Resumed: true, Position: "e-0"})
			d.in(Events{Generation: 2, IDs: []string{"e-1", "e-2"}})
			d.in(Position{Generation: 2, Position: "e-2", Live: true})
		},
	} {
		d := &drawing{world: newWorld(t, nil).live()}
		d.begin = d.now.Mono
		play(d)
		want := "sequenceDiagram\n    participant P as browser and shim\n    participant S as session\n" + d.text.String()
		if drawn[i] != want {
			t.Errorf("README.md draws wake %d so:\n%s\nit happens so:\n%s", i+1, drawn[i], want)
		}
	}
}

// drawing is a world that draws what happens in it.
type drawing struct {
	*world
	begin time.Duration
	text  strings.Builder
}

func (d *drawing) in(in Input) {
	name := strings.TrimPrefix(fmt.Sprintf("%T", in), "session.")
	switch in := in.(type) {
	case Events:
		name += fmt.Sprint(" ", in.IDs)
	case Position:
		name += map[bool]string{true: " (live)"}[in.Live]
	}
	fmt.Fprintf(&d.text, "    P->>S: %v: %s\n", d.now.Mono-d.begin, name)
	d.world.watch = func(_ Input, e Effect) {
		text := describe(e, d.now.Wall)
		switch e := e.(type) {
		case Deliver:
			text = fmt.Sprintf("deliver %d, cursor %s", len(e.Mask), e.Cursor)
		case State:
			text = "state " + text
		}
		if text != "" {
			fmt.Fprintf(&d.text, "    S->>P: %s\n", text)
		}
	}
	d.do(in)
}
