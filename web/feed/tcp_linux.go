package feed

import (
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// keepShort bounds how many bytes wait in the kernel for their first sending. What
// is in there a pong cannot overtake, and the default is megabytes.
func keepShort(conn net.Conn, bytes int) {
	control(conn, func(fd int) {
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, bytes)
	})
}

// keepFresh is for a connection on which few bytes are on their way at any time, and
// what waits grows old: a packet that is lost again is not waited for twice as long.
func keepFresh(conn net.Conn) {
	keepShort(conn, unsentLatest)
	control(conn, func(fd int) { unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_THIN_LINEAR_TIMEOUTS, 1) })
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

// crowded reports whether what is on its way waits somewhere: more than the
// connection carries in its shortest round trip and a little more. What is
// sent now would be old when it arrives.
func crowded(conn net.Conn) (is bool) {
	control(conn, func(fd int) {
		waits, err := unix.IoctlGetInt(fd, unix.SIOCOUTQ)
		if err != nil || waits <= fewBytes {
			return
		}
		if info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			time := time.Duration(info.Min_rtt)*time.Microsecond + queueingMost
			is = float64(waits) > float64(info.Delivery_rate)*time.Seconds()
		}
	})
	return is
}

// fewBytes may always be on their way: two packets.
const (
	fewBytes     = 2 << 10
	queueingMost = 40 * time.Millisecond
)

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
