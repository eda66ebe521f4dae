//go:build unix

package server

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// marker is in the last event: whoever sees it has had everything. The event holds
// it twice, since a frame that comes in parts may be cut in the middle of one.
const marker = "the-last-event"

// order is what a swarm of clients shall do. In Path and Say, {n} stands for the
// number of the client times Spread.
type order struct {
	Address string // host:port
	Path    string // with query
	Say     string // text frame to send after the handshake, "" for none
	Expect  string // in what the server sends when the client is in
	Clients int
	Spread  int
}

const swarmVariable = "WAKESOCKET_BENCH_SWARM"

// programs is where servers are built.
var programs string

// TestMain turns the test binary into a swarm or a node when it is asked to.
func TestMain(m *testing.M) {
	for variable, program := range map[string]interface{ run() error }{swarmVariable: &order{}, nodeVariable: &feedNode{}} {
		text := os.Getenv(variable)
		if text == "" {
			continue
		}
		err := json.Unmarshal([]byte(text), program)
		if err == nil {
			err = program.run()
		}
		if err != nil {
			fmt.Println("failed", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	var err error
	if programs, err = os.MkdirTemp("", "wakesocket-peers-"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(programs)
	os.Exit(code)
}

// run connects all clients, says "connected", reads until each has seen the
// marker, says "done", and stays until its input ends.
func (o order) run() error {
	var connected, done sync.WaitGroup
	errs := make(chan error, o.Clients)
	dialing := make(chan struct{}, 64)
	for n := range o.Clients {
		connected.Add(1)
		done.Go(func() {
			dialing <- struct{}{}
			r, err := o.numbered(n).connect()
			<-dialing
			connected.Done()
			if err == nil {
				err = seek(r, marker)
			}
			if err != nil {
				errs <- err
			}
		})
	}
	connected.Wait()
	fmt.Println("connected")
	done.Wait()
	select {
	case err := <-errs:
		return err
	default:
	}
	fmt.Println("done")
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

func (o order) numbered(n int) order {
	number := strconv.Itoa(n * o.Spread)
	o.Path, o.Say = strings.ReplaceAll(o.Path, "{n}", number), strings.ReplaceAll(o.Say, "{n}", number)
	return o
}

func (o order) connect() (io.Reader, error) {
	conn, err := net.Dial("tcp", o.Address)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", o.Path, o.Address)
	if o.Say != "" {
		if err := seek(conn, "\r\n\r\n"); err != nil {
			return nil, err
		}
		if _, err := conn.Write(frame(o.Say)); err != nil {
			return nil, err
		}
	}
	return conn, seek(conn, o.Expect)
}

// frame is a text frame as clients send it, masked with zeros.
func frame(text string) []byte {
	b := []byte{0x81}
	if len(text) < 126 {
		b = append(b, 0x80|byte(len(text)))
	} else {
		b = append(b, 0x80|126, byte(len(text)>>8), byte(len(text)))
	}
	b = append(b, 0, 0, 0, 0)
	return append(b, text...)
}

// seek reads until the text has passed.
func seek(r io.Reader, text string) error {
	buffer := make([]byte, 8<<10)
	kept := 0
	for {
		n, err := r.Read(buffer[kept:])
		seen := buffer[:kept+n]
		if bytes.Contains(seen, []byte(text)) {
			return nil
		}
		if err != nil {
			return err
		}
		kept = copy(buffer, seen[max(0, len(seen)-len(text)+1):])
	}
}

// swarm is the parent's view of the clients' process.
type swarm struct {
	b     *testing.B
	cmd   *exec.Cmd
	lines *bufio.Scanner
	stdin io.Closer
}

func (o order) start(b *testing.B) *swarm {
	b.Helper()
	text, err := json.Marshal(o)
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), swarmVariable+"="+string(text))
	cmd.Stderr = os.Stderr
	stdin, err1 := cmd.StdinPipe()
	stdout, err2 := cmd.StdoutPipe()
	if err1 != nil || err2 != nil {
		b.Fatal(err1, err2)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	s := &swarm{b, cmd, bufio.NewScanner(stdout), stdin}
	b.Cleanup(func() {
		s.cmd.Process.Kill()
		s.cmd.Wait()
	})
	return s
}

// await waits for a word of the swarm.
func (s *swarm) await(word string) {
	s.b.Helper()
	if !s.lines.Scan() || !strings.HasPrefix(s.lines.Text(), word) {
		s.b.Fatalf("the clients say %q instead of %q: %v", s.lines.Text(), word, s.lines.Err())
	}
}

// leave ends the swarm and waits until it is gone.
func (s *swarm) leave() {
	s.stdin.Close()
	s.cmd.Wait()
}
