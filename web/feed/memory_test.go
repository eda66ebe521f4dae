package feed

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

// mute connects clients that read nothing after the handshake.
func (s *server) mute(query string, n int) {
	s.t.Helper()
	address := strings.TrimPrefix(s.url, "http://")
	for range n {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			s.t.Fatal(err)
		}
		s.t.Cleanup(func() { conn.Close() })
		conn.(*net.TCPConn).SetReadBuffer(4096)
		fmt.Fprintf(conn, "GET /?%s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", query, address)
	}
}

// stuck waits until so many clients are stuck in a write.
func (s *server) stuck(n int) {
	s.t.Helper()
	until(s.t, "the clients are stuck", func() bool {
		now, count := time.Now().Add(time.Hour), 0
		for _, c := range s.snapshot() {
			if c.network.stuck(now) > 0 {
				count++
			}
		}
		return count >= n
	})
}

// inUse is the memory that the process needs, of heap and stacks.
func inUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

func raceDetector() bool {
	info, _ := debug.ReadBuildInfo()
	return slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// A client that does not read costs 32 kB at most, however it gets what it does not
// read: from the ring or from pages of the store.
func TestMuteClientsCostLittle(t *testing.T) {
	const clients = 60
	for name, ring := range map[string]int{"ring": 4096, "pages": 64} {
		log := memory.New(memory.Options{Events: 4096})
		var ids []store.ID
		for range 4000 {
			id, err := log.Publish(context.Background(), "t", []byte(`"`+strings.Repeat("x", 5000)+`"`))
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
		}
		s := serve(t, Options{Store: log, Ring: ring, RingBytes: 1 << 30, AcceptRate: -1}).ready()
		if name == "ring" {
			s.ring.reset(ids[0])
			events, err := log.After(context.Background(), ids[0], 4000)
			for ; len(events) > 0 && err == nil; events, err = log.After(context.Background(), events[len(events)-1].ID, 4000) {
				s.ring.append(encodeAll(events))
			}
		}
		held := func() int64 { return inUse() - int64(s.pager.bytes) }
		mute := func(from, to int) {
			for _, id := range ids[from:to] {
				s.mute("wakesocket=1&after="+id.String(), 1)
			}
			s.stuck(to)
		}
		mute(0, clients) // what is allocated once in a process is there then
		before := held()
		mute(clients, 2*clients)
		used := held() - before
		limit := int64(32 << 10)
		if raceDetector() {
			limit = 48 << 10 // its functions need more of the stack, which grows by doubling
		}
		if each := used / clients; each > limit {
			t.Errorf("%s: %d kB for each client that reads nothing", name, each>>10)
		} else {
			t.Logf("%s: %.1f kB for each client that reads nothing", name, float64(used)/clients/1024)
		}
		if limit := int64(2 << 20); int64(s.pager.bytes) > s.memory.max/cacheShare || name == "ring" && int64(s.pager.bytes) > limit {
			t.Errorf("%s: %d kB of pages", name, s.pager.bytes>>10)
		}
		s.Close()
		until(t, "the memory is given back", func() bool { s.pager.forget(); return s.memory.used.Load() == 0 })
	}
}

// When the memory for long events is used up, the client that has been stuck for
// the longest time makes room.
func TestBudgetIsEnforced(t *testing.T) {
	t.Parallel()
	s := serve(t, Options{BufferBytes: 8 << 20, WriteTimeout: time.Minute, MaxEvent: 4 << 20, RingBytes: 1 << 20, AcceptRate: -1}).ready()
	long := func() {
		if _, err := s.Publish(context.Background(), "t", []byte(`"`+strings.Repeat("x", 3<<20)+`"`)); err != nil {
			t.Fatal(err)
		}
	}
	s.mute("client=old", 1)
	until(t, "the old one is there", func() bool { return s.Connected() == 1 })
	long()
	s.stuck(1)
	if used := s.memory.used.Load(); used < 6<<20 {
		t.Fatalf("a stuck client holds %d bytes", used)
	}
	s.mute("client=new", 1)
	until(t, "the new one is there", func() bool { return s.Connected() == 2 })
	long() // both are stuck now, and hold more than the budget
	if line := s.dropped(); line["client"] != "old" || line["cause"] != causeSlow || line["lag"] != 1.0 {
		t.Fatalf("%v", line)
	}
	if up := s.log.with("client dropped")[0]["up"].(float64); time.Duration(up) > time.Minute {
		t.Errorf("it was dropped for its own timeout, after %v", time.Duration(up))
	}
	if n := s.Connected(); n != 1 {
		t.Errorf("%d clients are left", n)
	}
}

// A client that only just began to write stays, though the memory is used up.
func TestSlowClientsStay(t *testing.T) {
	s := serve(t, Options{BufferBytes: 1 << 10, MaxEvent: 1 << 20, AcceptRate: -1}).ready()
	p, q := s.knowing(""), s.knowing("")
	for range 5 {
		if _, err := s.Publish(context.Background(), "t", []byte(`"`+strings.Repeat("x", 4*wire.PartSize)+`"`)); err != nil {
			t.Fatal(err)
		}
	}
	p.readEvents(5)
	q.readEvents(5)
}

// stepped is a moment whose wall clock was set forward, as by NTP: the monotonic
// reading stays.
func stepped(now time.Time, by time.Duration) time.Time {
	const secondsShift = 30 // in the first word of a time.Time with a monotonic reading
	*(*uint64)(unsafe.Pointer(&now)) += uint64(by/time.Second) << secondsShift
	return now
}

func TestStepOfTheWallClockDropsNobody(t *testing.T) {
	s := serve(t, Options{}).ready()
	p := s.knowing("")
	p.send("ping")
	p.readUntil("pong", func() bool { return p.pongs == 1 })
	s.mute("client=stuck", 1)
	now := time.Now()
	later := stepped(now, 63*time.Second)
	if wall, passed := later.Round(0).Sub(now.Round(0)), later.Sub(now); wall != 63*time.Second || passed != 0 {
		t.Fatalf("the wall clock moved by %v, %v passed", wall, passed)
	}
	for _, c := range s.snapshot() {
		c.check(later)
	}
	s.judgeAt(later)
	if !s.health.live.Load() {
		t.Error("the log counts as lost")
	}
	p.send("ping")
	p.readUntil("pong", func() bool { return p.pongs == 2 })
	if lines := s.log.with("client dropped"); len(lines) > 0 {
		t.Errorf("%v", lines)
	}
}
