//go:build nats

package stores

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/nats"
)

func init() {
	openers["file"], openers["nats"] = openNATS, openNATS
}

// openNATS takes nats://a:4222,nats://b:4222?replicas=3, too, how many events of each
// topic to keep, and whether to follow only the topics that clients want:
// file:///directory?per-topic=1000&follow-topics=true.
func openNATS(name string) (store.Store, func() error, error) {
	address, query, _ := strings.Cut(name, "?")
	options, err := natsOptions(query)
	if err != nil {
		return nil, nil, fmt.Errorf("nats: %w", err)
	}
	s, err := nats.Open(address, options)
	if err != nil {
		return nil, nil, err
	}
	return s, s.Close, nil
}

func natsOptions(query string) (options nats.Options, err error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return options, fmt.Errorf("%q: %w", query, err)
	}
	numbers := map[string]*int{"replicas": &options.Replicas, "per-topic": &options.EventsPerTopic}
	for key, given := range values {
		value := given[0]
		number, counts := numbers[key]
		switch {
		case !counts && key != "follow-topics":
			return options, fmt.Errorf("%q is none of replicas, per-topic and follow-topics", key)
		case len(given) > 1:
			return options, fmt.Errorf("%s must be given once", key)
		case counts:
			if *number, err = strconv.Atoi(value); err != nil || *number < 1 {
				return options, fmt.Errorf("%s=%q must be a whole number above 0", key, value)
			}
		case value != "true" && value != "false":
			return options, fmt.Errorf("%s=%q must be true or false", key, value)
		default:
			options.FollowTopics = value == "true"
		}
	}
	if options.FollowTopics && options.EventsPerTopic == 0 {
		return options, errors.New("follow-topics=true needs per-topic, as in ?per-topic=1000&follow-topics=true")
	}
	return options, nil
}
