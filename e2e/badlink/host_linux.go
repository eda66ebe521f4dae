package badlink

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// Host is a thread with a network namespace of its own, which ends with it. A
// socket that is made there stays there, whoever uses it.
type Host struct{ work chan func() }

// NewHost makes a host that has no network yet. It needs root.
func NewHost() (*Host, error) {
	h, entered := &Host{make(chan func())}, make(chan error)
	go func() {
		runtime.LockOSThread() // for good: a thread that has moved must serve nobody else
		err := unix.Unshare(unix.CLONE_NEWNET)
		entered <- err
		if err != nil {
			return
		}
		for f := range h.work {
			f()
		}
	}()
	if err := <-entered; err != nil {
		return nil, fmt.Errorf("badlink: make a network namespace: %w; run as root", err)
	}
	return h, nil
}

// Do runs the function on the host, and returns its error.
func (h *Host) Do(f func() error) error {
	result := make(chan error)
	h.work <- func() { result <- f() }
	return <-result
}

// Close ends the host. No call of Do may follow.
func (h *Host) Close() { close(h.work) }

// Plug makes an interface of that name on the host, whose address talks to the
// peer's, and returns the end for Connect.
func (h *Host) Plug(name, address, peer string) (end *os.File, err error) {
	err = h.Do(func() (err error) {
		// IPv6 would ask for routers that nobody has, and be counted.
		if err := os.WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", []byte("1"), 0); err != nil && !os.IsNotExist(err) {
			return err
		}
		if end, err = Plug(name); err != nil {
			return err
		}
		for _, args := range []string{"link set lo up", "address add " + address + " peer " + peer + " dev " + name, "link set " + name + " up"} {
			if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
				end.Close()
				return fmt.Errorf("badlink: ip %s: %w: %s", args, err, out)
			}
		}
		return nil
	})
	return end, err
}
