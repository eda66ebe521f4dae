package feed

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// command is a control frame of a client, of any kind.
type command struct {
	Kind   string      `json:"wakesocket"`
	Number int64       `json:"n"`
	Topics []string    `json:"topics"`
	Latest wire.Latest `json:"latest"`
	Last   int64       `json:"last"`
	After  string      `json:"after"`
	Topic  string      `json:"topic"`
	Limit  int64       `json:"limit"`
	Before string      `json:"before"`
	More   bool        `json:"more"`

	at store.ID // of the client, when its topics were changed
}

// requestsMax is how many requests of one client may wait for their answers.
const requestsMax = 64

// parseCommand reads a control frame; not ok means that the message is something
// else.
func parseCommand(data []byte) (r command, ok bool, err error) {
	if !bytes.Contains(data, []byte(`"`+wire.Control+`"`)) {
		return r, false, nil
	}
	var frame struct {
		Kind   string          `json:"wakesocket"`
		Number json.RawMessage `json:"n"`
	}
	if json.Unmarshal(data, &frame) != nil {
		return r, false, nil
	}
	switch frame.Kind {
	case wire.KindTopics, wire.KindAdd, wire.KindRemove, wire.KindHistory:
	default:
		return r, false, nil
	}
	if err := json.Unmarshal(data, &r); err != nil {
		json.Unmarshal(frame.Number, &r.Number) // so that the client knows which one was dropped
		return r, true, fmt.Errorf("%q was dropped; %s", frame.Kind, wrongField(err))
	}
	return r, true, r.check()
}

// wrongField says which field of a request has the wrong type.
func wrongField(err error) string {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		what := wrong.Type.String()
		switch wrong.Type.Kind() {
		case reflect.Slice:
			what = "list of strings"
		case reflect.Int64:
			what = "whole number"
		case reflect.Map:
			what = "object with a time in ms for each name"
		}
		return fmt.Sprintf("its field %q is a JSON %s, not a %s", wrong.Field, wrong.Value, what)
	}
	return err.Error()
}

// check says what is wrong with the numbers of a request.
func (r *command) check() error {
	switch {
	case r.Number < 0, r.Number == 0 && (r.Kind == wire.KindHistory || r.Last > 0 || r.After != ""):
		return fmt.Errorf(`%q needs a number above 0 in "n", which its answer repeats`, r.Kind)
	case r.Last < 0 || r.Limit < 0:
		return fmt.Errorf(`%q asks for fewer than 0 events`, r.Kind)
	case r.Last > 0 && r.After != "":
		return errors.New(`"last" and "after" are both given; leave one out`)
	}
	if r.Kind != wire.KindTopics && r.Kind != wire.KindAdd {
		r.Latest = nil
	}
	return r.Latest.Check(r.Topics)
}

// accept does at once what changes the topics, so that requests count in their
// order, and leaves the answer to the writer.
func (c *client) accept(r command) {
	if err := c.checkCommand(&r); err != nil {
		c.rejectCommand(r, errorCode(err), r.failure()+err.Error())
		return
	}
	if !c.claimFor(&r) {
		return
	}
	position := c.placeNow()
	change, after := c.changeTopics(&r)
	c.input(func(in *inputs) {
		c.changeLatest(change, position)
		if r.Kind != wire.KindHistory && !r.More {
			in.later = false
		}
		if r.Number > 0 && !c.plain {
			r.at = c.pos
			in.requests = append(in.requests, r)
		}
	})
	after()
	if c.claim != nil {
		c.claim.keep(namesOf(&c.filter))
	}
	if r.Kind == wire.KindTopics {
		c.rejectForbidden(r.Topics)
	}
}

// failure says what did not happen.
func (r *command) failure() string {
	if r.Kind == wire.KindHistory {
		return "history was not read: "
	}
	return "topics were not changed: "
}

// errorCode is that of an error of checkCommand.
func errorCode(err error) string {
	switch {
	case errors.Is(err, errTooManyTopics):
		return wire.ErrorTooManyTopics
	case errors.Is(err, errTopicForbidden):
		return wire.ErrorTopic
	case errors.Is(err, errTooManyRequests):
		return wire.ErrorRate
	}
	return wire.ErrorInvalid
}

var (
	errTopicForbidden  = errors.New("may not be read")
	errTooManyRequests = fmt.Errorf("%d other requests wait for their answers", requestsMax)
)

// checkCommand says why a request cannot be done.
func (c *client) checkCommand(r *command) error {
	c.mu.Lock()
	waiting := len(c.requests)
	c.mu.Unlock()
	if waiting >= requestsMax {
		return errTooManyRequests
	}
	switch r.Kind {
	case wire.KindHistory:
		r.Topics = []string{r.Topic}
	case wire.KindRemove:
		if c.filter.everything {
			return errors.New("all topics are followed; name those that are wanted")
		}
		return nil // what is not followed need not be removed
	case wire.KindAdd:
		if n := c.filter.with(r.Topics); n > c.feed.options.MaxTopics {
			return fmt.Errorf("%w: %d with those that are followed, at most %d are allowed", errTooManyTopics, n, c.feed.options.MaxTopics)
		}
	}
	if err := c.feed.checkTopics(r.Topics); err != nil || r.Kind == wire.KindTopics {
		return err
	}
	return c.access.checkWant(r.Topics)
}

// rejectForbidden tells the client of the first topic that its grant does not hold.
func (c *client) rejectForbidden(topics []string) {
	if err := c.access.checkWant(topics); err != nil {
		c.reject(wire.ErrorTopic, err.Error())
	}
}
