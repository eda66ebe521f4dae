package figures

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"
)

var runs = []Result{
	{Group: Link, Scenario: "reset", Column: "f", Figure: 0.05, Dial: 0.004, Live: 0.02, Sockets: 2},
	{Group: Machine, Scenario: "stop & go", Sockets: 1},
	{Group: Link, Scenario: "reset", Column: "f", Figure: 0.05, Dial: 0.002, Live: 0.03, Sockets: 3},
	{Group: Link, Scenario: "reset", Column: "f", Figure: 0.05, Dial: 0.006, Live: 0.01, Lost: 1, Sockets: 2},
	{Group: Link, Scenario: "cut", Column: "a", Figure: 2.5, Notice: 1.6, Dial: 2.1, Live: 2.2, Sockets: 2},
}

func TestSummarize(t *testing.T) {
	all := Summarize(runs)
	if len(all) != 3 || all[0].Scenario != "reset" || all[1].Scenario != "cut" || all[2].Scenario != "stop & go" {
		t.Fatalf("%+v", all)
	}
	got := all[0]
	if got.Rounds != 3 || got.Dial != 0.004 || got.Least != 0.002 || got.Max != 0.006 || got.Live != 0.02 {
		t.Errorf("times %+v", got)
	}
	if got.Lost != 1 || got.Sockets != 3 {
		t.Errorf("the worst of the counts: %+v", got)
	}
}

func TestTables(t *testing.T) {
	all := Summarize(runs)
	for name, table := range map[string]string{"text": Text(all), "markdown": Markdown(all)} {
		for _, want := range []string{"reset", "0.004", "2.10", "1.60"} {
			if !strings.Contains(table, want) {
				t.Errorf("%s lacks %q:\n%s", name, want, table)
			}
		}
	}
}

func TestChartIsXML(t *testing.T) {
	d := xml.NewDecoder(strings.NewReader(Chart(Summarize(runs))))
	for {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
