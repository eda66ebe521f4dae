package native

import (
	"context"
	"errors"
	"fmt"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// HistoryQuestion is what [Client.History] is asked.
type HistoryQuestion struct {
	Topic  string // a topic, or a pattern such as "price.*"
	Limit  int    // events at most; 0 for 100. A server may send fewer
	Before string // only events before this one: the id of the oldest that the program has; "" for all
}

// History is the answer of [Client.History].
type History struct {
	Events   []Event // oldest first
	From     string  // Events are all that the topic has after this position
	Complete bool    // the log has none before
}

// History asks for the newest events of a topic. They go to nobody but the caller. It
// waits for the answer, over as many connections as it takes. The error is a
// [*ServerError] when the server refuses, that of ctx, ErrUnsupported, ErrNotRunning,
// or why the client ended.
func (c *Client) History(ctx context.Context, question HistoryQuestion) (History, error) {
	if err := checkNames("History", []string{question.Topic}); err != nil {
		return History{}, err
	}
	if question.Limit < 0 {
		return History{}, errors.New("native: History: Limit must not be negative; 0 is the default")
	}
	r, err := c.asking()
	if err != nil {
		return History{}, err
	}
	answers, err := c.await(ctx, r, []*request{newRequest(wire.HistoryRequest{
		Kind: wire.KindHistory, Topic: question.Topic, Limit: int64(question.Limit), Before: question.Before,
	})})
	if err != nil {
		return History{}, err
	}
	a := answers[0]
	return History{Events: a.events, From: a.from, Complete: a.complete}, nil
}

// checkNames says what is wrong with names of topics.
func checkNames(method string, names []string) error {
	if len(names) == 0 {
		return fmt.Errorf("native: %s: it names no topic", method)
	}
	for _, name := range names {
		if name == "" {
			return fmt.Errorf("native: %s: the name of a topic is empty", method)
		}
		if err := wire.CheckName(name); err != nil {
			return fmt.Errorf("native: %s: %w", method, err)
		}
	}
	return nil
}

func checkAdd(names []string, o AddOptions) error {
	switch {
	case o.Last < 0:
		return errors.New("native: AddTopics: Last must not be negative; 0 asks for no earlier events")
	case o.Every != 0 && !o.Latest:
		return errors.New("native: AddTopics: Every is given without Latest; leave it out for every event")
	case o.Last > 0 && o.After != "":
		return errors.New("native: AddTopics: Last and After are both given; leave one out")
	}
	if err := checkNames("AddTopics", names); err != nil {
		return err
	}
	if err := checkEvery(names[0], o.Every); err != nil {
		return fmt.Errorf("native: AddTopics: Every %w", err)
	}
	return nil
}
