package main

import (
	"fmt"
	"io"
	"slices"
	"sync"
)

// rule is one sentence of the protocol page that a server can break.
type rule struct {
	name string
	says string
	page string // what a page shows, or does, when the server breaks the rule
}

var rules = []rule{
	{"pong", `Answer the text message "ping" with the text message "pong", also during a replay.`,
		"the connection counts as dead after 10 s: the badge says Reconnecting again and again"},
	{"text", "All messages are text.",
		"binary messages are dropped, each with the error frame-binary"},
	{"event", "Send one JSON object a message; arrays only to clients that said wakesocket=1.",
		"what is not an event is dropped, with an error; a plain client does not understand an array"},
	{"control", "Send control frames only to clients that said wakesocket=1.",
		"a plain client mistakes the control frame for an event"},
	{"id", "Give each event an id: a string of one line and at most 256 characters, or a number up to 2^53.",
		"the event is shown, but the client cannot resume after it: events are lost or come twice at the next reconnect"},
	{"unique", "An id is never used for two events, also not after a restart.",
		"the second event is mistaken for a repeated one, or the page is told that the server restarted"},
	{"order", "All clients get the same events in the same order.",
		"events are lost at a reconnect, since the client resumes after an event that others got at another place"},
	{"open", "Close a connection only for a reason; a client that reads and answers stays connected.",
		"the badge says Reconnecting each time"},
	{"replay-last", "With after=<newest id> only events that are newer are sent.",
		"events come twice, or those published meanwhile are lost without a word"},
	{"replay-middle", "With after=<id> first send all events after it, in order, then go on live.",
		"events are lost, come twice or in another order, without a word"},
	{"replay-first", "A replay may be as long as the log: it begins right after the id, however old.",
		"events are lost without a word"},
	{"gap", `When "after" is not in the log, tell clients that said wakesocket=1: send a hello with a gap first.`,
		"the page shows Live, and does not know that events are missing"},
	{"trimmed", `When the event of "after" was removed from the log, send a hello with a gap; then replay what is left.`,
		"the page shows Live, and does not know that events are missing"},
	{"restart", "After a restart go on after the client's id, or send a hello with a gap.",
		"the page shows Live, and does not know that events are missing"},
	{"refusal", "To refuse a client accept the WebSocket, then close it: 1012, 1013 or 4429 with retry=<ms>, 4401 for a new token, 4403 for never.",
		"a browser cannot see an HTTP status: the page retries with growing pauses and cannot say why"},
	{"message", "A message of the page within the limits of the hello never ends the connection; a larger one costs only itself.",
		"one send() of the page ends the connection, and the next one again"},
	{"parts", "A frame in parts is cut between characters; the parts of one frame follow one another, only pongs come in between.",
		"the joined frame is not JSON: its events are lost, with the error frame-malformed"},
	{"slow", "A client that reads slowly delays nobody else, and misses nothing or is closed.",
		"one slow page stops the events of all pages, or has holes that nobody tells"},
	{"hello", `If there is a hello it is the first frame, with "at" as a string; "resumed" is true exactly when nothing is missing.`,
		"the client does not know where it is: events are lost at a reconnect"},
	{"position", `"at" is a position: a client that connects with after=<at> continues without a gap.`,
		"a client that received no event yet gets a gap, or loses events, at the next reconnect"},
	{"live", `After a hello with "live":false a position with "live":true says that the replay is complete.`,
		"the badge says Reconnecting for ever, while events arrive"},
	{"topics", "A server that sends a hello sends only events of the topics that the client named, also after a topics frame.",
		"the page gets events that it did not ask for, or misses those that it did"},
}

// report keeps what was found: the first fault of each rule.
type report struct {
	mu      sync.Mutex
	checked map[string]bool
	skipped map[string]string
	broken  map[string]string
}

func newReport() *report {
	return &report{checked: map[string]bool{}, skipped: map[string]string{}, broken: map[string]string{}}
}

// check says that the rule was put to the test.
func (r *report) check(rule string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.checked[rule] = true
}

func (r *report) skip(rule, why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.skipped[rule] = why
}

// fail says that the rule is broken, and how that was seen.
func (r *report) fail(rule, format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.checked[rule] = true
	if r.broken[rule] == "" {
		r.broken[rule] = fmt.Sprintf(format, args...)
	}
}

func (r *report) anyBroken(rules ...string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(rules, func(rule string) bool { return r.broken[rule] != "" })
}

// print writes the verdict of each rule and returns how many are broken.
func (r *report) print(w io.Writer) int {
	for _, rule := range rules {
		switch {
		case r.broken[rule.name] != "":
			fmt.Fprintf(w, "BROKEN   %-14s %s\n         rule: %s\n         page: %s\n", rule.name, r.broken[rule.name], rule.says, rule.page)
		case r.checked[rule.name]:
			fmt.Fprintf(w, "ok       %s\n", rule.name)
		default:
			why := r.skipped[rule.name]
			if why == "" {
				why = "there was no occasion"
			}
			fmt.Fprintf(w, "not seen %-14s %s\n", rule.name, why)
		}
	}
	return len(r.broken)
}
