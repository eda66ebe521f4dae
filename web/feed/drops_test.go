package feed

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

// dropped waits for the one line that the loss of a client leaves.
func (s *server) dropped() map[string]any {
	s.t.Helper()
	until(s.t, "a drop is logged", func() bool { return len(s.log.with("client dropped")) > 0 })
	lines := s.log.with("client dropped")
	if len(lines) != 1 {
		s.t.Fatalf("%d lines for one drop: %v", len(lines), lines)
	}
	return lines[0]
}

func (s *server) empty() {
	s.t.Helper()
	until(s.t, "nobody is connected", func() bool { return len(s.snapshot()) == 0 })
}

// network dials so that the test holds what is below the WebSocket.
func (s *server) network(query string) (*websocket.Conn, *net.TCPConn) {
	s.t.Helper()
	var tcp *net.TCPConn
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err == nil {
			tcp = conn.(*net.TCPConn)
		}
		return conn, err
	}}
	conn, _, err := websocket.Dial(context.Background(), s.url+"/?"+query, &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.CloseNow() })
	return conn, tcp
}

func TestLeavingIsNotDropping(t *testing.T) {
	for _, code := range []websocket.StatusCode{1000, 1001, websocket.StatusNoStatusRcvd} {
		s := serve(t, Options{}).ready()
		s.knowing("").conn.Close(code, "")
		s.empty()
		if lines := s.log.with("client dropped"); len(lines) > 0 {
			t.Fatalf("close code %d: %v", code, lines)
		}
	}
}

// The close frame may be read at the moment in which the feed ends the connection.
func TestLeavingIsNotDroppingWhileTheFeedEnds(t *testing.T) {
	for _, code := range []websocket.StatusCode{1000, 1001, websocket.StatusNoStatusRcvd} {
		for _, cause := range []string{causeShutdown, causeDrain, causeSilence} {
			s := serve(t, Options{}).ready()
			p := s.knowing("")
			c := s.snapshot()[0]
			c.setCause(cause)
			p.conn.Close(code, "")
			s.empty()
			if lines := s.log.with("client dropped"); len(lines) > 0 {
				t.Fatalf("close code %d while the feed ends it (%s): %v", code, cause, lines)
			}
		}
	}
}

func TestCauseAsTheFeedSeesIt(t *testing.T) {
	for name, test := range map[string]struct {
		cause   string
		options Options
		do      func(*server, *peer)
	}{
		"reset":     {causeReset, Options{}, func(_ *server, p *peer) { p.conn.CloseNow() }},
		"abandoned": {causeAbandoned, Options{}, func(_ *server, p *peer) { p.conn.Close(wire.CloseAbandoned, "") }},
		"closed":    {causeClosed, Options{}, func(_ *server, p *peer) { p.conn.Close(3007, "hm") }},
		"silence":   {causeSilence, Options{Silence: 50 * time.Millisecond, Heartbeat: 40 * time.Millisecond}, func(*server, *peer) {}},
		"drain":     {causeDrain, Options{}, func(s *server, p *peer) { go s.Drain(context.Background(), 0) }},
		"shutdown":  {causeShutdown, Options{}, func(s *server, p *peer) { s.Close() }},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, test.options).ready()
			p := s.knowing("", "client=tab-1")
			test.do(s, p)
			go p.conn.Read(context.Background()) // to answer a close frame
			line := s.dropped()
			if line["cause"] != test.cause || line["client"] != "tab-1" || line["level"] != "INFO" {
				t.Fatalf("%v", line)
			}
		})
	}
}

func TestDropSaysWhatWasKnown(t *testing.T) {
	s := serve(t, Options{}).ready()
	ids := s.publish("cpu", 1, 30)
	s.settle(ids[29])
	p := s.knowing(ids[9], "client=tab-1")
	p.readEvents(20)
	p.send("ping")
	p.readUntil("pong", func() bool { return p.pongs == 1 })
	p.conn.CloseNow()
	line := s.dropped()
	if line["resumed"] != ids[9] || line["replayed"] != 20.0 || line["lag"] != 0.0 || line["address"] != "127.0.0.0/24" || line["browser"] != "Go" {
		t.Fatalf("%v", line)
	}
	if line["last_ping"].(float64) < 0 || line["rtt"].(float64) <= 0 || line["up"].(float64) <= 0 {
		t.Fatalf("%v", line)
	}

	back := s.knowing(ids[29], "client=tab-1", "previous=sleep,5000,1500")
	returned := s.log.with("client returned")
	if len(returned) != 1 || returned[0]["reported"] != "sleep" || returned[0]["seen"] != causeReset {
		t.Fatalf("%v", returned)
	}
	report, _ := s.report(t.Context(), nil)
	if report.Connected != 1 || len(report.Drops) != 1 || report.Drops[0].Reported != "sleep" || report.Drops[0].Down != 1500*time.Millisecond {
		t.Fatalf("%+v", report)
	}
	back.conn.CloseNow()
}

