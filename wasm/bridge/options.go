//go:build js && wasm

package bridge

import (
	"fmt"
	"time"

	"github.com/hack-pad/safejs"

	"github.com/wakesocket/wakesocket/wasm/session"
)

// options reads the page's options over the defaults; missing ones are undefined.
func options(from safejs.Value) (session.Options, error) {
	opt := session.Defaults()
	for name, to := range map[string]*time.Duration{
		"heartbeat":   &opt.Heartbeat,
		"timeout":     &opt.Timeout,
		"attentive":   &opt.Attentive,
		"suspect":     &opt.Suspect,
		"backoffBase": &opt.BackoffBase,
		"backoffCap":  &opt.BackoffCap,
		"minUptime":   &opt.MinUptime,
		"dialTimeout": &opt.DialTimeout,
		"spread":      &opt.Spread,
	} {
		err := option(from, name, func(v safejs.Value) error {
			ms, err := v.Float()
			*to = time.Duration(ms * float64(time.Millisecond))
			return err
		})
		if err != nil {
			return opt, err
		}
	}
	for name, to := range map[string]*bool{"visible": &opt.Visible, "online": &opt.Online} {
		err := option(from, name, func(v safejs.Value) (err error) {
			*to, err = v.Bool()
			return err
		})
		if err != nil {
			return opt, err
		}
	}
	err := option(from, "after", func(v safejs.Value) (err error) {
		opt.After, err = v.String()
		return err
	})
	return opt, err
}

func option(from safejs.Value, name string, read func(safejs.Value) error) error {
	value, err := from.Get(name)
	if err == nil && !value.IsUndefined() {
		err = read(value)
	}
	if err != nil {
		return fmt.Errorf("option %s: %w", name, err)
	}
	return nil
}
