package fmt_test

import (
	"bytes"
	"errors"
	standard "fmt"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/wasm/internal/build/fmt"
)

func TestSprintfSaysWhatTheStandardOneSays(t *testing.T) {
	for _, c := range []struct {
		format string
		args   []any
	}{
		{"", nil},
		{"no verb", nil},
		{"%v", []any{"text"}},
		{"%s:%d\n", []any{"file", 12}},
		{"%+v\n%s", []any{errors.New("cause"), time.Second}},
		{"global %q is not defined", []any{`a"b`}},
		{"%v%v", []any{1, -2}},
		{"before %s", []any{"after"}},
	} {
		want := standard.Sprintf(c.format, c.args...)
		if got := fmt.Sprintf(c.format, c.args...); got != want {
			t.Errorf("Sprintf(%q) = %q, want %q", c.format, got, want)
		}
		if got := fmt.Errorf(c.format, c.args...).Error(); got != want {
			t.Errorf("Errorf(%q) = %q, want %q", c.format, got, want)
		}
		var out bytes.Buffer
		if n, err := fmt.Fprintf(&out, c.format, c.args...); n != len(want) || err != nil || out.String() != want {
			t.Errorf("Fprintf(%q) wrote %q (%d, %v), want %q", c.format, out.String(), n, err, want)
		}
	}
}

func TestSprintfMarksWhatItCannotWrite(t *testing.T) {
	for _, c := range []struct {
		format string
		args   []any
		want   string
	}{
		{"a %", []any{1}, "a %!(BADFORMAT)"},
		{"a %v", nil, "a %!(BADFORMAT)"},
		{"a %v", []any{struct{}{}}, "a (a value without a text)"},
	} {
		if got := fmt.Sprintf(c.format, c.args...); got != c.want {
			t.Errorf("Sprintf(%q) = %q, want %q", c.format, got, c.want)
		}
	}
}

func TestFprint(t *testing.T) {
	var out bytes.Buffer
	if n, err := fmt.Fprint(&out, "a", 1, errors.New("e")); n != 3 || err != nil || out.String() != "a1e" {
		t.Errorf("Fprint wrote %q (%d, %v)", out.String(), n, err)
	}
}
