//go:build linux

package deploy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/wasm/native"
)

const patience = 60 * time.Second

// topology runs the services of the compose file as processes, each with a loopback
// address of its own in the place of its name.
type topology struct {
	t         *testing.T
	addresses map[string]string
	commands  map[string]func() *exec.Cmd
	running   map[string]*exec.Cmd
}

func newTopology(t *testing.T) *topology {
	p := project(t)
	top := &topology{t, map[string]string{}, map[string]func() *exec.Cmd{}, map[string]*exec.Cmd{}}
	names := p.ServiceNames()
	for i, name := range names {
		top.addresses[name] = fmt.Sprintf("127.0.73.%d", i+1)
	}
	feed, nats, dir := build(t), buildNATS(t), t.TempDir()
	for _, name := range names {
		service, address := p.Services[name], top.addresses[name]
		var arguments []string
		for _, argument := range service.Command {
			arguments = append(arguments, top.place(argument))
		}
		program := nats
		switch {
		case service.Image == "wakesocket":
			program = feed
			arguments = append([]string{"-addr", address + ":8080"}, arguments...)
		case strings.HasPrefix(service.Image, "haproxy"):
			var err error
			if program, err = exec.LookPath("haproxy"); err != nil {
				t.Fatalf("%v; install haproxy, or run the tests with -short", err)
			}
			config := filepath.Join(dir, "haproxy.cfg")
			text := strings.ReplaceAll(top.place(read(t, "haproxy.cfg")), "bind :", "bind "+address+":")
			if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			arguments = []string{"-f", config}
		default: // a later flag counts
			arguments = append(arguments, "--store_dir", filepath.Join(dir, name), "--addr", address, "--cluster", "nats://"+address+":6222")
		}
		top.commands[name] = func() *exec.Cmd { return exec.Command(program, arguments...) }
	}
	for _, name := range names {
		top.start(name)
	}
	return top
}

// place puts addresses in the place of names, and this machine in that of the network.
func (top *topology) place(text string) string {
	for name, address := range top.addresses {
		text = strings.ReplaceAll(text, name+":", address+":")
	}
	return strings.ReplaceAll(text, "172.30.0.0/24", "127.0.0.0/8")
}

func (top *topology) start(name string) {
	var output bytes.Buffer
	cmd := top.commands[name]()
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		top.t.Fatal(err)
	}
	top.running[name] = cmd
	top.t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if top.t.Failed() {
			top.t.Logf("%s:\n%s", name, output.String())
		}
	})
}

// kill ends a service as the kernel would, without a close frame.
func (top *topology) kill(name string) {
	top.running[name].Process.Kill()
	top.running[name].Wait()
}

func buildNATS(t *testing.T) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "nats-server")
	cmd := exec.Command("go", "build", "-o", program, "github.com/nats-io/nats-server/v2")
	cmd.Dir = "../store/nats"
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("nats-server cannot be built: %v\n%s", err, out)
	}
	return program
}

// reader is one client behind HAProxy. It fails the test when an event is missing
// or comes twice.
type reader struct {
	mu    sync.Mutex
	seen  map[string]uint64 // the newest event of each publisher
	total int
}

func (r *reader) received(t *testing.T, data []byte) {
	var m struct {
		Run string
		N   uint64
	}
	if err := json.Unmarshal(data, &m); err != nil {
		t.Errorf("%s: %v", data, err)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	// A publisher uses a number again when it cannot know that the event was stored.
	if last := r.seen[m.Run]; last != 0 && m.N != last+1 && m.N != last {
		t.Errorf("event %d of %s comes after %d", m.N, m.Run, last)
	}
	r.seen[m.Run] = m.N
	r.total++
}

// progress returns how many events came, of how many publishers.
func (r *reader) progress() (total, publishers int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.total, len(r.seen)
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not in %v", what, patience)
		}
	}
}

// Clients behind the topology of the compose file go on without a hole when a feed and
// a server of the log die.
func TestTopology(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it runs three NATS servers, two feeds and HAProxy")
	}
	top := newTopology(t)
	readers := make([]*reader, 4)
	for i := range readers {
		r := &reader{seen: map[string]uint64{}}
		readers[i] = r
		client, err := native.Connect(t.Context(), native.Options{
			URL:     "ws://" + top.addresses["haproxy"] + ":8080/feed",
			OnEvent: func(_ *native.Client, e native.Event) { r.received(t, e.Data) },
			OnGap:   func(_ *native.Client, g native.Gap) { t.Errorf("a gap was reported: %+v", g) },
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(client.Close)
	}
	goOn := func(what string, publishers int) {
		t.Helper()
		began := time.Now()
		before := make([]int, len(readers))
		for i, r := range readers {
			before[i], _ = r.progress()
		}
		for i, r := range readers {
			await(t, what, func() bool {
				total, of := r.progress()
				return total >= before[i]+5 && of >= publishers
			})
		}
		t.Logf("%s: %v", what, time.Since(began).Round(time.Millisecond))
	}
	goOn("both feeds publish, and their events reach everybody", 2)
	for _, name := range []string{"feed1", "nats1"} {
		top.kill(name)
		goOn("without "+name, 2)
		top.start(name)
		goOn("with "+name+" again", 2)
	}
}
