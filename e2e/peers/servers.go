package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/centrifugal/centrifuge"

	"github.com/wakesocket/wakesocket/web/feed"
)

// server is what a client connects to.
type server interface {
	http.Handler
	publish(event []byte) error // JSON
	close()
}

// wakesocket is our feed.
type wakesocket struct{ *feed.Feed }

func ourFeed() (server, error) { return newFeed(feed.Options{}) }

// plainFeed is our feed for clients that never say a word: it does not mind.
func plainFeed() (server, error) { return newFeed(feed.Options{Silence: -1}) }

func newFeed(o feed.Options) (server, error) {
	o.OriginPatterns = []string{"*"}
	o.Logger = slog.New(slog.DiscardHandler)
	o.Ring, o.RingBytes = 1<<16, 512<<20 // a burst waits for its page
	f, err := feed.New(o)
	return wakesocket{f}, err
}

func (w wakesocket) publish(event []byte) error {
	_, err := w.Publish(context.Background(), "feed", event)
	return err
}

func (w wakesocket) close() { w.Close() }

// node is a server of the library centrifuge.
type node struct {
	*centrifuge.WebsocketHandler
	*centrifuge.Node
}

func centrifugeNode() (server, error) {
	n, err := centrifuge.New(centrifuge.Config{LogLevel: centrifuge.LogLevelNone, ClientQueueMaxSize: 512 << 20})
	if err != nil {
		return nil, err
	}
	n.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{Credentials: &centrifuge.Credentials{}}, nil
	})
	n.OnConnect(func(c *centrifuge.Client) {
		c.OnSubscribe(func(_ centrifuge.SubscribeEvent, answer centrifuge.SubscribeCallback) {
			answer(centrifuge.SubscribeReply{}, nil)
		})
	})
	return node{centrifuge.NewWebsocketHandler(n, centrifuge.WebsocketConfig{CheckOrigin: func(*http.Request) bool { return true }}), n}, n.Run()
}

func (n node) publish(event []byte) error {
	_, err := n.Publish("feed", event)
	return err
}

func (n node) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	n.Shutdown(ctx)
}

// socketIO is a process of Node.js behind a proxy, since a page and its server
// share an address here.
type socketIO struct {
	*httputil.ReverseProxy
	cmd   *exec.Cmd
	stdin io.WriteCloser
}

func socketIONode() (server, error) {
	cmd := exec.Command("node", "socketio.js")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &socketIO{cmd: cmd, stdin: stdin}
	port, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		s.close()
		return nil, fmt.Errorf("socketio.js says no port: %w", err)
	}
	target := &url.URL{Scheme: "http", Host: "127.0.0.1:" + strings.TrimSpace(port)}
	s.ReverseProxy = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	return s, nil
}

func (s *socketIO) publish(event []byte) error {
	_, err := fmt.Fprintf(s.stdin, "%s\n", event)
	return err
}

func (s *socketIO) close() {
	s.stdin.Close()
	s.cmd.Wait()
}
