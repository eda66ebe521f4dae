package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
)

// host is a machine of its own as far as the network is concerned, with one link
// to this one.
type host struct {
	name   string
	link   string // of this machine to it
	subnet string // the first three numbers of its addresses
}

var hosts atomic.Int32

func newHost() (*host, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("network namespaces need root")
	}
	n := hosts.Add(1)
	h := &host{fmt.Sprintf("peers-%d-%d", os.Getpid(), n), fmt.Sprintf("p%d-%d", os.Getpid(), n), fmt.Sprintf("10.99.%d", n)}
	for _, args := range []string{
		"netns add " + h.name,
		"link add " + h.link + " type veth peer name eth0 netns " + h.name,
		"addr add " + h.subnet + ".1/24 dev " + h.link,
		"link set " + h.link + " up",
		"-n " + h.name + " addr add " + h.subnet + ".2/24 dev eth0",
		"-n " + h.name + " link set eth0 up",
	} {
		if err := ip(args); err != nil {
			return nil, errors.Join(err, h.remove())
		}
	}
	return h, nil
}

// move gives the host another address.
func (h *host) move() error {
	// The old one first: with the first address of a network, Linux takes the rest.
	if err := ip("-n " + h.name + " addr del " + h.subnet + ".2/24 dev eth0"); err != nil {
		return err
	}
	return ip("-n " + h.name + " addr add " + h.subnet + ".3/24 dev eth0")
}

// remove takes the host away. The link goes first: the host stays while a process
// on it does.
func (h *host) remove() error {
	return errors.Join(ip("link delete "+h.link), ip("netns delete "+h.name))
}

func ip(args string) error {
	out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", args, err, out)
	}
	return nil
}
