package feed

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// chart is a picture of drops over time: one column for each span, with a part for
// each cause.
type chart struct {
	From, To time.Time
	Span     time.Duration // of a column
	Most     int           // drops in the highest column
	Bars     []bar
	Causes   []Count // those in the picture, most frequent first
}

// bar is the part of a column that one cause has, in the units of the picture.
type bar struct {
	X, Y, Height float64
	Color        int // position in Causes, up to chartColors-1
	Title        string
}

const (
	chartColumns = 48
	chartColors  = 6 // rarer causes share the last one
	chartHeight  = 100
	columnWidth  = 10
)

// newChart draws the drops from the oldest one until now.
func newChart(drops []Drop, now time.Time) chart {
	c := chart{From: now, To: now, Causes: count(drops, func(d Drop) string { return d.Cause })}
	for _, d := range drops {
		if d.Time.Before(c.From) {
			c.From = d.Time
		}
	}
	c.Span = max(now.Sub(c.From)/chartColumns+1, time.Second)
	color := map[string]int{}
	for i, cause := range c.Causes {
		color[cause.Name] = min(i, chartColors-1)
	}
	type part struct {
		column int
		cause  string
	}
	parts, columns := map[part]int{}, [chartColumns]int{}
	for _, d := range drops {
		column := min(int(d.Time.Sub(c.From)/c.Span), chartColumns-1)
		parts[part{column, d.Cause}]++
		columns[column]++
		c.Most = max(c.Most, columns[column])
	}
	top := [chartColumns]int{}
	for column := range chartColumns {
		for _, cause := range c.Causes {
			n := parts[part{column, cause.Name}]
			if n == 0 {
				continue
			}
			top[column] += n
			c.Bars = append(c.Bars, bar{
				X: float64(column * columnWidth), Height: float64(n) * chartHeight / float64(c.Most),
				Y:     chartHeight - float64(top[column])*chartHeight/float64(c.Most),
				Color: color[cause.Name],
				Title: fmt.Sprintf("%s: %d %s", c.From.Add(time.Duration(column)*c.Span).UTC().Format("2006-01-02 15:04:05"), n, cause.Name),
			})
		}
	}
	return c
}

// advise says what the pattern of drops suggests.
func advise(drops []Drop) (advice []string) {
	var idle, age []time.Duration
	for _, d := range drops {
		if d.Cause != causeReset && d.Cause != causeSilence && d.Cause != causeClosed {
			continue
		}
		age = append(age, d.Up)
		if d.Ping >= 0 {
			idle = append(idle, d.Ping)
		}
	}
	if limit, n := common(idle); n > 0 {
		advice = append(advice, fmt.Sprintf("%d of %d lost connections ended %v after the last ping: an idle timeout on the way. Set the clients' heartbeat under it, or raise it in the proxy.", n, len(idle), limit))
	} else if limit, n := common(age); n > 0 {
		advice = append(advice, fmt.Sprintf("%d of %d lost connections ended %v after they were opened: something on the way ends connections of that age. Raise that limit in the proxy.", n, len(age), limit))
	}
	for _, of := range []struct {
		name func(Drop) string
		text string
	}{
		{func(d Drop) string { return d.Block }, "%d of %d drops come from the network %s: look for the fault there."},
		{func(d Drop) string { return d.Browser }, "%d of %d drops come from %s: try the page there."},
	} {
		if names := count(drops, of.name); len(names) > 1 && names[0].Drops >= adviseFrom && names[0].Drops*2 > len(drops) {
			advice = append(advice, fmt.Sprintf(of.text, names[0].Drops, len(drops), names[0].Name))
		}
	}
	for _, cause := range count(drops, func(d Drop) string { return d.Cause }) {
		if text := causeAdvice[cause.Name]; text != "" && cause.Drops >= adviseFrom {
			advice = append(advice, fmt.Sprintf("%d drops: %s", cause.Drops, text))
		}
	}
	return advice
}

// adviseFrom is how many drops make a pattern.
const adviseFrom = 5

var causeAdvice = map[string]string{
	causeSlow:   "clients read more slowly than events come. Let them ask for fewer topics, or send less.",
	causeLapped: "slow clients fell out of the log. Keep more events in it.",
	causeEpoch:  "the log was replaced. Use a log that survives restarts.",
	causeStore:  "the log could not be read. Check the connection to the store.",
	causePanic:  "a hook of the application panicked. Its log has the stack.",
	causeHook:   "a hook of the application does not return. Give it a time limit.",
}

// common finds a duration that at least half of all have, within a twentieth, and
// how many those are; 0 if there is none. Below ten seconds no limit is looked for.
func common(all []time.Duration) (limit time.Duration, n int) {
	slices.SortFunc(all, cmp.Compare)
	for i, first := range all {
		if first < 10*time.Second {
			continue
		}
		last := i
		for last+1 < len(all) && all[last+1]-first <= first/20 {
			last++
		}
		if size := last - i + 1; size > n {
			limit, n = first.Round(time.Second), size
		}
	}
	if n < adviseFrom || n*2 < len(all) {
		return 0, 0
	}
	return limit, n
}