// A client mostly notices before the feed does, and is back by then.
func TestToldBeforeSeen(t *testing.T) {
	s := serve(t, Options{}).ready()
	dead := s.knowing("", "client=tab-1")
	s.knowing("", "client=tab-1", "previous=silence,60000,7000")
	dead.conn.CloseNow()
	line := s.dropped()
	if line["reported"] != "silence" || line["cause"] != causeReset {
		t.Fatalf("%v", line)
	}
	if drop := s.drops.list()[0]; drop.Reported != "silence" || drop.Down != 7*time.Second {
		t.Fatalf("%+v", drop)
	}
}

func TestStuckWriterIsDropped(t *testing.T) {
	s := serve(t, Options{WriteTimeout: 30 * time.Second, MaxEvent: 16 << 20, RingBytes: 256 << 20}).ready()
	_, tcp := s.network("client=stuck")
	defer tcp.Close()
	other := s.knowing("")
	big := []byte(`"` + strings.Repeat("x", 2<<20) + `"`)
	go func() { // other has to read all the while, or it is stuck as well
		for range 4 {
			if _, err := s.Publish(context.Background(), "cpu", big); err != nil {
				t.Error(err)
			}
		}
	}()
	other.readEvents(4) // the stuck one delays nobody
	clients := s.snapshot()
	stuck := clients[slices.IndexFunc(clients, func(c *client) bool { return c.info.ID == "stuck" })]
	until(t, "it is stuck", func() bool { return stuck.network.stuck(time.Now().Add(time.Hour)) > 0 })
	wrote := time.Now()
	stuck.check(wrote)
	if len(s.log.with("client dropped")) > 0 {
		t.Fatal("dropped before WriteTimeout")
	}
	stuck.check(wrote.Add(s.options.WriteTimeout + time.Second))
	line := s.dropped()
	if line["cause"] != causeSlow || line["client"] != "stuck" {
		t.Fatalf("%v", line)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	d := newDrops()
	for i := range 3 * historyClients {
		for range 2 * historyDrops {
			d.add(&Drop{Client: fmt.Sprint(i)})
		}
	}
	if n := len(d.list()); n != historyClients*historyDrops || len(d.clients) != historyClients {
		t.Fatalf("%d drops of %d clients", n, len(d.clients))
	}
	if first := d.list()[0].Client; first != fmt.Sprint(3*historyClients-1) {
		t.Fatalf("the latest client is %s", first)
	}
}

func TestDebugPage(t *testing.T) {
	s := serve(t, Options{}).ready()
	s.knowing("", "client=%3Cscript%3E").conn.CloseNow()
	s.dropped()
	page := httptest.NewRecorder()
	s.Debug().ServeHTTP(page, httptest.NewRequest("GET", "/debug/clients", nil))
	if body := page.Body.String(); !strings.Contains(body, "&lt;script&gt;") || strings.Contains(body, "<script>") {
		t.Fatalf("%s", body)
	}
	answer := httptest.NewRecorder()
	s.Debug().ServeHTTP(answer, httptest.NewRequest("GET", "/debug/clients?format=json", nil))
	var report Report
	if err := json.Unmarshal(answer.Body.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	want := []Count{{"<script>", 1}}
	if len(report.Clients) != 1 || report.Clients[0] != want[0] || report.Causes[0].Name != causeReset || report.Blocks[0].Name != "127.0.0.0/24" {
		t.Fatalf("%+v", report)
	}
}

// A cursor that falls off the whole log is told so by a new hello.
func TestLappedClientIsSentForAGap(t *testing.T) {
	s := serve(t, Options{Store: memory.New(memory.Options{Events: 50}), Ring: 10, MaxEvent: 16 << 20}).ready()
	conn, _ := s.network("wakesocket=1&client=slow")
	big := []byte(`"` + strings.Repeat("x", 3<<20) + `"`)
	if _, err := s.Publish(context.Background(), "cpu", big); err != nil {
		t.Fatal(err)
	}
	ids := s.publish("cpu", 1, 200)
	s.settle(ids[199])
	conn.SetReadLimit(-1)
	p := &peer{t: t, conn: conn}
	ce := p.closed()
	if _, ok := wire.ParseAdvice(ce.Reason); ce.Code != wire.CloseRestart || !ok {
		t.Fatalf("%+v", ce)
	}
	if line := s.dropped(); line["cause"] != causeLapped {
		t.Fatalf("%v", line)
	}
	last := p.hello.Position
	if n := len(p.events); n > 0 {
		last = p.events[n-1].ID
	}
	back := s.knowing(last)
	if back.hello.Gap == nil || back.hello.Gap.Reason != wire.GapTrimmed || back.hello.Gap.Earliest != ids[150] {
		t.Fatalf("%+v", back.hello)
	}
	back.readEvents(50)
	back.expect(151, 200)
}
