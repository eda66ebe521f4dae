package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wakesocket/wakesocket/e2e/badlink"
)

const pageIP, serverIP = "10.79.0.1", "10.79.0.2"

// quality is that of the issue: a link of 20 kB/s that loses one packet of twenty.
var quality = badlink.Quality{Latency: 25 * time.Millisecond, Loss: 0.05, Rate: 20_000}

// host is a thread with a network of its own. A socket that is made there stays
// there, whoever uses it.
type host chan func()

func newHost() (host, error) {
	h, entered := make(host), make(chan error)
	go func() {
		runtime.LockOSThread() // for good: a thread that has moved must serve nobody else
		entered <- unix.Unshare(unix.CLONE_NEWNET)
		for f := range h {
			f()
		}
	}()
	return h, <-entered
}

func (h host) do(f func() error) error {
	result := make(chan error)
	h <- func() { result <- f() }
	return <-result
}

// plug puts an end of the cable into the host.
func (h host) plug(address, peer string) (end *os.File, err error) {
	err = h.do(func() (err error) {
		if end, err = badlink.Plug("cable0"); err != nil {
			return err
		}
		for _, args := range [][]string{{"link", "set", "lo", "up"}, {"address", "add", address, "peer", peer, "dev", "cable0"}, {"link", "set", "cable0", "up"}} {
			if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
				return fmt.Errorf("ip %v: %w: %s", args, err, out)
			}
		}
		// Every kernel has it, and loss slows down no other more.
		return os.WriteFile("/proc/sys/net/ipv4/tcp_congestion_control", []byte("reno"), 0)
	})
	return end, err
}

// link is a page's host and a server's, with a cable between them.
func link() (page, server host, cable *badlink.Cable, err error) {
	if page, err = newHost(); err != nil {
		return nil, nil, nil, fmt.Errorf("cannot make a network; run as root: %w", err)
	}
	if server, err = newHost(); err != nil {
		return nil, nil, nil, err
	}
	near, err := page.plug(pageIP, serverIP)
	if err != nil {
		return nil, nil, nil, err
	}
	far, err := server.plug(serverIP, pageIP)
	if err != nil {
		return nil, nil, nil, err
	}
	cable = badlink.Connect(near, far, 15)
	cable.Set(quality)
	return page, server, cable, nil
}
