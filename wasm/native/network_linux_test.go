package native

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/sys/unix"
)

// One netlink socket serves all clients, and is closed after the last.
func TestWatchersShareASocket(t *testing.T) {
	open := func() bool {
		watchers.Lock()
		defer watchers.Unlock()
		return watchers.netlink != nil
	}
	eventually(t, "the end of other watchers", func() bool { return !open() })
	first, stopFirst := watchNetwork()
	second, stopSecond := watchNetwork()
	if first == nil || second == nil || !open() {
		t.Fatal("nothing is watched")
	}
	stopFirst()
	if !open() {
		t.Error("the socket is closed while a watcher is left")
	}
	stopSecond()
	if open() {
		t.Error("the socket is open without a watcher")
	}
}

// Changes of addresses reach the watchers. The socket is in a network of its own,
// so that the machine's is left alone.
func TestAddressChangesAreNoticed(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("making a network namespace takes root")
	}
	type result struct {
		before, after bool
		err           error
	}
	results := make(chan result)
	go func() {
		runtime.LockOSThread() // for good: the thread ends with this goroutine
		var r result
		defer func() { results <- r }()
		if r.err = unix.Unshare(unix.CLONE_NEWNET); r.err != nil {
			return
		}
		f, err := openNetlink()
		if r.err = err; err != nil {
			return
		}
		defer f.Close()
		changes := make(chan struct{}, 1)
		watchers.Lock()
		if watchers.all == nil {
			watchers.all = map[chan struct{}]bool{}
		}
		watchers.all[changes] = true
		watchers.Unlock()
		defer func() {
			watchers.Lock()
			delete(watchers.all, changes)
			watchers.Unlock()
		}()
		go readNetlink(f)
		select {
		case <-changes:
			r.before = true
		case <-time.After(50 * time.Millisecond):
		}
		if out, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
			r.err = &net.OpError{Op: string(out), Err: err}
			return
		}
		select {
		case <-changes:
			r.after = true
		case <-time.After(patience):
		}
	}()
	if r := <-results; r.err != nil || r.before || !r.after {
		t.Errorf("a change before it: %v; noticed: %v; %v", r.before, r.after, r.err)
	}
}

// A connection is stranded when the machine no longer uses its address.
func TestStranded(t *testing.T) {
	url := handler(t, func(_ *http.Request, conn *websocket.Conn) { plain(conn) })
	c := start(t, Options{URL: url})
	within(t, "Ready", func() { _ = c.Ready(t.Context()) })
	c.mu.Lock()
	k := c.live
	c.mu.Unlock()
	if k.local == nil || k.stranded() {
		t.Errorf("a connection from %v is stranded", k.local)
	}
	moved := &socket{local: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)}, remote: k.remote}
	if !moved.stranded() {
		t.Error("a connection from an address that is gone is not stranded")
	}
	if (&socket{}).stranded() {
		t.Error("a connection of another kind is stranded")
	}
	lost := &socket{local: k.local, remote: &net.UnixAddr{Name: "nowhere"}}
	if !lost.stranded() {
		t.Error("a connection without a route is not stranded")
	}
}
