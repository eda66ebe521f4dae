package feed

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// sendBinary is what no page of ours does.
func (p *peer) sendBinary(text string) {
	p.t.Helper()
	if err := p.conn.Write(context.Background(), websocket.MessageBinary, []byte(text)); err != nil {
		p.t.Fatal(err)
	}
}

// What a page does by accident costs it the message, and is reported to it; the
// connection goes on.
func TestMistakesCostTheMessage(t *testing.T) {
	got := make(chan string, 10)
	s := serve(t, Options{MaxMessage: 100, MaxTopics: 2, OnMessage: func(_ Client, data []byte) { got <- string(data) }}).ready()
	p := s.knowing("", "topic=cpu")
	for name, test := range map[string]struct {
		send func()
		code string
		says string
	}{
		"too large":       {func() { p.send(`"` + strings.Repeat("x", 99) + `"`) }, wire.ErrorTooLarge, "101 bytes"},
		"much too large":  {func() { p.send(strings.Repeat("x", skipLimit)) }, wire.ErrorTooLarge, "at most 100"},
		"binary":          {func() { p.sendBinary("ping") }, wire.ErrorInvalid, "binary"},
		"not JSON":        {func() { p.send("hello") }, wire.ErrorInvalid, "JSON"},
		"too many topics": {func() { p.send(`{"wakesocket":"topics","topics":["a","b","c"]}`) }, wire.ErrorTooManyTopics, "at most 2"},
		"no topic":        {func() { p.send(`{"wakesocket":"topics","topics":["a",""]}`) }, wire.ErrorInvalid, "topic"},
		"no list":         {func() { p.send(`{"wakesocket":"topics","topics":"cpu"}`) }, wire.ErrorInvalid, "list"},
	} {
		p.errors = nil
		test.send()
		p.readUntil(name, func() bool { return len(p.errors) > 0 })
		if e := p.errors[0]; e.Code != test.code || !strings.Contains(e.Message, test.says) {
			t.Errorf("%s: %+v", name, e)
		}
	}
	p.send(`"` + strings.Repeat("x", 98) + `"`) // the largest
	if message := <-got; len(message) != 100 {
		t.Errorf("OnMessage got %.20s of %d bytes", message, len(message))
	}
	s.publish("mem", 1, 1)
	s.publish("cpu", 2, 2) // the topics that it had still count
	p.readEvents(1)
	p.expect(2, 2)
}

func TestPlainClientsGetNoErrorFrames(t *testing.T) {
	s := serve(t, Options{MaxMessage: 10}).ready()
	p := s.dial("")
	p.send(`"too large for it"`)
	p.send("ping")
	p.readUntil("pong", func() bool { return p.pongs == 1 })
	if p.frames != 1 {
		t.Errorf("%d frames", p.frames)
	}
}

// Messages that come at once are read no faster than the rate, and none is lost.
func TestMessagesThatComeTooFastAreSlowedDown(t *testing.T) {
	t.Parallel()
	got := make(chan string, 1000)
	s := serve(t, Options{MessageRate: 10, OnMessage: func(_ Client, data []byte) { got <- string(data) }}).ready()
	p := s.knowing("")
	begin := time.Now()
	for i := range 30 {
		p.send(fmt.Sprint(i))
	}
	for i := range 30 {
		if message := <-got; message != fmt.Sprint(i) {
			t.Fatalf("message %d is %s", i, message)
		}
	}
	if took := time.Since(begin); took < 900*time.Millisecond { // 20 at once, 10 at 10 a second
		t.Errorf("30 messages in %v", took)
	}
	p.send("ping")
	p.readUntil("pong", func() bool { return p.pongs == 1 })
	// It is told once, and once more when the machine was busy for a second.
	if n := len(p.errors); n == 0 || n > 4 || p.errors[0].Code != wire.ErrorRate {
		t.Errorf("%+v", p.errors)
	}
}

