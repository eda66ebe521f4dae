package nats

import (
	"maps"
	"slices"
	"strings"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// filtersMost is how many subjects one consumer is made with: the server compares each
// with each when it makes one.
const filtersMost = 1000

// ownNames are followed whatever a process wants.
var ownNames = []string{store.ControlTopic, strings.TrimSuffix(store.MilestoneTopic(""), ".") + ".*"}

// reduce returns names that stand for at least the same topics and of which none stands
// for another, at most so many. When there are more, the longest give way to the pattern
// above them; all says that not even the shortest patterns are few enough.
func reduce(names []string, most int) (reduced []string, all bool) {
	set := make(map[string]struct{}, len(names))
	for _, name := range names {
		if _, ok := filterOf("", name); !ok {
			return nil, true
		}
		set[name] = struct{}{}
	}
	dropCovered(set)
	for len(set) > most {
		deepest := 0
		for name := range set {
			deepest = max(deepest, depth(name))
		}
		for name := range set {
			if depth(name) < deepest {
				continue
			}
			above, ok := patternAbove(name)
			if !ok {
				return nil, true
			}
			set[above] = struct{}{} // which stands for the name
		}
		dropCovered(set)
	}
	return slices.Sorted(maps.Keys(set)), false
}

// dropCovered drops the names that a pattern among them stands for.
func dropCovered(set map[string]struct{}) {
	for name := range set {
		for _, pattern := range wire.Patterns(name) {
			if _, ok := set[pattern]; ok && pattern != name {
				delete(set, name)
				break
			}
		}
	}
}

// depth orders names: a topic is deeper than the pattern above it.
func depth(name string) int {
	if wire.IsPattern(name) {
		return 2 * strings.Count(name, ".")
	}
	return 2*strings.Count(name, ".") + 1
}

// patternAbove is the next pattern that stands for a name and others; not ok when that
// would be every topic.
func patternAbove(name string) (pattern string, ok bool) {
	for _, pattern := range wire.Patterns(name) {
		if _, fits := filterOf("", pattern); fits && pattern != name {
			return pattern, true
		}
	}
	return "", false
}
