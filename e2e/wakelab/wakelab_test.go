package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/e2e/lab"
)

func TestOptions(t *testing.T) {
	c, err := parse([]string{"-url", "https://a/", "-limit", "90s", "-eval", "x()", "-click", "#go", "-cookie", "a=b=c", "-header", "X-A: 1",
		"-profile", "/p", "-insecure", "-wait", "5s", "-json", "-only", "frozen"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	o := c.options
	if o.Page != "https://a/" || c.limit != 90*time.Second || o.Watch != 90*time.Second || o.Wait != 5*time.Second || o.Profile != "/p" || !o.Insecure || !c.json {
		t.Errorf("%+v", c)
	}
	if len(o.Steps) != 2 || len(o.Cookies) != 1 || o.Cookies[0].Name != "a" || o.Cookies[0].Value != "b=c" || o.Header.Get("X-A") != "1" {
		t.Errorf("%+v", o)
	}
	if len(c.trials) != 1 || !strings.Contains(c.trials[0].Name, "frozen") {
		t.Errorf("%d trials", len(c.trials))
	}
	if c, err = parse([]string{"-url", "https://a/"}, io.Discard); err != nil || len(c.trials) != len(lab.Trials) || c.limit != time.Minute {
		t.Errorf("by default %d trials within %v, %v", len(c.trials), c.limit, err)
	}
}

func TestOptionsThatMakeNoSense(t *testing.T) {
	for args, want := range map[string]string{
		"":                                 "-url is missing",
		"http://a/":                        "-url http://a/",
		"-url http://a/ -only xyz":         "matches no trial",
		"-url http://a/ -only (":           "not a regular expression",
		"-url http://a/ -cookie a":         "name=value",
		"-url http://a/ -cookie =a":        "name=value",
		"-url http://a/ -header a":         "Name: value",
		"-url http://a/ -header :a":        "Name: value",
		"-url http://a/ -limit 0s":         "more than 0",
		"-url http://a/ -watch -1s":        "more than 0",
		"-url http://a/ -wait 0s":          "more than 0",
		"-url http://a/ -limit soon":       "soon",
		"-url http://a/ -nothing":          "nothing",
		"-url http://127.0.0.1:1/ -only .": "nothing answers",
	} {
		var stdout bytes.Buffer
		status, err := run(strings.Fields(args), &stdout, io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) || status != notCarried {
			t.Errorf("%q: status %d, %v; want %d and %q", args, status, err, notCarried, want)
		}
		if stdout.Len() > 0 {
			t.Errorf("%q wrote a result: %s", args, stdout.String())
		}
	}
}

const s = time.Second

var (
	back  = lab.Outcome{Kind: lab.WebSocket, Context: "page", Name: "ws://a/t", Dial: s, Open: 2 * s, Frame: 3 * s, Watched: 60 * s, Dials: 1, Live: 1, Returns: 1}
	never = lab.Outcome{Kind: lab.EventSource, Context: "worker w", Name: "http://a/e", Dial: lab.Never, Open: lab.Never, Frame: lab.Never, Watched: 60 * s}
	skip  = lab.Outcome{Kind: lab.WebSocket, Context: "page", Name: "ws://a/t", Skipped: "for a reason"}
	twice = lab.Outcome{Kind: lab.WebSocket, Context: "page", Name: "ws://a/t", Dial: s, Open: 2 * s, Frame: 3 * s, Watched: 60 * s, Dials: 2, Live: 1, Returns: 2}
	both  = lab.Outcome{Kind: lab.WebSocket, Context: "page", Name: "ws://a/t", Dial: s, Open: 2 * s, Frame: 3 * s, Watched: 60 * s, Dials: 2, Live: 2, Returns: 1}
	quiet = lab.Outcome{Kind: lab.WebSocket, Context: "page", Name: "ws://a/q", Dial: s, Open: 2 * s, Frame: lab.Never, Watched: 60 * s, Dials: 1, Quiet: true}
)

func TestVerdict(t *testing.T) {
	trial := lab.Trial{Name: "x", From: "y"}
	for name, c := range map[string]struct {
		outcomes []lab.Outcome
		err      error
		limit    time.Duration
		want     int
	}{
		"back":               {[]lab.Outcome{back, quiet}, nil, 5 * s, allBack},
		"late":               {[]lab.Outcome{back}, nil, 2 * s, notBack},
		"quiet and late":     {[]lab.Outcome{quiet}, nil, s, notBack},
		"back twice":         {[]lab.Outcome{back, twice}, nil, 5 * s, notBack},
		"two live sockets":   {[]lab.Outcome{both}, nil, 5 * s, notBack},
		"one never":          {[]lab.Outcome{back, never}, nil, 5 * s, notBack},
		"one not tried":      {[]lab.Outcome{never, skip}, nil, 5 * s, notCarried},
		"the trial is wrong": {nil, errors.New("no"), 5 * s, notCarried},
	} {
		if got := verdict([]result{newResult(trial, c.outcomes, c.err, c.limit)}); got != c.want {
			t.Errorf("%s: status %d, want %d", name, got, c.want)
		}
	}
	if got := verdict([]result{newResult(trial, []lab.Outcome{never}, nil, s), newResult(trial, nil, errors.New("no"), s)}); got != notCarried {
		t.Errorf("a trial that was not carried out after a failure gives status %d", got)
	}
}

func results() []result {
	stays := back
	stays.Stayed, stays.New = true, true
	return []result{
		newResult(lab.Trial{Name: "first trial", From: "the cut"}, []lab.Outcome{back, never, skip, quiet, twice, both}, nil, 2*s),
		newResult(lab.Trial{Name: "second trial", From: "the wake", Stays: lab.MustStay}, []lab.Outcome{stays}, nil, 2*s),
		newResult(lab.Trial{Name: "third trial", Stays: lab.MayStay}, nil, errors.New("the tab crashed"), 2*s),
	}
}

func TestTable(t *testing.T) {
	var b bytes.Buffer
	if err := writeTable(&b, results(), 2*s); err != nil {
		t.Fatal(err)
	}
	// One space for many, since the widths are the tabwriter's.
	table := strings.Join(strings.Fields(b.String()), " ")
	for _, want := range []string{
		"first trial seconds from the cut; low numbers are good",
		"ws://a/t page 1.000 2.000 3.000 1 1 CAME BACK LATER THAN 2S",
		"EventSource http://a/e worker w > 60 > 60 > 60 0 0 DID NOT COME BACK",
		"ws://a/t page – – – – – NOT CARRIED OUT: for a reason",
		"ws://a/q page 1.000 2.000 – 1 0 ok; receives nothing by itself",
		"CAME BACK LATER THAN 2S; CAME BACK 2 TIMES", "2 2 CAME BACK LATER THAN 2S; 2 LIVE CONNECTIONS",
		"second trial seconds from the wake; no dial is good here",
		"ok; the old connection stayed; first seen after the trial began",
		"third trial", "NOT CARRIED OUT: the tab crashed",
		`"> 60" means none`, "back once, within 2s",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

func TestJSON(t *testing.T) {
	var b bytes.Buffer
	if err := writeJSON(&b, results()); err != nil {
		t.Fatal(err)
	}
	var got []struct {
		Trial, Error string
		Clients      []map[string]any
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 3 || got[0].Trial != "first trial" || got[2].Error != "the tab crashed" || got[2].Clients == nil {
		t.Fatalf("%+v", got)
	}
	first, second, third := got[0].Clients[0], got[0].Clients[1], got[0].Clients[2]
	if first["dial"] != 1.0 || first["open"] != 2.0 || first["firstFrame"] != 3.0 || first["connection"] != "ws://a/t" {
		t.Errorf("%v", first)
	}
	if second["dial"] != nil || second["firstFrame"] != nil {
		t.Errorf("what never came is %v", second)
	}
	if third["dial"] != nil || third["skipped"] != "for a reason" {
		t.Errorf("a trial that was not carried out is %v", third)
	}
}
