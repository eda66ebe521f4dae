package main

import (
	"math"
	"os"
	"strings"
	"testing"
)

// The measurement runs, and has a figure for everything. What the figures are is
// not judged here.
func TestSpeedsAreMeasured(t *testing.T) {
	if _, err := os.Stat(dist + "/shim.js"); err != nil {
		t.Fatalf("%v: run `make build` first", err)
	}
	all := []client{plain, clients[0]} // those that need no package of npm
	got, err := speeds(all, brief)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range brief.measures() {
		for _, c := range all {
			// An idle page may well have no wake-up in a second.
			if value := got.median(c.name, m.name); math.IsNaN(value) || value < 0 || value == 0 && !strings.HasPrefix(m.name, "idle") {
				t.Errorf("%s of %s is %v", m.name, c.name, value)
			}
		}
	}
}

func TestSpeedTableAndChart(t *testing.T) {
	var f figures
	for name, values := range map[string][]float64{plain.name: {10, 12, 11}, ours: {11, 11.2, 11.1}, "phoenix": {40, 30, 20}} {
		for _, v := range values {
			f.add(name, "latency", v)
			f.add(name, "throughput", 1000*v)
		}
	}
	f.add(plain.name, "memory", 20)
	measures := []measure{{"latency", "ms", false}, {"throughput", "events/s", true}, {"memory", "MB", false}}
	names := []string{plain.name, ours, "phoenix"}
	pinned, err := versions()
	if err != nil {
		t.Fatal(err)
	}
	want := "| | new WebSocket | wakesocket | phoenix " + pinned["phoenix"] + " |\n|---|--:|--:|--:|\n" +
		"| latency, ms | **11** | **11.1** | 30 |\n" +
		"| throughput, events/s | 11k | 11k | **30k** |\n" +
		"| memory, MB | **20** | – | – |\n"
	if got := f.table(measures, names); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	chart := f.chart(measures, names)
	for _, text := range []string{`class="ours"><title>wakesocket: 0.991 times as good`, `phoenix: 2.73 times as good`, `>1/32<`, `>32×<`} {
		if !strings.Contains(chart, text) {
			t.Errorf("the chart has no %s", text)
		}
	}
	if strings.Count(chart, "<circle") != 7 {
		t.Errorf("%d dots, want one a figure", strings.Count(chart, "<circle"))
	}
}

func TestChartKeepsDotsInside(t *testing.T) {
	for ratio, want := range map[float64]float64{1: chartLabels + chartPlot/2, 1e9: chartLabels + chartPlot, 1e-9: chartLabels, 2: chartLabels + chartPlot*0.6} {
		if got := chartX(ratio); math.Abs(got-want) > 0.01 {
			t.Errorf("ratio %g stands at %.1f, want %.1f", ratio, got, want)
		}
	}
}

func TestEventsHaveTheirSize(t *testing.T) {
	for _, size := range []int{100, 1000, 16_000} {
		if e := event(7, size); len(e) != size || !strings.HasPrefix(string(e), `{"n":7,"at":`) {
			t.Errorf("an event of %d bytes has %d: %.60s", size, len(e), e)
		}
	}
}
