package wire

import (
	"errors"
	"strings"
)

// anyRest is the end of a pattern that stands for more than one topic.
const anyRest = ".*"

// IsPattern reports whether a name in a topic filter stands for more than one
// topic: it ends with ".*", and something comes before that.
func IsPattern(name string) bool {
	return len(name) > len(anyRest) && strings.HasSuffix(name, anyRest)
}

// MatchTopic reports whether a name in a topic filter stands for the topic. There
// is one rule: a name that ends with ".*" stands for every topic that begins with
// what comes before the "*", at any depth. Any other name stands for the one topic
// that is spelled the same. So "price.*" matches "price.gold" and "price.gold.eur",
// but not "price" and not "prices.gold"; "*" alone is no pattern.
func MatchTopic(name, topic string) bool {
	if IsPattern(name) {
		prefix := name[:len(name)-1]
		return len(topic) > len(prefix) && strings.HasPrefix(topic, prefix)
	}
	return name == topic
}

// Patterns returns every pattern that stands for the topic, the longest first:
// for "price.gold.eur" these are "price.gold.*" and "price.*". With the topic
// itself they are all names by which a filter can ask for it.
func Patterns(topic string) (names []string) {
	for i := len(topic) - 2; i > 0; i-- {
		if topic[i] == '.' {
			names = append(names, topic[:i]+anyRest)
		}
	}
	return names
}

// CheckName says what is wrong with a name in a topic filter that could only be
// meant as a pattern and is none: one with a "*" that does not stand at the end after
// a dot, or one that ends with ".>". Such a name would match nothing, in silence.
func CheckName(name string) error {
	stem := name
	if IsPattern(name) {
		stem = strings.TrimSuffix(name, "*")
	}
	switch {
	case name == "*" || name == ">" || name == anyRest:
		return errors.New(`"` + name + `" is no pattern; name no topics to get all of them`)
	case strings.HasSuffix(name, ".>"):
		return errors.New(`"` + name + `" is no pattern; write "` + strings.TrimSuffix(name, ">") + `*", which stands for any depth`)
	case strings.Contains(stem, "*"):
		return errors.New(`"` + name + `" is no pattern; a "*" stands only at the end, after a dot, as in "price.*"`)
	}
	return nil
}
