package store

import (
	"cmp"
	"errors"
	"strings"
	"testing"
)

func TestParseID(t *testing.T) {
	for text, want := range map[string]ID{
		"a-0":                          {"a", 0, 0},
		"0f-7":                         {"0f", 7, 0},
		"a-18446744073709551615":       {"a", 1<<64 - 1, 0},
		"a-1700000000000-3":            {"a", 1700000000000, 3},
		"a-12-34567":                   {"a", 12, 34567},
		strings.Repeat("z", 32) + "-1": {strings.Repeat("z", 32), 1, 0},
	} {
		if got, ok := ParseID(text); !ok || got != want || got.String() != text {
			t.Errorf("%q: %+v, %v", text, got, ok)
		}
	}
	for _, text := range []string{
		"", "-", "a", "a-", "-1", "a-01", "a-+1", "a--1", "a-1-", "a-1-0", "a-1-01", "a-1-2-3", "A-1", "a b-1", "ä-1",
		"a-18446744073709551616", strings.Repeat("z", 33) + "-1", "a-" + strings.Repeat("1", 200), "a-1\n", "a-１",
	} {
		if id, ok := ParseID(text); ok {
			t.Errorf("%q is mistaken for %+v", text, id)
		}
	}
}

func TestIsZero(t *testing.T) {
	for id, want := range map[ID]bool{{}: true, {Epoch: "a"}: false, {Major: 1}: false, {Minor: 1}: false} {
		if id.IsZero() != want {
			t.Errorf("%+v: %v", id, id.IsZero())
		}
	}
}

func TestCompare(t *testing.T) {
	ordered := []ID{{Major: 1, Minor: 9}, {Major: 2, Minor: 1}, {Major: 2, Minor: 5}, {Major: 10}}
	for i, a := range ordered {
		for k, b := range ordered {
			if got := a.Compare(b); got != cmp.Compare(i, k) {
				t.Errorf("%v to %v: %d", a, b, got)
			}
		}
	}
}

func TestCheckTopic(t *testing.T) {
	for _, topic := range []string{"cpu", "a b", "höhe/über alles", strings.Repeat("x", MaxTopic)} {
		if err := CheckTopic(topic); err != nil {
			t.Errorf("%q: %v", topic, err)
		}
	}
	for _, topic := range []string{"", "a\nb", "\x00", "\x7f", "\xff", strings.Repeat("x", MaxTopic+1)} {
		if CheckTopic(topic) == nil || CheckName(topic) == nil {
			t.Errorf("%q is accepted", topic)
		}
	}
	for _, topic := range []string{"price.*", "price.eur.*", ".*", "*", "a*", "*.a", "a.*.b", ">", "a.>"} {
		if err := CheckTopic(topic); !errors.Is(err, ErrInvalidTopic) {
			t.Errorf("%q: %v", topic, err)
		}
		if err := CheckName(topic); err != nil {
			t.Errorf("the name %q: %v", topic, err)
		}
	}
	for _, topic := range []string{"price.", ".", "a..b", "a>b", "a > b"} {
		if err := CheckTopic(topic); err != nil {
			t.Errorf("%q: %v", topic, err)
		}
	}
}

func TestNewEpoch(t *testing.T) {
	a, b := NewEpoch(), NewEpoch()
	if a == b || !validEpoch(a) || len(a) != 12 {
		t.Errorf("%q, %q", a, b)
	}
}

func FuzzParseID(f *testing.F) {
	for _, seed := range []string{"a-1", "0123456789ab-18446744073709551615-1", "a-01", "", "--"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if id, ok := ParseID(text); ok && id.String() != text {
			t.Fatalf("%q becomes %q", text, id.String())
		}
	})
}
