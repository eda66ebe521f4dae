package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	centrifuge "github.com/centrifugal/centrifuge-go"
	"github.com/nats-io/nats.go"
	"github.com/r3labs/sse/v2"

	"github.com/wakesocket/wakesocket/wasm/native"
)

// client is one that is measured, and the server that it is made for.
type client struct {
	name   string
	scheme string // of its addresses
	path   string
	follow func(url string, p *program) error
	serve  func() (*backend, error)
	// Servers that refuse; nil for those of HTTP.
	unauthorized, untrusted func() (*backend, error)
}

var clients = []client{
	{"wakesocket", "ws", "/feed", followWakesocket, serveFeed, nil, nil},
	{"nats.go, core", "nats", "", followNATS, serveNATS, natsWithPassword, natsWithTLS},
	{"nats.go, JetStream", "nats", "", followJetStream, serveNATS, natsWithPassword, natsWithTLS},
	{"centrifuge-go", "ws", "/connection/websocket", followCentrifuge, serveCentrifuge, nil, nil},
	{"r3labs/sse", "http", "/events?stream=feed", followSSE, serveSSE, nil, nil},
}

// program is what a client is used by: it gets events, is told things, and keeps a
// position over a restart.
type program struct {
	event func(data []byte)
	told  func(text string)
	dir   string // of the position; "" for none
}

func (p *program) tell(format string, args ...any) {
	p.told(strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", " "))
}

// load returns the position that was saved; "" for none.
func (p *program) load() string {
	if p.dir == "" {
		return ""
	}
	text, _ := os.ReadFile(filepath.Join(p.dir, "position"))
	return string(text)
}

func (p *program) save(position string) error {
	if p.dir == "" {
		return nil
	}
	file := filepath.Join(p.dir, "position")
	if err := os.WriteFile(file+".new", []byte(position), 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

// line is what a child prints: the number of an event, or something that it was told.
type line struct {
	N    int    `json:"n,omitempty"`
	Told string `json:"told,omitempty"`
}

// runChild follows the feed until the process is killed.
func runChild(name, url, state string) error {
	var mu sync.Mutex
	print := func(l line) {
		mu.Lock()
		defer mu.Unlock()
		_ = json.NewEncoder(os.Stdout).Encode(l)
	}
	p := &program{dir: state, told: func(text string) { print(line{Told: text}) }, event: func(data []byte) {
		var l line
		if json.Unmarshal(data, &l) == nil && l.N > 0 {
			print(l)
		}
	}}
	for _, c := range clients {
		if c.name == name {
			return c.follow(url, p)
		}
	}
	return fmt.Errorf("there is no client %q", name)
}

func followWakesocket(url string, p *program) error {
	client, err := native.New(native.Options{
		URL: url, After: p.load(),
		OnEvent:  func(_ *native.Client, e native.Event) { p.event(e.Data) },
		OnState:  func(_ *native.Client, s native.State) { p.tell("%s %s", s.Name, s.Cause) },
		OnError:  func(_ *native.Client, err error) { p.tell("error: %v", err) },
		OnCommit: func(_ *native.Client, cursor string) error { return p.save(cursor) },
	})
	if err != nil {
		return err
	}
	return client.Run(context.Background())
}

// connectNATS retries for ever, as long-lived programs do.
func connectNATS(url string, p *program) (*nats.Conn, error) {
	return nats.Connect(url,
		nats.MaxReconnects(-1), nats.RetryOnFailedConnect(true),
		nats.ConnectHandler(func(*nats.Conn) { p.tell("connected") }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { p.tell("disconnected: %v", err) }),
		nats.ReconnectHandler(func(*nats.Conn) { p.tell("reconnected") }),
		nats.ReconnectErrHandler(func(_ *nats.Conn, err error) { p.tell("error: %v", err) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { p.tell("error: %v", err) }))
}

// followNATS is core NATS, whose clients keep no position.
func followNATS(url string, p *program) error {
	nc, err := connectNATS(url, p)
	if err != nil {
		return err
	}
	if _, err := nc.Subscribe("feed", func(m *nats.Msg) { p.event(m.Data) }); err != nil {
		return err
	}
	select {}
}

// followJetStream is an ordered consumer, which goes on after the last message that
// it saw; over a restart the program keeps the sequence.
func followJetStream(url string, p *program) error {
	nc, err := connectNATS(url, p)
	if err != nil {
		return err
	}
	js, err := nc.JetStream()
	if err != nil {
		return err
	}
	start := nats.DeliverNew()
	var sequence uint64
	if _, err := fmt.Sscan(p.load(), &sequence); err == nil {
		start = nats.StartSequence(sequence + 1)
	}
	for {
		_, err = js.Subscribe("feed", func(m *nats.Msg) {
			p.event(m.Data)
			if meta, err := m.Metadata(); err == nil {
				_ = p.save(fmt.Sprint(meta.Sequence.Stream))
			}
		}, nats.OrderedConsumer(), start)
		if err == nil {
			select {}
		}
		p.tell("error: %v", err)
		time.Sleep(time.Second)
	}
}

func followCentrifuge(url string, p *program) error {
	c := centrifuge.NewJsonClient(url, centrifuge.Config{})
	c.OnConnecting(func(e centrifuge.ConnectingEvent) { p.tell("connecting: %d %s", e.Code, e.Reason) })
	c.OnConnected(func(centrifuge.ConnectedEvent) { p.tell("connected") })
	c.OnDisconnected(func(e centrifuge.DisconnectedEvent) { p.tell("disconnected: %d %s", e.Code, e.Reason) })
	c.OnError(func(e centrifuge.ErrorEvent) { p.tell("error: %v", e.Error) })
	s, err := c.NewSubscription("feed")
	if err != nil {
		return err
	}
	s.OnPublication(func(e centrifuge.PublicationEvent) { p.event(e.Data) })
	s.OnSubscribed(func(e centrifuge.SubscribedEvent) {
		if e.WasRecovering {
			p.tell("subscribed, recovered: %v", e.Recovered)
		}
	})
	if err := errors.Join(s.Subscribe(), c.Connect()); err != nil {
		p.tell("error: %v", err) // it goes on
	}
	select {}
}

func followSSE(url string, p *program) error {
	c := sse.NewClient(url)
	if id := p.load(); id != "" {
		c.LastEventID.Store([]byte(id))
	}
	c.OnConnect(func(*sse.Client) { p.tell("connected") })
	c.OnDisconnect(func(*sse.Client) { p.tell("disconnected") })
	for {
		err := c.SubscribeRaw(func(m *sse.Event) {
			p.event(m.Data)
			if len(m.ID) > 0 {
				_ = p.save(string(m.ID))
			}
		})
		p.tell("ended: %v", err)
		time.Sleep(time.Second)
	}
}
