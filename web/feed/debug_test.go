package feed

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestBrowserOf(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36":                      "Chrome 140",
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/139.0.1":          "Edge 139",
		"Mozilla/5.0 (Linux; Android 10) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36 EdgA/138.0.1":                      "Edge 138",
		"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0":                                                     "Firefox 128",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15":      "Safari 17",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/120.0.1 Safari/604.1": "Chrome 120",
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) Safari/605.1.15":                                   "Safari",
		"Go-http-client/1.1": "Go",
		"Firefox/99999":      "Firefox",
		"Chrome/":            "Chrome",
		"curl/8.5.0":         "other",
		"":                   "other",
	} {
		if got := browserOf(agent); got != want {
			t.Errorf("%q is %q, want %q", agent, got, want)
		}
	}
	if family("Chrome 140") != "Chrome" || family("other") != "other" {
		t.Error("the family has a version")
	}
}

// drop is a loss at a second.
func drop(second int, cause string) Drop {
	return Drop{Time: time.Unix(int64(second), 0), Client: "c", Block: "b", Browser: "B", Version: "B 1", Cause: cause, Ping: -1}
}

func TestChart(t *testing.T) {
	drops := []Drop{drop(0, "reset"), drop(0, "reset"), drop(0, "slow"), drop(480, "slow"), drop(240, "slow")}
	c := newChart(drops, time.Unix(480, 0))
	if c.Most != 3 || c.Span.Round(time.Second) != 10*time.Second || !c.From.Equal(time.Unix(0, 0)) || !c.To.Equal(time.Unix(480, 0)) {
		t.Errorf("%+v", c)
	}
	third := float64(chartHeight) / 3
	want := []bar{
		{0, chartHeight - third, third, 0, "1970-01-01 00:00:00: 1 slow"},
		{0, 0, 2 * third, 1, "1970-01-01 00:00:00: 2 reset"},
		{230, chartHeight - third, third, 0, ""},
		{470, chartHeight - third, third, 0, ""},
	}
	if len(c.Bars) != len(want) {
		t.Fatalf("%+v", c.Bars)
	}
	for i, w := range want {
		got := c.Bars[i]
		if w.Title != "" && got.Title != w.Title || got.X != w.X || got.Color != w.Color || abs(got.Y-w.Y) > 0.01 || abs(got.Height-w.Height) > 0.01 {
			t.Errorf("bar %d is %+v, want %+v", i, got, w)
		}
	}
	if c := newChart(nil, time.Unix(9, 0)); len(c.Bars) != 0 || c.Span <= 0 {
		t.Errorf("no drops: %+v", c)
	}
}

func abs(x float64) float64 { return max(x, -x) }

// The page has so many colors; the rarest causes share one.
func TestChartColors(t *testing.T) {
	var drops []Drop
	for i, cause := range causes[:chartColors+2] {
		for range len(causes) - i {
			drops = append(drops, drop(i*60, cause))
		}
	}
	highest := 0
	for _, b := range newChart(drops, time.Unix(480, 0)).Bars {
		highest = max(highest, b.Color)
	}
	if highest != chartColors-1 {
		t.Errorf("the highest color is %d", highest)
	}
}

func TestAdvise(t *testing.T) {
	many := func(n int, change func(i int, d *Drop)) (drops []Drop) {
		for i := range n {
			d := drop(i, causeReset)
			change(i, &d)
			drops = append(drops, d)
		}
		return drops
	}
	for name, test := range map[string]struct {
		drops []Drop
		want  string // in the only advice; "" for none
	}{
		"idle timeout": {many(6, func(i int, d *Drop) {
			d.Ping, d.Up = 60*time.Second+time.Duration(i)*100*time.Millisecond, time.Duration(100+50*i)*time.Second
		}), "6 of 6 lost connections ended 1m0s after the last ping"},
		"too few": {many(4, func(i int, d *Drop) { d.Ping = time.Minute }), ""},
		"half of them": {many(10, func(i int, d *Drop) {
			d.Ping = time.Minute
			if i%2 > 0 {
				d.Ping = time.Duration(100+100*i) * time.Second
			}
		}), "5 of 10"},
		"fewer than half": {many(11, func(i int, d *Drop) {
			d.Ping = time.Minute
			if i > 4 {
				d.Ping = time.Duration(100+100*i) * time.Second
			}
		}), ""},
		"pings as usual":  {many(6, func(i int, d *Drop) { d.Ping = 9 * time.Second }), ""},
		"connections age": {many(5, func(i int, d *Drop) { d.Up = time.Hour }), "1h0m0s after they were opened"},
		"sent away":       {many(6, func(i int, d *Drop) { d.Up, d.Cause = time.Hour, causeDrain }), ""},
		"one network": {many(9, func(i int, d *Drop) {
			if d.Block = "10.0.0.0/24"; i > 4 {
				d.Block = fmt.Sprint("10.0.", i, ".0/24")
			}
		}), "5 of 9 drops come from the network 10.0.0.0/24"},
		"half are no majority": {many(10, func(i int, d *Drop) {
			if d.Block = "10.0.0.0/24"; i > 4 {
				d.Block = fmt.Sprint("10.0.", i, ".0/24")
			}
		}), ""},
		"one browser": {many(6, func(i int, d *Drop) {
			if d.Browser = "Safari"; i == 0 {
				d.Browser = "Chrome"
			}
		}), "5 of 6 drops come from Safari"},
		"slow":        {many(5, func(i int, d *Drop) { d.Cause = causeSlow }), "5 drops: clients read more slowly"},
		"hardly slow": {many(4, func(i int, d *Drop) { d.Cause = causeSlow }), ""},
	} {
		got := advise(test.drops)
		if test.want == "" && len(got) > 0 || test.want != "" && (len(got) != 1 || !strings.Contains(got[0], test.want)) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestDebugFilter(t *testing.T) {
	s := serve(t, Options{}).ready()
	for i, cause := range []string{causeReset, causeReset, causeSlow} {
		d := drop(i, cause)
		d.Client = fmt.Sprint("client", i/2)
		s.drops.add(&d)
	}
	page := func(query string) string {
		w := httptest.NewRecorder()
		s.Debug().ServeHTTP(w, httptest.NewRequest("GET", "/debug/clients?"+query, nil))
		return w.Body.String()
	}
	for query, total := range map[string]int{"": 3, "client=client0": 2, "cause=slow": 1, "cause=reset&client=client1": 0,
		"browser=B&version=B+1&network=b": 3, "version=B": 0, "reported=sleep": 0, "other=1": 3, "cause=": 3} {
		if want := fmt.Sprintf("counts the %d latest", total); !strings.Contains(page(query), want) {
			t.Errorf("%q: not %q", query, want)
		}
	}
	if body := page("cause=reset"); !strings.Contains(body, `href="?cause=reset&amp;client=client0"`) || !strings.Contains(body, `<a href="?">any cause</a>`) {
		t.Errorf("the links are missing: %s", body)
	}
	f := dropFilter{"cause": "slow", "client": "a b"}
	got := []string{f.With("client", "x&y"), f.Without("client"), dropFilter{}.With("cause", "reset")}
	if want := []string{"?cause=slow&client=x%26y", "?cause=slow", "?cause=reset"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
