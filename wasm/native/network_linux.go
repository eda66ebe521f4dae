package native

import (
	"errors"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// networkSettle is how long after the first sign of a change the rest of it comes.
const networkSettle = 300 * time.Millisecond

// watchers are the clients that want to know of changes; one netlink socket serves
// them all.
var watchers struct {
	sync.Mutex
	all     map[chan struct{}]bool
	netlink *os.File
}

// watchNetwork returns a channel that receives a value when an address or a link of
// the machine has changed. Without netlink it never does.
func watchNetwork() (changes <-chan struct{}, stop func()) {
	ch := make(chan struct{}, 1)
	watchers.Lock()
	defer watchers.Unlock()
	if watchers.all == nil {
		watchers.all = map[chan struct{}]bool{}
	}
	watchers.all[ch] = true
	if watchers.netlink == nil {
		if f, err := openNetlink(); err == nil {
			watchers.netlink = f
			go readNetlink(f)
		}
	}
	return ch, func() {
		watchers.Lock()
		defer watchers.Unlock()
		delete(watchers.all, ch)
		if len(watchers.all) == 0 && watchers.netlink != nil {
			watchers.netlink.Close()
			watchers.netlink = nil
		}
	}
}

func openNetlink() (*os.File, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	groups := uint32(unix.RTMGRP_LINK | unix.RTMGRP_IPV4_IFADDR | unix.RTMGRP_IPV6_IFADDR)
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: groups}); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), "netlink"), nil
}

// readNetlink tells the watchers of changes until the socket is closed.
func readNetlink(f *os.File) {
	buf := make([]byte, 64<<10)
	for {
		if _, err := f.Read(buf); err != nil && !isOverrun(err) {
			return
		}
		time.Sleep(networkSettle)
		watchers.Lock()
		for ch := range watchers.all {
			select {
			case ch <- struct{}{}:
			default:
			}
		}
		watchers.Unlock()
	}
}

// isOverrun is an error that says that messages were lost: there was a change.
func isOverrun(err error) bool { return errors.Is(err, unix.ENOBUFS) }
