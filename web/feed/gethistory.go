package feed

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// serveHistory answers a GET for the newest events of a topic:
//
//	{"events":[…],"from":"e-30","complete":true,"at":"e-99"}
//
// The events are all that the topic has after "from" and up to "at", where a client
// can go on; "complete" says that the log has none before. Who may not connect may
// not read here either.
func (f *Feed) serveHistory(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Add("Vary", "Origin")
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		http.Error(w, "method not allowed; use GET", http.StatusMethodNotAllowed)
		return
	}
	address := f.clientAddress(r)
	a, err := f.admit(r, address)
	if refused, ok := errors.AsType[*refusal](err); ok {
		f.refuseHistory(w, refused)
		return
	}
	defer a.release()
	if origin := r.Header.Get("Origin"); origin != "" { // admit has looked at it
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Access-Control-Allow-Credentials", "true")
	}
	values, _ := url.ParseQuery(r.URL.RawQuery) // admit has looked at it
	top, ready := f.historyTop(values.Get(wire.QueryHistory))
	s, err := f.searchFor(values, a.access, top)
	switch {
	case errors.Is(err, errTopicForbidden):
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if !ready || f.history(s, func() bool { return r.Context().Err() == nil }) != nil {
		f.refuseHistory(w, &refusal{wire.CloseTryLater, wire.Advice(0, "the log cannot be read"), refusedStore})
		return
	}
	s.narrow(f.readable(r.Context(), a, addressBlock(address)))
	f.options.Observer.EventsSent(len(s.found))
	w.Header().Set("Content-Type", "application/json")
	body := []byte(`{"events":[`)
	for i := range slices.Backward(s.found) {
		if body[len(body)-1] != '[' {
			body = append(body, ',')
		}
		body = append(body, s.found[i].frame...)
	}
	body = appendEnd(append(body, ']'), s)
	w.Write(append(top.Append(append(body, `,"at":"`...)), `"}`...))
}

// historyTop is the end of what the feed knows of a topic. Of one that it does not
// follow, the log knows more.
func (f *Feed) historyTop(topic string) (top store.ID, ready bool) {
	_, top, ready = f.ring.head()
	if !ready || f.share == nil || f.ring.follows(map[string]struct{}{topic: {}}) {
		return top, ready
	}
	bounds, err := f.pager.bounds()
	return bounds.Top, err == nil
}

// searchFor reads the query of a GET. The client's own topics do not matter there.
func (f *Feed) searchFor(values url.Values, a *access, top store.ID) (*search, error) {
	for _, name := range []string{wire.QueryHistory, wire.QueryLimit, wire.QueryBefore} {
		if len(values[name]) > 1 {
			return nil, fmt.Errorf("query string: more than one %q", name)
		}
	}
	topic, before := values.Get(wire.QueryHistory), values.Get(wire.QueryBefore)
	limit := historyDefault
	if values.Has(wire.QueryLimit) {
		n, err := strconv.Atoi(values.Get(wire.QueryLimit))
		if err != nil || n <= 0 {
			return nil, fmt.Errorf("query string: %q must be a whole number from 1 to %d", wire.QueryLimit, historyEvents)
		}
		limit = min(n, historyEvents)
	}
	if err := checkName(topic); err != nil {
		return nil, err
	}
	if err := a.checkWant([]string{topic}); err != nil {
		return nil, err
	}
	s := &search{filter: newFilter([]string{topic}, &access{}), events: limit, bytes: historyBytes, before: afterHead(top)}
	return s, s.setBefore(before, top)
}

// setBefore bounds the search by a position that the client names, "" for none.
func (s *search) setBefore(text string, top store.ID) error {
	if text == "" {
		return nil
	}
	id, ok := store.ParseID(text)
	if !ok {
		return fmt.Errorf("%q is no position of a log", text[:min(len(text), store.MaxID)])
	}
	if id.Epoch != top.Epoch {
		return fmt.Errorf("%q is of another epoch of the log", text)
	}
	s.before = id
	return nil
}

// readable tells which topics may be read, and asks the Topics hook once for each.
func (f *Feed) readable(ctx context.Context, a *admission, block netip.Prefix) func(topic string) bool {
	answers := map[string]bool{}
	return func(topic string) bool {
		if !a.access.grants(topic) {
			return false
		}
		if a.access.hook == nil {
			return true
		}
		allowed, known := answers[topic]
		if !known {
			allowed, _ = run(ctx, f.hooks, "Topics", block, func(context.Context) bool { return a.access.hook(topic) })
			answers[topic] = allowed
		}
		return allowed
	}
}

// refuseHistory answers with the status that stands for a close code.
func (f *Feed) refuseHistory(w http.ResponseWriter, refused *refusal) {
	f.options.Observer.Refused(refused.label)
	status := http.StatusServiceUnavailable
	switch refused.code {
	case wire.CloseUnauthorized:
		status = http.StatusUnauthorized
	case wire.CloseForbidden:
		status = http.StatusForbidden
	case wire.ClosePolicy:
		status = http.StatusBadRequest
	case wire.CloseTooMany:
		status = http.StatusTooManyRequests
	}
	text := refused.reason
	if wait, ok := wire.ParseAdvice(text); ok {
		w.Header().Set("Retry-After", strconv.Itoa(1+int(wait.Seconds())))
		_, text, _ = strings.Cut(text, " ")
	}
	http.Error(w, text, status)
}
