//go:build !linux

package feed

import (
	"net"
	"time"
)

// Elsewhere the kernel's defaults stay, and it is not asked for its round-trip time.

func keepShort(net.Conn, int) {}

func keepFresh(net.Conn) {}

func crowded(net.Conn) bool { return false }

func roundTrip(net.Conn) time.Duration { return 0 }