func TestLargeMessagesCountAsSeveral(t *testing.T) {
	t.Parallel()
	s := serve(t, Options{MessageRate: 100, OnMessage: func(Client, []byte) {}}).ready()
	p := s.knowing("")
	begin := time.Now()
	for range 16 { // 17 tokens each, 272 in all, of which 200 may come at once
		p.send(`"` + strings.Repeat("x", 65_000) + `"`)
	}
	p.send("ping")
	p.readUntil("pong", func() bool { return p.pongs == 1 })
	if took := time.Since(begin); took < 400*time.Millisecond {
		t.Errorf("read in %v", took)
	}
}

func TestSetTopicsInALoopWorks(t *testing.T) {
	s := serve(t, Options{}).ready()
	p := s.knowing("")
	for i := range 120 {
		p.send(fmt.Sprintf(`{"wakesocket":"topics","topics":["t%d"]}`, i))
	}
	p.send("ping")
	p.readUntil("pong", func() bool { return p.pongs == 1 })
	s.publish("t1", 1, 1)
	s.publish("t119", 2, 2)
	p.readEvents(1)
	p.expect(2, 2)
}

func TestThousandTopics(t *testing.T) {
	s := serve(t, Options{}).ready()
	var query, names []string
	for i := range 1000 {
		query = append(query, fmt.Sprintf("topic=symbol-%d", i))
		names = append(names, fmt.Sprintf(`"other-%d"`, i))
	}
	p := s.knowing("", query...)
	s.publish("symbol-999", 1, 1)
	p.readEvents(1)
	p.send(`{"wakesocket":"topics","topics":[` + strings.Join(names, ",") + `]}`)
	p.send("ping")
	p.readUntil("pong", func() bool { return p.pongs == 1 })
	s.publish("symbol-999", 2, 2)
	s.publish("other-999", 3, 3)
	p.readEvents(2)
	if string(p.events[1].Data) != "3" || len(p.errors) > 0 {
		t.Errorf("%+v %+v", p.events, p.errors)
	}
}

func TestHelloTellsTheLimits(t *testing.T) {
	s := serve(t, Options{MessageRate: 7, MaxMessage: 1000, MaxTopics: 20}).ready()
	hello := s.knowing("").hello
	if want := (wire.Limits{Message: 1000, Rate: 7, Burst: 14, Topics: 20, History: 1000}); hello.Limits == nil || *hello.Limits != want {
		t.Errorf("%+v", hello.Limits)
	}
	if off := time.Since(time.UnixMilli(hello.Time)).Abs(); off > 5*time.Second {
		t.Errorf("its clock is %v off", off)
	}
	if hello.Expires != 0 || hello.Fresh != nil {
		t.Errorf("%+v", hello)
	}
	if limits := serve(t, Options{MessageRate: 0.1}).ready().knowing("").hello.Limits; limits.Burst != 1 {
		t.Errorf("%+v", limits)
	}
}

// Frames that no limit of messages sees are counted as they are read.
func TestFloodsAreCut(t *testing.T) {
	for name, flood := range map[string]string{
		"text pings":          frame(textFrame, "ping"),
		"protocol pings":      frame(pingFrame, ""),
		"pongs":               frame(pongFrame, ""),
		"empty continuations": frame(emptyContinuation, ""),
	} {
		s := serve(t, Options{MessageRate: 20}).ready()
		c := s.raw("wakesocket=1", "Host: feed")
		if name[0] == 'e' {
			c.Write([]byte(frame(0x01, `"`))) // a message that never ends
		}
		go func() {
			block := []byte(strings.Repeat(flood, 1000))
			for {
				if _, err := c.Write(block); err != nil {
					return
				}
			}
		}()
		until(t, name+" are cut", func() bool { return s.Connected() == 0 })
		line := s.dropped()
		if line["cause"] != causeRefused {
			t.Errorf("%s: %v", name, line)
		}
	}
}

func TestFloodIsToldWhenToComeBack(t *testing.T) {
	s := serve(t, Options{MessageRate: 1}).ready()
	c := s.raw("", "Host: feed")
	c.Write([]byte(strings.Repeat(frame(pongFrame, ""), 240))) // 200 may come at once, and 10 a second
	code, reason := c.closed()
	wait, ok := wire.ParseAdvice(reason)
	if code != wire.CloseTryLater || !ok || wait < 5*time.Second || wait > 15*time.Second {
		t.Errorf("%d %q", code, reason)
	}
}

