package badlink

import (
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// requireNetworks skips where a test may not make networks; in CI it must be able to.
func requireNetworks(t *testing.T) {
	t.Helper()
	if os.Geteuid() == 0 {
		return
	}
	const reason = "THE CABLE IS NOT TESTED: it connects network namespaces, which needs root"
	if os.Getenv("CI") == "true" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

// do runs a function on the host; its error is fatal.
func do(t *testing.T, h *Host, f func() error) {
	t.Helper()
	if err := h.Do(f); err != nil {
		t.Fatal(err)
	}
}

const nearIP, farIP = "10.78.0.1", "10.78.0.2"

// pair is two hosts and the cable between them.
func pair(t *testing.T) (near, far *Host, c *Cable) {
	requireNetworks(t)
	host := func(address, peer string) (*Host, *os.File) {
		h, err := NewHost()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(h.Close)
		end, err := h.Plug("cable0", address, peer)
		if err != nil {
			t.Fatal(err)
		}
		return h, end
	}
	near, up := host(nearIP, farIP)
	far, down := host(farIP, nearIP)
	c = Connect(up, down, 1)
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return near, far, c
}

// datagrams is a socket on each host that talks to the other.
func datagrams(t *testing.T, near, far *Host) (at, to *net.UDPConn) {
	here, there := &net.UDPAddr{IP: net.ParseIP(nearIP), Port: 7}, &net.UDPAddr{IP: net.ParseIP(farIP), Port: 7}
	do(t, near, func() (err error) { at, err = net.DialUDP("udp", here, there); return err })
	do(t, far, func() (err error) { to, err = net.DialUDP("udp", there, here); return err })
	for _, c := range []*net.UDPConn{at, to} {
		t.Cleanup(func() { c.Close() })
		c.SetDeadline(time.Now().Add(30 * time.Second))
	}
	return at, to
}

func TestLatencyOfDatagrams(t *testing.T) {
	near, far, c := pair(t)
	at, to := datagrams(t, near, far)
	go io.Copy(to, to) // one read, one packet back
	c.Set(Quality{Latency: 60 * time.Millisecond})
	best := time.Hour // the machine may be busy
	for range 5 {
		began := time.Now()
		if _, err := at.Write([]byte("?")); err != nil {
			t.Fatal(err)
		}
		if _, err := at.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		took := time.Since(began)
		if took < 120*time.Millisecond {
			t.Errorf("there and back in %v; want 120 ms", took)
		}
		best = min(best, took)
	}
	if best > 200*time.Millisecond {
		t.Errorf("there and back in %v at best; want 120 ms", best)
	}
}

func TestLossIsCounted(t *testing.T) {
	const n = 200
	near, far, c := pair(t)
	at, to := datagrams(t, near, far)
	before := c.Up.Counts()
	c.Up.Set(Quality{Loss: 0.2})
	for range n {
		if _, err := at.Write([]byte("?")); err != nil {
			t.Fatal(err)
		}
	}
	// A packet is decided about when the cable reads it, which is soon, not now.
	deadline := time.Now().Add(10 * time.Second)
	for c.Up.Counts().Packets+c.Up.Counts().Lost < before.Packets+n {
		if time.Now().After(deadline) {
			t.Fatalf("the cable saw %+v, and then nothing", c.Up.Counts())
		}
		<-time.After(time.Millisecond)
	}
	lost := c.Up.Counts().Lost
	c.Up.Set(Quality{})
	if _, err := at.Write([]byte(".")); err != nil {
		t.Fatal(err)
	}
	came := 0
	for word := []byte("?"); ; came++ {
		if _, err := to.Read(word); err != nil {
			t.Fatal(err)
		}
		if word[0] == '.' {
			break
		}
	}
	if came+lost != n {
		t.Errorf("%d came and %d were lost of %d", came, lost, n)
	}
	if lost < n/10 || lost > n*3/10 {
		t.Errorf("%d of %d were lost; want a fifth", lost, n)
	}
}

func TestRateOfAConnection(t *testing.T) {
	const size, rate = 100_000, 50_000
	near, far, c := pair(t)
	var listener net.Listener
	do(t, far, func() (err error) { listener, err = net.Listen("tcp", net.JoinHostPort(farIP, "80")); return err })
	t.Cleanup(func() { listener.Close() })
	var conn net.Conn
	do(t, near, func() (err error) { conn, err = net.Dial("tcp", listener.Addr().String()); return err })
	t.Cleanup(func() { conn.Close() })
	server, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	c.Down.Set(Quality{Rate: rate})
	began := time.Now()
	if _, err := server.Write(make([]byte, size)); err != nil { // no more than the kernel buffers
		t.Fatal(err)
	}
	conn.SetDeadline(began.Add(30 * time.Second))
	if _, err := io.ReadFull(conn, make([]byte, size)); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < size/rate*time.Second*9/10 || took > 3*size/rate*time.Second {
		t.Errorf("%d bytes at %d bytes/s took %v", size, rate, took)
	}
}

func TestCloseEndsAllThatRuns(t *testing.T) {
	near, far, c := pair(t)
	at, _ := datagrams(t, near, far)
	c.Set(Quality{Latency: time.Hour})
	if _, err := at.Write([]byte("?")); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if _, err := c.ends[0].(*os.File).Read(make([]byte, 1)); err == nil {
		t.Error("the interface is still there")
	}
}
