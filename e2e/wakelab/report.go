package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/wakesocket/wakesocket/e2e/lab"
)

// result is one trial. Times are seconds; null is what did not happen while the
// page was watched.
type result struct {
	Trial   string   `json:"trial"`
	From    string   `json:"from"`            // moment from which the times count
	Expect  string   `json:"expect"`          // what a good client does
	Error   string   `json:"error,omitempty"` // why the trial could not be carried out
	Clients []client `json:"clients"`
}

// client is one row.
type client struct {
	Kind       string   `json:"kind"`
	Context    string   `json:"context"`
	Connection string   `json:"connection"`
	Dial       *float64 `json:"dial"`       // seconds to the next dial
	Open       *float64 `json:"open"`       // seconds to the next open connection
	FirstFrame *float64 `json:"firstFrame"` // seconds to the first event on a new connection
	Watched    float64  `json:"watched"`    // seconds
	Dials      int      `json:"dials"`      // new connections
	Live       int      `json:"live"`       // live connections at the end
	Stayed     bool     `json:"stayed"`     // the old connection still received events
	Quiet      bool     `json:"quiet"`      // received nothing before the trial either
	New        bool     `json:"new"`        // first seen after the trial began
	Skipped    string   `json:"skipped,omitempty"`
	Faults     []string `json:"faults"`
}

func newResult(tr lab.Trial, outcomes []lab.Outcome, err error, limit time.Duration) result {
	r := result{Trial: tr.Name, From: tr.From, Expect: expectation(tr.Stays), Clients: []client{}}
	if err != nil {
		r.Error = err.Error()
		return r
	}
	for _, o := range outcomes {
		c := client{
			Kind: string(o.Kind), Context: o.Context, Connection: o.Name, Watched: o.Watched.Seconds(),
			Dials: o.Dials, Live: o.Live, Stayed: o.Stayed, Quiet: o.Quiet, New: o.New, Skipped: o.Skipped,
			Faults: append([]string{}, o.Faults(tr, limit)...),
		}
		if o.Skipped == "" {
			c.Dial, c.Open, c.FirstFrame = seconds(o.Dial), seconds(o.Open), seconds(o.Frame)
		}
		r.Clients = append(r.Clients, c)
	}
	return r
}

func expectation(s lab.Stays) string {
	switch s {
	case lab.MayStay:
		return "the old connection may stay, since it still receives; else low numbers are good"
	case lab.MustStay:
		return "no dial is good here: the connection is fine"
	}
	return "low numbers are good"
}

func seconds(d time.Duration) *float64 {
	if d == lab.Never {
		return nil
	}
	s := d.Round(time.Millisecond).Seconds()
	return &s
}

// verdict is the exit status: a trial that was not carried out is no success.
func verdict(results []result) int {
	status := allBack
	for _, r := range results {
		if r.Error != "" {
			return notCarried
		}
		for _, c := range r.Clients {
			if c.Skipped != "" {
				return notCarried
			}
			if len(c.Faults) > 0 {
				status = notBack
			}
		}
	}
	return status
}

func writeJSON(w io.Writer, results []result) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "\t")
	return e.Encode(results)
}

const legend = `
dial    seconds to the next connection attempt; "> 60" means none in the 60 s that the page was watched
open    seconds until a new connection was open
frame   seconds until the first event on a new connection: the client is back
dials   connection attempts after the moment from which the times count
live    connections that were open and receiving at the end; more than 1 is a fault
`

func writeTable(w io.Writer, results []result, limit time.Duration) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, r := range results {
		fmt.Fprintf(t, "\n%s\n  seconds from %s; %s\n", r.Trial, r.From, r.Expect)
		if r.Error != "" {
			fmt.Fprintf(t, "  NOT CARRIED OUT: %s\n", r.Error)
			continue
		}
		fmt.Fprintln(t, "  connection\tin\tdial\topen\tframe\tdials\tlive\tresult")
		for _, c := range r.Clients {
			name := c.Connection
			if c.Kind != string(lab.WebSocket) {
				name = c.Kind + " " + name
			}
			fmt.Fprintf(t, "  %s\t%s\t%s\n", name, c.Context, strings.Join(c.cells(), "\t"))
		}
	}
	fmt.Fprint(t, legend)
	fmt.Fprintf(t, "ok      back once, within %v\n", limit)
	return t.Flush()
}

// cells are the columns from dial to result.
func (c client) cells() []string {
	if c.Skipped != "" {
		return []string{"–", "–", "–", "–", "–", "NOT CARRIED OUT: " + c.Skipped}
	}
	frame := c.cell(c.FirstFrame)
	if c.Quiet {
		frame = "–"
	}
	return []string{c.cell(c.Dial), c.cell(c.Open), frame, fmt.Sprint(c.Dials), fmt.Sprint(c.Live), c.summary()}
}

func (c client) cell(s *float64) string {
	if s == nil {
		return fmt.Sprintf("> %.0f", c.Watched)
	}
	return fmt.Sprintf("%.3f", *s)
}

func (c client) summary() string {
	var words []string
	if len(c.Faults) == 0 {
		words = append(words, "ok")
	}
	for _, f := range c.Faults {
		words = append(words, strings.ToUpper(f))
	}
	if c.Stayed {
		words = append(words, "the old connection stayed")
	}
	if c.Quiet {
		words = append(words, "receives nothing by itself, so open counts")
	}
	if c.New {
		words = append(words, "first seen after the trial began")
	}
	return strings.Join(words, "; ")
}