func TestFramesUnderTheLimitPass(t *testing.T) {
	s := serve(t, Options{MessageRate: 20}).ready()
	c := s.raw("", "Host: feed")
	c.Write([]byte(strings.Repeat(frame(pongFrame, ""), 300)))
	c.Write([]byte(frame(textFrame, "ping")))
	if payload, code, err := c.next(); payload != "pong" || code != 0 || err != nil {
		t.Errorf("%q %d %v", payload, code, err)
	}
}

func TestTextThatIsNotUTF8EndsTheConnection(t *testing.T) {
	s := serve(t, Options{OnMessage: func(_ Client, data []byte) { t.Errorf("OnMessage got %q", data) }}).ready()
	for _, query := range []string{"", "wakesocket=1"} {
		c := s.raw(query, "Host: feed")
		c.Write([]byte(frame(textFrame, "\"\xff\xfe\"")))
		if code, _ := c.closed(); code != wire.CloseInvalidText {
			t.Errorf("%q: %d", query, code)
		}
	}
}

func TestMessageFarTooLargeEndsTheConnection(t *testing.T) {
	s := serve(t, Options{MaxMessage: 1000}).ready()
	p := s.knowing("")
	go p.conn.Write(context.Background(), websocket.MessageText, []byte(strings.Repeat("x", 1001+skipLimit)))
	if ce := p.closed(); ce.Code != wire.CloseTryLater && ce.Code != wire.CloseAbnormal {
		t.Errorf("%+v", ce)
	}
	if line := s.dropped(); line["cause"] != causeRefused {
		t.Errorf("%v", line)
	}
}

// Bytes of a message that is still on its way are a sign of life, so a large one
// on a slow link is no silence.
func TestSilenceIsTheAbsenceOfBytes(t *testing.T) {
	t.Parallel()
	s := serve(t, Options{Silence: 400 * time.Millisecond, Heartbeat: 300 * time.Millisecond, OnMessage: func(Client, []byte) {}}).ready()
	c := s.raw("", "Host: feed")
	message := frame(textFrame, `"`+strings.Repeat("x", 20)+`"`)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for i := range len(message) { // 1.4 s
		<-tick.C
		if _, err := c.Write([]byte{message[i]}); err != nil {
			t.Fatalf("after %d bytes: %v", i, err)
		}
	}
	c.Write([]byte(frame(textFrame, "ping")))
	if payload, code, err := c.next(); payload != "pong" || err != nil {
		t.Fatalf("%q %d %v", payload, code, err)
	}
}

func TestFrameCounter(t *testing.T) {
	for name, test := range map[string]struct {
		stream string
		want   int
	}{
		"nothing":          {"", 0},
		"half a header":    {"\x81", 0},
		"no mask yet":      {"\x81\x80\x00\x00\x00", 0},
		"empty":            {frame(0x81, ""), 1},
		"unmasked":         {"\x8a\x00\x8a\x00", 2},
		"two":              {frame(0x81, "abc") + frame(0x8a, ""), 2},
		"inside a payload": {frame(0x81, "abc")[:8], 1},
		"125":              {frame(0x81, strings.Repeat("\x81", 125)) + frame(0x8a, ""), 2},
		"126":              {frame(0x81, strings.Repeat("\x81", 126)) + frame(0x8a, ""), 2},
		"60,000":           {frame(0x81, strings.Repeat("\x81", 60_000)) + frame(0x8a, ""), 2},
		"64 bits":          {"\x81\xff\x00\x00\x00\x00\x00\x01\x00\x02mask" + strings.Repeat("\x81", 65538) + frame(0x8a, ""), 2},
	} {
		if got := new(frameCounter).count([]byte(test.stream)); got != test.want {
			t.Errorf("%s: %d frames, want %d", name, got, test.want)
		}
	}
}
