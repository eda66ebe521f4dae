package herd

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// part makes a test of a scenario: 2,000 clients instead of 100,000.
const part = 50

func TestTheHerdComesBackInOrder(t *testing.T) {
	for _, s := range Scenarios {
		t.Run(s.Name, func(t *testing.T) {
			s := s.Small(part)
			var best Result
			least := s.Clients
			for _, r := range RunAll([]Scenario{s}, 1)[0] {
				t.Logf("%-26s %5.1f attempts, %d wasted, %d turned away, peak %d, back %s", r.Way, r.Attempts, r.Wasted, r.Refused, r.Peak, r.back(s))
				if r.Way == "wakesocket" {
					best = r
				} else if r.Missing == 0 {
					least = min(least, r.Peak)
				}
			}
			if best.Missing > 0 || best.Wasted > 0 {
				t.Errorf("%d clients are missing, %d handshakes were wasted", best.Missing, best.Wasted)
			}
			if chance := s.Name == "laptops at 9:00"; !chance && best.Peak > least { // where people are the peak, it is the same for all
				t.Errorf("the peak is %d, another has %d", best.Peak, least)
			}
			if s.Planned && best.Attempts > 1 {
				t.Errorf("%.2f attempts a client for what was planned", best.Attempts)
			}
		})
	}
}

func TestASeedRepeatsItself(t *testing.T) {
	for _, way := range Ways() {
		s := Scenarios[0].Small(10 * part)
		if one, two := Run(s, way, 3), Run(s, way, 3); one != two {
			t.Errorf("%+v, then %+v", one, two)
		}
	}
}

// TestTheServer checks the model with clients whose cost can be reckoned: all
// dial at once, and the server takes 20 s for all.
func TestTheServer(t *testing.T) {
	s := Scenarios[2].Small(part)
	s.Clients = s.server
	served := time.Duration(utilised * float64(spread))
	for _, r := range RunAll([]Scenario{s}, 1)[0] {
		switch r.Way {
		case "Phoenix": // waits for as long as it takes
			if r.Attempts != 1 || r.Wasted != 0 || r.Peak != s.Clients || r.Back < served || r.Back > served+second {
				t.Errorf("patient clients: %+v", r)
			}
		case "plain exponential": // gives up after 5 s, in step
			if r.Attempts < 2 || r.Wasted < s.Clients/2 {
				t.Errorf("impatient clients: %+v", r)
			}
		}
	}
}

func TestTableAndChart(t *testing.T) {
	scenarios := []Scenario{Scenarios[0].Small(500), Scenarios[5].Small(500)}
	results := RunAll(scenarios, 1)
	table := Table(scenarios, results)
	for _, want := range []string{"### server restart, 2 s (200 clients)", "| **wakesocket** |", "| partysocket | 0.0 |", "| never |", "4.8.4"} {
		if !strings.Contains(table, want) {
			t.Errorf("the table lacks %q:\n%s", want, table)
		}
	}
	chart := xml.NewDecoder(strings.NewReader(Chart(scenarios, results)))
	bars := 0
	for {
		token, err := chart.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "rect" {
			bars++
		}
	}
	if want := len(scenarios)*(len(Ways())+1) + 1; bars != want {
		t.Errorf("%d rectangles, want %d", bars, want)
	}
}
