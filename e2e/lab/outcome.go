package lab

import (
	"fmt"
	"time"
)

// Never stands in an [Outcome] for what did not happen while the page was watched.
const Never time.Duration = -1

// Outcome is what became of one client of the page in one trial.
type Outcome struct {
	Kind    Kind
	Context string // "page", "iframe …", "worker …", "shared worker …", "service worker …"
	Name    string // address of the connection, with as much of it as tells the rows apart
	URL     string // address of the last connection before the trial

	// Dial, Open and Frame are from the moment that the trial names to the next dial,
	// to the first answer and to the first event on a connection dialed since;
	// [Never] when there was none.
	Dial, Open, Frame time.Duration
	Watched           time.Duration // how long the page was watched
	Dials             int           // connections dialed since that moment
	Live              int           // connections that were open and receiving at the end
	Quiet             bool          // nothing was received before the trial: Frame cannot be judged
	Stayed            bool          // a connection from before the trial still received events
	New               bool          // the client was first seen after the trial began
	Returns           int           // connections dialed since that received events

	// Skipped says why the trial could not be carried out for this client; "" when it
	// was. No other field counts then.
	Skipped string
}

// Back is the time until the client was back: to its first event, or to the open
// connection of a client that receives nothing by itself. [Never] when it was not.
func (o Outcome) Back() time.Duration {
	if o.Quiet {
		return o.Open
	}
	return o.Frame
}

// Faults lists what is wrong with the outcome of a trial: not back, back later
// than the limit, back more than once, more than one live connection.
func (o Outcome) Faults(tr Trial, limit time.Duration) (faults []string) {
	if o.Skipped != "" || o.New || tr.Stays == MustStay {
		return nil
	}
	back := o.Back()
	switch {
	case tr.Stays == MayStay && o.Stayed:
	case back == Never:
		faults = append(faults, "did not come back")
	case back > limit:
		faults = append(faults, fmt.Sprintf("came back later than %v", limit))
	}
	if o.Returns > 1 && o.Kind != Polling {
		faults = append(faults, fmt.Sprintf("came back %d times", o.Returns))
	}
	if o.Live > 1 {
		faults = append(faults, fmt.Sprintf("%d live connections", o.Live))
	}
	return faults
}

// outcomes sums up the record at the end of a trial.
func (r *record) outcomes(now time.Time) (all []Outcome) {
	names := r.names()
	for i, w := range r.rows {
		o := Outcome{
			Kind: w.newest().kind, Context: w.newest().context, Name: names[i], URL: w.connections[0].url.String(),
			Dial: Never, Open: Never, Frame: Never, Watched: now.Sub(w.from), Quiet: !w.hearing(), New: w.isNew,
		}
		if w.late && !w.redial(w.from).IsZero() {
			o.Skipped = "the client did not redial while redials hung"
		}
		o.measure(w)
		if o.Skipped == "" && !w.isNew && o.Kind != Polling && !w.aliveAt(r.began) {
			o.Skipped = "its connection had ended before the trial"
		}
		all = append(all, o)
	}
	return all
}

func (o *Outcome) measure(w *row) {
	if at := w.redial(w.from); !at.IsZero() {
		o.Dial = at.Sub(w.from)
	}
	stays := w.from // what was on its way comes later, but not after the client is back
	if back := w.back(); !back.IsZero() {
		stays = back
	}
	for _, c := range w.connections {
		since := w.from
		if !c.dialed.After(w.from) {
			since = stays
			o.URL = c.url.String()
			o.Stayed = o.Stayed || c.open() && c.last.After(stays)
		} else {
			o.Dials++
			if !c.opened.IsZero() && o.Open == Never {
				o.Open = c.opened.Sub(w.from)
			}
			if !c.first.IsZero() {
				o.Returns++
				if o.Frame == Never {
					o.Frame = c.first.Sub(w.from)
				}
			}
		}
		if c.kind != Polling && c.open() && c.last.After(since) {
			o.Live++
		}
	}
}

// aliveAt reports whether a connection of the row was open at a moment.
func (w *row) aliveAt(at time.Time) bool {
	for _, c := range w.connections {
		if !c.dialed.After(at) && (c.open() || c.ended.After(at)) {
			return true
		}
	}
	return false
}

// names are short addresses that tell the rows apart.
func (r *record) names() []string {
	count := func(names []string) map[string]int {
		n := map[string]int{}
		for i, name := range names {
			n[string(r.rows[i].newest().kind)+r.rows[i].newest().context+name]++
		}
		return n
	}
	short, long := make([]string, len(r.rows)), make([]string, len(r.rows))
	for i, w := range r.rows {
		u := *w.connections[0].url
		long[i] = u.String()
		u.RawQuery, u.Fragment = "", ""
		short[i] = u.String()
	}
	shorts, longs, seen := count(short), count(long), map[string]int{}
	for i, w := range r.rows {
		prefix := string(w.newest().kind) + w.newest().context
		if shorts[prefix+short[i]] < 2 {
			continue
		}
		name := long[i]
		if longs[prefix+name] > 1 {
			seen[prefix+name]++
			name = fmt.Sprintf("%s #%d", name, seen[prefix+name])
		}
		short[i] = name
	}
	return short
}
