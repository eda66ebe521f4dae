package wire

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestTopicVectors(t *testing.T) {
	text, err := os.ReadFile("testdata/topics.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Name    string   `json:"name"`
		Pattern bool     `json:"pattern"`
		Refused bool     `json:"refused"`
		Matches []string `json:"matches"`
		Not     []string `json:"not"`
	}
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	for _, v := range vectors {
		if got := IsPattern(v.Name); got != v.Pattern {
			t.Errorf("IsPattern(%q) is %v", v.Name, got)
		}
		if err := CheckName(v.Name); (err != nil) != v.Refused || err != nil && !strings.Contains(err.Error(), `"`+v.Name+`"`) {
			t.Errorf("CheckName(%q) is %v", v.Name, err)
		}
		for _, topic := range v.Matches {
			if !MatchTopic(v.Name, topic) {
				t.Errorf("%q does not match %q", v.Name, topic)
			}
		}
		for _, topic := range v.Not {
			if MatchTopic(v.Name, topic) {
				t.Errorf("%q matches %q", v.Name, topic)
			}
		}
	}
}

func TestPatterns(t *testing.T) {
	for topic, want := range map[string][]string{
		"price":          nil,
		"price.gold":     {"price.*"},
		"price.gold.eur": {"price.gold.*", "price.*"},
		"price.":         nil, // "price.*" wants something after the point
		".price":         nil, // ".*" is no pattern
		"a..b":           {"a..*", "a.*"},
		"a.*":            {"a.*"},
		"":               nil,
	} {
		if got := Patterns(topic); !slices.Equal(got, want) {
			t.Errorf("Patterns(%q) are %q, want %q", topic, got, want)
		}
	}
}

// The patterns of a topic are exactly those that match it.
func FuzzPatterns(f *testing.F) {
	f.Add("price.gold.eur", "price.*")
	f.Add("a.*", "a.*")
	f.Add("..", ".*")
	f.Fuzz(func(t *testing.T, topic, name string) {
		all := Patterns(topic)
		for _, p := range all {
			if !MatchTopic(p, topic) {
				t.Fatalf("%q does not match %q", p, topic)
			}
		}
		if IsPattern(name) && MatchTopic(name, topic) != slices.Contains(all, name) {
			t.Fatalf("MatchTopic(%q, %q) is %v, the patterns are %q", name, topic, MatchTopic(name, topic), all)
		}
		if n := strings.Count(topic, "."); len(all) > n {
			t.Fatalf("%d patterns of %q", len(all), topic)
		}
	})
}
