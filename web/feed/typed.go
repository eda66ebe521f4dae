package feed

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/wakesocket/wakesocket/web/store"
)

// Typed is a topic whose events all hold a T. Declare it once, beside the type,
// and publish with it; [WriteTypes] tells the pages the same types.
//
//	var Load = feed.Typed[LoadReading]{Topic: "cpu"}
//	id, err := Load.Publish(ctx, f, LoadReading{User: 0.3})
type Typed[T any] struct {
	// Topic is the name of the topic.
	Topic string
}

// Publish appends an event with the JSON of data, and returns its id. It fails
// with [ErrInvalidEvent] when data has no JSON, such as NaN, and else as
// [Feed.Publish] does.
func (t Typed[T]) Publish(ctx context.Context, f *Feed, data T, options ...store.PublishOption) (id string, err error) {
	text, err := json.Marshal(data)
	if err != nil {
		return "", fmt.Errorf("%w: topic %q: %w", ErrInvalidEvent, t.Topic, err)
	}
	return f.Publish(ctx, t.Topic, text, options...)
}

func (t Typed[T]) declare() (topic string, data reflect.Type) {
	return t.Topic, reflect.TypeFor[T]()
}

// TypedTopic is a [Typed] of any type.
type TypedTopic interface {
	declare() (topic string, data reflect.Type)
}
