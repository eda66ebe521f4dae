package main

import (
	"os"
	"time"

	"github.com/wakesocket/wakesocket/e2e/badlink"
)

const pageIP, serverIP = "10.79.0.1", "10.79.0.2"

// quality is that of the issue: a link of 20 kB/s that loses one packet of twenty.
var quality = badlink.Quality{Latency: 25 * time.Millisecond, Loss: 0.05, Rate: 20_000}

// link is a page's host and a server's, with a cable between them.
func link() (page, server *badlink.Host, cable *badlink.Cable, err error) {
	page, near, err := host(pageIP, serverIP)
	if err != nil {
		return nil, nil, nil, err
	}
	server, far, err := host(serverIP, pageIP)
	if err != nil {
		return nil, nil, nil, err
	}
	cable = badlink.Connect(near, far, 15)
	cable.Set(quality)
	return page, server, cable, nil
}

func host(address, peer string) (*badlink.Host, *os.File, error) {
	h, err := badlink.NewHost()
	if err != nil {
		return nil, nil, err
	}
	end, err := h.Plug("cable0", address, peer)
	if err != nil {
		return nil, nil, err
	}
	// Every kernel has it, and loss slows down no other more.
	return h, end, h.Do(func() error { return os.WriteFile("/proc/sys/net/ipv4/tcp_congestion_control", []byte("reno"), 0) })
}
