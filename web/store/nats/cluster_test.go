package nats_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/wakesocket/wakesocket/web/feed"
	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/nats"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

// cluster is three servers that keep three copies of a stream.
type cluster struct {
	t       testing.TB
	servers []*storetest.Server
	stream  string
	js      jetstream.JetStream // reaches whichever servers are there
}

func newCluster(t testing.TB, stream string) *cluster {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{t: t, stream: stream}
	var ports, peers [3]int
	var routes, urls []string
	for i := range 3 {
		for _, port := range []*int{&ports[i], &peers[i]} {
			if *port, err = storetest.FreePort(); err != nil {
				t.Fatal(err)
			}
		}
		routes = append(routes, fmt.Sprintf("nats://127.0.0.1:%d", peers[i]))
		urls = append(urls, fmt.Sprintf("nats://127.0.0.1:%d", ports[i]))
	}
	started := make(chan error)
	for i := range 3 {
		dir := t.TempDir()
		s := storetest.NewCommand(urls[i], dir, func() *exec.Cmd {
			return exec.Command(path, "-a", "127.0.0.1", "-p", fmt.Sprint(ports[i]), "-js", "-sd", dir, "-n", fmt.Sprint("server", i),
				"--cluster_name", "test", "--cluster", routes[i], "--routes", strings.Join(routes, ","))
		}, func(context.Context) error {
			conn, err := natsgo.Connect(urls[i])
			if err == nil {
				conn.Close()
			}
			return err
		})
		c.servers = append(c.servers, s)
		t.Cleanup(func() { s.Stop() })
		go func() { started <- s.Start() }()
	}
	for range 3 {
		if err := <-started; err != nil {
			t.Fatal(err)
		}
	}
	if c.js, err = jetstream.New(c.connect(strings.Join(urls, ","))); err != nil {
		t.Fatal(err)
	}
	return c
}

// connect stays with the servers of the URL.
func (c *cluster) connect(url string) *natsgo.Conn {
	c.t.Helper()
	conn, err := natsgo.Connect(url, natsgo.IgnoreDiscoveredServers(), natsgo.RetryOnFailedConnect(true), natsgo.MaxReconnects(-1),
		natsgo.ReconnectWait(100*time.Millisecond), natsgo.PingInterval(time.Second), natsgo.ReconnectBufSize(-1))
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(conn.Close)
	return conn
}

// open returns the log as one server gives it.
func (c *cluster) open(conn *natsgo.Conn) *nats.Store {
	c.t.Helper()
	s, err := nats.New(conn, nats.Options{Stream: c.stream, Events: 1_000_000, Replicas: 3})
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { s.Close() })
	return s
}

// settled waits until every server has every message, and returns which one leads.
func (c *cluster) settled() (leader int) {
	c.t.Helper()
	storetest.Eventually(c.t, "all servers of the cluster are current", func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		stream, err := c.js.Stream(ctx, c.stream)
		if err != nil {
			return false
		}
		cluster := stream.CachedInfo().Cluster
		for _, peer := range cluster.Replicas {
			if !peer.Current || peer.Offline {
				return false
			}
		}
		_, err = fmt.Sscanf(cluster.Leader, "server%d", &leader)
		return err == nil && len(cluster.Replicas) == 2
	})
	return leader
}

func (c *cluster) signal(signal syscall.Signal, servers ...int) {
	c.t.Helper()
	for _, i := range servers {
		if err := c.servers[i].Signal(signal); err != nil {
			c.t.Error(err)
		}
	}
}

func (c *cluster) start(i int) {
	c.t.Helper()
	if err := c.servers[i].Start(); err != nil {
		c.t.Fatal(err)
	}
}

// Whatever happens to one server, clients that move between feeds on different
// servers get each event once.
func TestCluster(t *testing.T) {
	if testing.Short() {
		t.Skip("a cluster takes long")
	}
	t.Parallel()
	c := newCluster(t, "events")
	writer := c.open(c.js.Conn())
	storetest.Eventually(t, "the stream is made", func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_, err := writer.Bounds(ctx)
		return err == nil
	})
	c.settled()
	var stores []store.Store
	for _, s := range c.servers {
		stores = append(stores, c.open(c.connect(s.URL)))
	}
	storetest.Hop(t, writer, stores, func(feeds []*feed.Feed, urls []string, published func() int) {
		more := func(what string, n int) {
			t.Helper()
			from := published()
			storetest.Eventually(t, "events are published "+what, func() bool { return published() >= from+n })
			t.Logf("%s: %d events published", what, published())
		}
		more("at first", 100)

		leader := c.settled()
		c.servers[leader].Kill()
		more("after the leader was killed", 100)
		c.start(leader)

		follower := (c.settled() + 1) % 3
		c.servers[follower].Kill()
		more("after a follower was killed", 100)
		c.start(follower)

		for range 3 { // while clients are replayed
			leader := c.settled()
			if _, err := c.js.Conn().Request("$JS.API.STREAM.LEADER.STEPDOWN."+c.stream, nil, 10*time.Second); err != nil {
				t.Errorf("server%d does not step down: %v", leader, err)
			}
			more("after a change of the leader", 50)
		}

		lagging := (c.settled() + 1) % 3
		c.signal(syscall.SIGSTOP, lagging) // the way to it swallows everything
		more("while a follower is cut off", 300)
		c.signal(syscall.SIGCONT, lagging)

		for i := range c.servers {
			c.settled()
			if err := c.servers[i].Shutdown(); err != nil {
				t.Error(err)
			}
			more("while servers are restarted one after the other", 50)
			c.start(i)
		}

		// The one server that is left answers, but it may not be the one to ask.
		alone := c.settled()
		storetest.Eventually(t, "the feed can say that it is not live any more", func() bool { return ready(feeds[alone]) == http.StatusOK })
		told := listenForLive(t, urls[alone])
		c.signal(syscall.SIGSTOP, (alone+1)%3, (alone+2)%3)
		for live := range told {
			if !live {
				break
			}
		}
		if code := ready(feeds[alone]); code != http.StatusServiceUnavailable {
			t.Errorf("a feed without a quorum is ready: %d", code)
		}
		c.signal(syscall.SIGCONT, (alone+1)%3, (alone+2)%3)
		storetest.Eventually(t, "the feed has its log again", func() bool { return ready(feeds[alone]) == http.StatusOK })
		more("when the quorum is back", 50)
	})
}

func ready(f *feed.Feed) int {
	w := httptest.NewRecorder()
	f.Ready().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	return w.Code
}

// listenForLive connects to a feed and returns what it says of being live, until
// the connection ends.
func listenForLive(t *testing.T, url string) <-chan bool {
	t.Helper()
	conn, _, err := websocket.Dial(context.Background(), url+"?wakesocket=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.CloseNow() })
	told := make(chan bool, 100)
	go func() {
		defer close(told)
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		for {
			_, data, err := conn.Read(ctx)
			if err != nil {
				return
			}
			var frame struct {
				Kind string `json:"wakesocket"`
				Live *bool  `json:"live"`
			}
			if json.Unmarshal(data, &frame) == nil && frame.Kind == "position" && frame.Live != nil {
				told <- *frame.Live
			}
		}
	}()
	return told
}
