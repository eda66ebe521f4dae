//go:build nats

package stores

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/nats"
)

func init() {
	openers["file"], openers["nats"] = openNATS, openNATS
}

// openNATS takes nats://a:4222,nats://b:4222?replicas=3, too.
func openNATS(name string) (store.Store, func() error, error) {
	var options nats.Options
	address, text, ok := strings.Cut(name, "?replicas=")
	if ok {
		replicas, err := strconv.Atoi(text)
		if err != nil || replicas < 1 {
			return nil, nil, fmt.Errorf("nats: replicas=%q must be 1, 3 or 5", text)
		}
		options.Replicas = replicas
	}
	s, err := nats.Open(address, options)
	if err != nil {
		return nil, nil, err
	}
	return s, s.Close, nil
}
