package nats_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"github.com/wakesocket/wakesocket/web/feed"
	"github.com/wakesocket/wakesocket/web/store/nats"
)

// feedEnv has the test's program be a feed of the log that it describes.
const feedEnv = "WAKESOCKET_TEST_FEED"

type feedPlace struct {
	URL     string
	Options nats.Options
	Ring    int
}

// feedCost is what a feed has spent so far.
type feedCost struct {
	Bytes uint64        // that came from the log's server
	CPU   time.Duration // of the process
}

// serveFeed is the program of a [feedProcess]: it prints its address, and ends with the
// test.
func serveFeed() {
	failed := func(err error) {
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	var place feedPlace
	failed(json.Unmarshal([]byte(os.Getenv(feedEnv)), &place))
	conn, err := natsgo.Connect(place.URL, natsgo.ReconnectBufSize(-1))
	failed(err)
	s, err := nats.New(conn, place.Options)
	failed(err)
	f, err := feed.New(feed.Options{Store: s, Ring: place.Ring, AcceptRate: -1, Logger: slog.New(slog.DiscardHandler)})
	failed(err)
	mux := http.NewServeMux()
	mux.Handle("/", f)
	mux.HandleFunc("/cost", func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(feedCost{conn.Stats().InBytes, cpuTime()})
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	failed(err)
	fmt.Printf("http://%s\n", listener.Addr())
	go http.Serve(listener, mux)
	io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

// feedProcess is a feed in a process of its own.
type feedProcess struct {
	url string
	cmd *exec.Cmd
}

func startFeed(t testing.TB, place feedPlace) *feedProcess {
	t.Helper()
	text, err := json.Marshal(place)
	if err != nil {
		t.Fatal(err)
	}
	p := &feedProcess{cmd: exec.Command(os.Args[0])}
	p.cmd.Env = append(os.Environ(), feedEnv+"="+string(text))
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	if p.url = strings.TrimSpace(line); err != nil || !strings.HasPrefix(p.url, "http://") {
		t.Fatalf("a feed says %q, %v", line, err)
	}
	return p
}

// kill is kill -9.
func (p *feedProcess) kill() {
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

func (p *feedProcess) cost(t testing.TB) (cost feedCost) {
	t.Helper()
	response, err := http.Get(p.url + "/cost")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&cost); err != nil {
		t.Fatal(err)
	}
	return cost
}
