package session

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// story is one of testdata/stories.json: inputs at their times in milliseconds, and
// the effects. The session of a page without an engine, shim/basic-session.js, must
// do the same in each of them; shim/stories.test.js reads them, too.
type story struct {
	Name    string         `json:"name"`
	Options map[string]any `json:"options,omitempty"`
	Steps   []struct {
		At    int            `json:"at"`
		Input map[string]any `json:"input,omitempty"` // nil: time passes
	} `json:"steps"`
	Effects []string `json:"effects"`
}

func TestStories(t *testing.T) {
	text, err := os.ReadFile("testdata/stories.json")
	if err != nil {
		t.Fatal(err)
	}
	var stories []story
	if err := json.Unmarshal(text, &stories); err != nil {
		t.Fatal(err)
	}
	for _, story := range stories {
		t.Run(story.Name, func(t *testing.T) {
			w := newWorld(t, func(opt *Options) { fill(t, reflect.ValueOf(opt).Elem(), story.Options) })
			var effects []string
			w.watch = func(_ Input, e Effect) {
				if text := w.tell(e); text != "" {
					effects = append(effects, fmt.Sprintf("%d %s", w.now.Mono.Milliseconds(), text))
				}
			}
			for _, step := range story.Steps {
				w.run(time.Duration(step.At)*ms - w.now.Mono)
				if step.Input != nil {
					w.do(inputOf(t, step.Input))
				}
			}
			if !slices.Equal(effects, story.Effects) {
				t.Errorf("got:\n%s\nwant:\n%s", indent(strings.Join(effects, "\n")), indent(strings.Join(story.Effects, "\n")))
			}
		})
	}
}

var inputTypes = []Input{
	Start{}, Stop{}, Reconnect{}, Away{}, Wake{}, Network{}, Visible{}, Online{}, Tick{},
	URLReady{}, URLFailed{}, Opened{}, Closed{}, Hello{}, Position{}, Events{}, Pong{}, Frame{},
}

// inputOf reads an input in the words of the boundary to JavaScript.
func inputOf(t *testing.T, fields map[string]any) Input {
	t.Helper()
	name, _ := fields["type"].(string)
	for _, in := range inputTypes {
		if kind := reflect.TypeOf(in); strings.EqualFold(kind.Name(), name) {
			v := reflect.New(kind).Elem()
			delete(fields, "type")
			fill(t, v, fields)
			return v.Interface().(Input)
		}
	}
	t.Fatalf("there is no input %q", name)
	return nil
}

// fill sets the fields of a struct. Durations are given in milliseconds.
func fill(t *testing.T, v reflect.Value, fields map[string]any) {
	t.Helper()
	for name, value := range fields {
		f := v.FieldByNameFunc(func(own string) bool { return strings.EqualFold(own, name) })
		if !f.IsValid() {
			t.Fatalf("%v has no field %q", v.Type(), name)
		}
		switch value := value.(type) {
		case float64:
			n := int64(value)
			if f.Type() == reflect.TypeFor[time.Duration]() {
				n *= int64(ms)
			}
			f.SetInt(n)
		case map[string]any:
			f.Set(reflect.New(f.Type().Elem()))
			fill(t, f.Elem(), value)
		case []any:
			for _, s := range value {
				f.Set(reflect.Append(f, reflect.ValueOf(s)))
			}
		default:
			f.Set(reflect.ValueOf(value))
		}
	}
}

// tell is an effect as the stories write it; "" for those that the two sessions have
// on their own.
func (w *world) tell(e Effect) string {
	bits := func(mask []bool) (text string) {
		for _, yes := range mask {
			text += map[bool]string{true: "1", false: "0"}[yes]
		}
		return text
	}
	switch e := e.(type) {
	case Dial:
		previous := ""
		if p := e.Previous; p != nil {
			previous = fmt.Sprintf("%s,%d,%d", p.Cause, p.Up.Milliseconds(), p.Down.Milliseconds())
		}
		return fmt.Sprintf("dial %d after=%s fresh=%t attempt=%d previous=%s", e.Generation, e.After, e.Fresh, e.Attempt, previous)
	case Abandon:
		return fmt.Sprintf("abandon %d %d %s", e.Generation, e.Code, e.Reason)
	case Ping:
		return fmt.Sprintf("ping %d", e.Generation)
	case Deliver:
		return fmt.Sprintf("deliver %s held=%d cursor=%s", bits(e.Mask), e.Held, e.Cursor)
	case Release:
		return fmt.Sprintf("release %s cursor=%s", bits(e.Mask), e.Cursor)
	case Moved:
		return "moved " + e.Cursor
	case Gap:
		return fmt.Sprintf("gap after=%s earliest=%s %s", e.After, e.Earliest, e.Reason)
	case State:
		retry := "never"
		if e.RetryAt >= 0 {
			retry = fmt.Sprint((e.RetryAt - w.now.Wall).Milliseconds())
		}
		return fmt.Sprintf("%s since=%d attempt=%d retry=%s %s", e.Name, (e.Since - wallStart).Milliseconds(), e.Attempt, retry, e.Cause)
	}
	return ""
}
