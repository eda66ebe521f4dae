package feed

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/wakesocket/wakesocket/web/store"
)

// A panic in any method of an observer ends nothing, and is logged with its name.
func TestObserverThatPanics(t *testing.T) {
	log := &lines{}
	observer := shieldedObserver{nil, jsonLogger(log)} // each call is one of a nil interface
	methods := reflect.TypeFor[Observer]()
	for i := range methods.NumMethod() {
		method := methods.Method(i)
		arguments := make([]reflect.Value, method.Type.NumIn())
		for k := range arguments {
			arguments[k] = reflect.Zero(method.Type.In(k))
		}
		reflect.ValueOf(observer).MethodByName(method.Name).Call(arguments)
		records := log.with("observer panicked")
		if len(records) != i+1 || records[i]["method"] != method.Name {
			t.Errorf("%s: %v", method.Name, records)
		}
	}
}

// panicking is a log handler that panics at once.
type panicking struct{ slog.Handler }

func (p panicking) Enabled(ctx context.Context, l slog.Level) bool {
	return p.Handler.Enabled(ctx, l) // a bug, too, where there is none
}
func (panicking) Handle(context.Context, slog.Record) error { panic("a bug in the log handler") }
func (p panicking) WithAttrs([]slog.Attr) slog.Handler      { return p }
func (p panicking) WithGroup(string) slog.Handler           { return p }

// The feed serves its clients whatever its observer and its log do.
func TestFeedSurvivesItsObserverAndItsLog(t *testing.T) {
	for name, logger := range map[string]*slog.Logger{
		"panics": slog.New(panicking{slog.NewTextHandler(io.Discard, nil)}), "panics when asked for its level": slog.New(panicking{}), "has no handler": {},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, Options{Logger: logger, Observer: struct{ Observer }{}})
			p := s.knowing("nonsense")
			s.publish("cpu", 1, 3)
			p.readEvents(3)
			p.expect(1, 3)
			p.conn.CloseNow()
			until(t, "the client is gone", func() bool { return s.Connected() == 0 })
			s.knowing("")
		})
	}
}

// A panic of the store does not end the process.
func TestStoreThatPanicsIsOneThatFails(t *testing.T) {
	ctx := context.Background()
	broken := shieldedStore{}
	_, bounds := broken.Bounds(ctx)
	_, after := broken.After(ctx, id(1), 1)
	for method, err := range map[string]error{"Bounds": bounds, "After": after, "Follow": broken.Follow(ctx, id(1), nil)} {
		if err == nil || !strings.Contains(err.Error(), "the store panicked in "+method) {
			t.Errorf("%s: %v", method, err)
		}
	}
	f, err := New(Options{Store: struct{ store.Store }{}, Logger: jsonLogger(&lines{})})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if status, _ := answer(f.Ready()); status == http.StatusOK {
		t.Error("a feed whose store panics is ready")
	}
}
