//go:build nats

package stores

import (
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

// openNATS takes nats://a:4222,nats://b:4222?replicas=3, too, and how many events of
// each topic to keep: file:///directory?per-topic=1000.
func openNATS(name string) (store.Store, func() error, error) {
	var options nats.Options
	address, query, _ := strings.Cut(name, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, nil, fmt.Errorf("nats: %q: %w", query, err)
	}
	for key := range values {
		n, err := strconv.Atoi(values.Get(key))
		switch {
		case err != nil || n < 1 || len(values[key]) > 1:
			return nil, nil, fmt.Errorf("nats: %s=%q must be a whole number above 0, and be given once", key, values.Get(key))
		case key == "replicas":
			options.Replicas = n
		case key == "per-topic":
			options.EventsPerTopic = n
		default:
			return nil, nil, fmt.Errorf("nats: %q is none of replicas and per-topic", key)
		}
	}
	s, err := nats.Open(address, options)
	if err != nil {
		return nil, nil, err
	}
	return s, s.Close, nil
}
