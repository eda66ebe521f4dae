//go:build nats

package stores

import (
	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/nats"
)

func init() {
	openers["file"], openers["nats"] = openNATS, openNATS
}

func openNATS(name string) (store.Store, func() error, error) {
	s, err := nats.Open(name, nats.Options{})
	if err != nil {
		return nil, nil, err
	}
	return s, s.Close, nil
}
