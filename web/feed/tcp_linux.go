package feed

import (
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// unsentMost is how many bytes may wait in the kernel for their first sending.
// What is in there a pong cannot overtake, and the default is megabytes.
const unsentMost = 32 << 10

// keepShort bounds what waits in the kernel.
func keepShort(conn net.Conn) {
	control(conn, func(fd int) {
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, unsentMost)
	})
}

// roundTrip is the kernel's smoothed round-trip time of the connection, 0 when
// it does not know. Behind a proxy it is that of the proxy.
func roundTrip(conn net.Conn) (rtt time.Duration) {
	control(conn, func(fd int) {
		if info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			rtt = time.Duration(info.Rtt) * time.Microsecond
		}
	})
	return rtt
}

func control(conn net.Conn, do func(fd int)) {
	if tls, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = tls.NetConn()
	}
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return
	}
	if raw, err := sc.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) { do(int(fd)) })
	}
}
