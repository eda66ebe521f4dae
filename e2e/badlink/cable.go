package badlink

import (
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"time"
)

// Cable connects two ends. It is perfect until Set changes it.
type Cable struct {
	Up   *Lane // from the near end to the far one
	Down *Lane // and back

	ends    [2]io.Closer
	closed  chan struct{}
	close   func() error
	running sync.WaitGroup
}

// Connect makes a cable of two ends, of which each Read is one packet and each
// Write another. With the same seed it loses the same packets.
func Connect(near, far io.ReadWriteCloser, seed uint64) *Cable {
	c := &Cable{ends: [2]io.Closer{near, far}, closed: make(chan struct{})}
	c.close = sync.OnceValue(c.shut)
	lane := func(n uint64) *Lane {
		return &Lane{began: time.Now(), schedule: schedule{random: rand.New(rand.NewPCG(seed, n)).Float64}}
	}
	c.Up, c.Down = lane(0), lane(1)
	c.running.Go(func() { c.Up.carry(near, far, c.closed) })
	c.running.Go(func() { c.Down.carry(far, near, c.closed) })
	return c
}

// Set changes both directions for the packets that come from now on.
func (c *Cable) Set(q Quality) {
	c.Up.Set(q)
	c.Down.Set(q)
}

// Close closes both ends and waits until all goroutines of the cable have ended.
// Packets on their way are lost.
func (c *Cable) Close() error { return c.close() }

func (c *Cable) shut() error {
	close(c.closed)
	err := errors.Join(c.ends[0].Close(), c.ends[1].Close())
	c.running.Wait()
	return err
}
