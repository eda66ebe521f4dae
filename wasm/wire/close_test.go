package wire

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestAdvice(t *testing.T) {
	for _, c := range []struct {
		after time.Duration
		text  string
		want  string
	}{
		{1500 * time.Millisecond, "draining", "retry=1500 draining"},
		{0, "", "retry=0"},
		{-time.Second, "late", "retry=0 late"},
		{time.Microsecond, "", "retry=0"},
		{time.Hour, strings.Repeat("x", 200), "retry=3600000 " + strings.Repeat("x", 109)},
		{0, strings.Repeat("é", 100), "retry=0 " + strings.Repeat("é", 57)}, // no half character: browsers fail the connection
	} {
		if got := Advice(c.after, c.text); got != c.want {
			t.Errorf("Advice(%v, %q) is %q, want %q", c.after, c.text, got, c.want)
		}
	}
}

func FuzzAdvice(f *testing.F) {
	f.Add(int64(1500), "draining")
	f.Add(int64(-1), "")
	f.Add(int64(1<<62), strings.Repeat("é", 100))
	f.Fuzz(func(t *testing.T, ms int64, text string) {
		if ms > 1<<40 || ms < -1<<40 {
			ms %= 1 << 40
		}
		reason := Advice(time.Duration(ms)*time.Millisecond, text)
		if len(reason) > 123 {
			t.Fatalf("%d bytes do not fit into a close frame", len(reason))
		}
		if !utf8.ValidString(reason) {
			t.Fatalf("%q is not UTF-8: the peer would fail the connection", reason)
		}
		after, ok := ParseAdvice(reason)
		want := min(max(0, time.Duration(ms)*time.Millisecond), MaxAdvice)
		if !ok || after != want {
			t.Fatalf("%q reads as %v, %v; want %v", reason, after, ok, want)
		}
	})
}

func FuzzParseAdvice(f *testing.F) {
	for _, reason := range []string{"retry=1500 draining", "retry=", "retry=-0", "retry=99999999999999999999", "x"} {
		f.Add(reason)
	}
	f.Fuzz(func(t *testing.T, reason string) {
		after, ok := ParseAdvice(reason)
		if after < 0 || after > MaxAdvice || !ok && after != 0 {
			t.Fatalf("%q reads as %v, %v", reason, after, ok)
		}
	})
}
