//go:build unix

package server

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/wakesocket/wakesocket/web/feed"
	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/nats"
	"github.com/wakesocket/wakesocket/web/store/redis"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

const nodeVariable = "WAKESOCKET_BENCH_NODE"

// secret lets the benchmark publish.
const secret = "benchmark"

// nodes are two processes that share a broker or a log. Publishers speak to the first,
// over HTTP, and clients to the second.
type nodes struct {
	publishTo string // URL
	header    [2]string
	// wrap makes the body of a request from the data of an event.
	wrap func(data []byte) []byte
	// position takes the place in the log from the answer to such a request.
	position func(answer []byte) (string, error)
	// order is how clients connect: at the top, or after a position.
	order func(after string) order
	// forgets says that what a client missed cannot be had.
	forgets bool
}

// feedNode is a process of a feed: this test binary, with these in its environment.
type feedNode struct{ Address, Store string }

func (n feedNode) run() error {
	interrupted := make(chan os.Signal, 1) // also where a shell has it ignored
	signal.Notify(interrupted, os.Interrupt)
	go func() {
		<-interrupted
		os.Exit(0)
	}()
	var (
		log store.Store
		err error
	)
	if strings.HasPrefix(n.Store, "redis:") {
		log, err = redis.Open(n.Store, redis.Options{})
	} else {
		log, err = nats.Open(n.Store, nats.Options{})
	}
	if err != nil {
		return err
	}
	f, err := feed.New(feed.Options{Store: log, AcceptRate: -1, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", f)
	mux.Handle("/ready", f.Ready())
	mux.Handle("/publish", f.Receive(secret))
	return http.ListenAndServe(n.Address, mux)
}

func feeds(b *testing.B, store string) nodes {
	var addresses []string
	for range 2 {
		addresses = append(addresses, launch(b, func(address string) (*exec.Cmd, string) {
			text, err := json.Marshal(feedNode{address, store})
			if err != nil {
				b.Fatal(err)
			}
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), nodeVariable+"="+string(text))
			return cmd, "/ready"
		}))
	}
	return nodes{
		publishTo: "http://" + addresses[0] + "/publish?topic=cpu",
		header:    [2]string{"Authorization", "Bearer " + secret},
		wrap:      func(data []byte) []byte { return data },
		position: func(answer []byte) (string, error) {
			var stored struct{ ID string }
			err := json.Unmarshal(answer, &stored)
			return stored.ID, err
		},
		order: func(after string) order {
			o := order{Address: addresses[1], Path: "/?wakesocket=1", Expect: `"hello"`}
			if after != "" {
				o.Path += "&after=" + after
			}
			return o
		},
	}
}

// centrifugo builds the program that the module beside requires.
var centrifugo = sync.OnceValues(func() (string, error) {
	return built("../centrifugo", "github.com/centrifugal/centrifugo/v6")
})

var natsServer = sync.OnceValues(func() (string, error) { return built(".", "github.com/nats-io/nats-server/v2") })

func built(module, program string) (string, error) {
	file := filepath.Join(programs, filepath.Base(filepath.Dir(program)))
	cmd := exec.Command("go", "build", "-o", file, program)
	cmd.Dir, cmd.Env = module, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s cannot be built: %w\n%s", program, err, out)
	}
	return file, nil
}

// centrifugos have the broker that the configuration names; what is not said is as it
// is by default, but for limits that would be in the way.
func centrifugos(b *testing.B, broker map[string]any) nodes {
	program, err := centrifugo()
	if err != nil {
		b.Fatal(err)
	}
	broker["enabled"] = true
	history := map[string]any{}
	forgets := broker["type"] == "nats"
	if !forgets {
		history = map[string]any{"history_size": kept, "history_ttl": "1h", "force_recovery": true}
	}
	var addresses []string
	for range 2 {
		addresses = append(addresses, launch(b, func(address string) (*exec.Cmd, string) {
			host, port, err := net.SplitHostPort(address)
			if err != nil {
				b.Fatal(err)
			}
			config, err := json.Marshal(map[string]any{
				"http_server": map[string]any{"address": host, "port": port},
				"http_api":    map[string]any{"key": secret},
				"health":      map[string]any{"enabled": true},
				"broker":      broker,
				"channel":     map[string]any{"without_namespace": history},
				"usage_stats": map[string]any{"disabled": true},
				"log":         map[string]any{"level": "error"},
				"client": map[string]any{
					"insecure": true, "allowed_origins": []string{"*"}, "ping_interval": "1h", "queue_max_size": 1 << 30,
					"recovery_max_publication_limit": kept,
				},
			})
			if err != nil {
				b.Fatal(err)
			}
			file := filepath.Join(b.TempDir(), "config.json")
			if err := os.WriteFile(file, config, 0o600); err != nil {
				b.Fatal(err)
			}
			return exec.Command(program, "--config", file), "/health"
		}))
	}
	return nodes{
		publishTo: "http://" + addresses[0] + "/api/publish",
		header:    [2]string{"X-API-Key", secret},
		wrap:      func(data []byte) []byte { return fmt.Appendf(nil, `{"channel":"cpu","data":%s}`, data) },
		position: func(answer []byte) (string, error) {
			var a struct {
				Error  *struct{ Message string }
				Result struct {
					Offset uint64
					Epoch  string
				}
			}
			err := json.Unmarshal(answer, &a)
			if err == nil && a.Error != nil {
				err = fmt.Errorf("centrifugo: %s", a.Error.Message)
			}
			return fmt.Sprintf(`"offset":%d,"epoch":"%s"`, a.Result.Offset, a.Result.Epoch), err
		},
		order: func(after string) order {
			o := order{Address: addresses[1], Path: "/connection/websocket", Say: `{"id":1,"connect":{}}` + "\n" + `{"id":2,"subscribe":{"channel":"cpu"}}`, Expect: `"subscribe"`}
			if after != "" {
				o.Say = `{"id":1,"connect":{}}` + "\n" + `{"id":2,"subscribe":{"channel":"cpu","recover":true,` + after + `}}`
			}
			return o
		},
		forgets: forgets,
	}
}

// launch starts a process and waits until it says that it is ready.
func launch(b *testing.B, command func(address string) (cmd *exec.Cmd, ready string)) (address string) {
	b.Helper()
	port, err := storetest.FreePort()
	if err != nil {
		b.Fatal(err)
	}
	address = fmt.Sprintf("127.0.0.1:%d", port)
	cmd, ready := command(address)
	s, err := storetest.StartCommand("http://"+address, b.TempDir(), func() *exec.Cmd { return cmd }, func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+ready, nil)
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s", ready, answer.Status)
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Stop() })
	return address
}

// startNATS starts a server with JetStream; its monitor says when it is ready.
func startNATS(b *testing.B) (url string) {
	b.Helper()
	program, err := natsServer()
	if err != nil {
		b.Fatal(err)
	}
	port, err := storetest.FreePort()
	if err != nil {
		b.Fatal(err)
	}
	launch(b, func(monitor string) (*exec.Cmd, string) {
		_, monitorPort, err := net.SplitHostPort(monitor)
		if err != nil {
			b.Fatal(err)
		}
		return exec.Command(program, "-a", "127.0.0.1", "-p", fmt.Sprint(port), "-m", monitorPort, "-js", "-sd", b.TempDir()), "/healthz"
	})
	return fmt.Sprintf("nats://127.0.0.1:%d", port)
}
