package nats_test

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	natsgo "github.com/nats-io/nats.go"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/nats"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

var backend = storetest.Backend{
	Name:  "NATS",
	Start: startNATS,
	Open: func(url, name string, log storetest.Log) (store.Store, error) {
		return nats.Open(url, nats.Options{Stream: name, Events: log.Events, Age: log.Age})
	},
}

// sharing is the same with feeds that follow their shares.
var sharing = storetest.Backend{
	Name:  backend.Name,
	Start: startNATS,
	Open: func(url, name string, log storetest.Log) (store.Store, error) {
		return nats.Open(url, nats.Options{
			Stream: name, Events: 2_000_000, EventsPerTopic: cmp.Or(log.Events, 10_000), Age: log.Age, FollowTopics: true,
		})
	},
}

// Helpers of the suite, under the names that the tests here use.
var (
	publish = storetest.Publish
	top     = storetest.Top
	wantGap = storetest.WantGap
	after   = storetest.Data
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("WAKESOCKET_TEST_PUBLISH"); dir != "" {
		publishUntilKilled(dir)
	}
	if os.Getenv(feedEnv) != "" {
		serveFeed()
	}
	backend.Main(m)
}

// program builds the server that the module requires.
var program = sync.OnceValues(func() (string, error) {
	path := filepath.Join(os.TempDir(), fmt.Sprintf("wakesocket-nats-server-%d", os.Getpid()))
	out, err := exec.Command("go", "build", "-o", path, "github.com/nats-io/nats-server/v2").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("nats-server cannot be built: %w\n%s", err, out)
	}
	return path, nil
})

func startNATS(arguments ...string) (*storetest.Server, error) {
	path, err := program()
	if err != nil {
		return nil, err
	}
	port, err := storetest.FreePort()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "wakesocket-nats-")
	if err != nil {
		return nil, err
	}
	url := fmt.Sprintf("nats://127.0.0.1:%d", port)
	return storetest.StartCommand(url, dir, func() *exec.Cmd {
		return exec.Command(path, append([]string{"-a", "127.0.0.1", "-p", fmt.Sprint(port), "-js", "-sd", dir}, arguments...)...)
	}, func(context.Context) error {
		conn, err := natsgo.Connect(url)
		if err != nil {
			return err
		}
		defer conn.Close()
		js, err := conn.JetStream()
		if err != nil {
			return err
		}
		_, err = js.AccountInfo()
		return err
	})
}

func TestSuite(t *testing.T) {
	t.Parallel()
	backend.Run(t)
}

func TestSuiteOfShares(t *testing.T) {
	t.Parallel()
	sharing.Beside(&backend)
	sharing.RunFollowing(t)
}

func TestOutages(t *testing.T) {
	backend.RunOutages(t)
	t.Run("shares", func(t *testing.T) {
		sharing.Beside(&backend)
		sharing.RunOutages(t)
	})
}

// A directory passes the same suite; the processes of the suite share one store,
// since a directory has one process. What its syncs are worth is tested elsewhere.
func TestDirectory(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB, events int) func() store.Store {
		s := directory(t, inMemory(t), events)
		return func() store.Store { return s }
	})
}

// inMemory is a directory where a sync takes no time, if there is one on this machine.
func inMemory(t testing.TB) string {
	dir, err := os.MkdirTemp("/dev/shm", "wakesocket-nats-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func directory(t testing.TB, dir string, events int) *nats.Store {
	t.Helper()
	s, err := nats.Open("file://"+dir, nats.Options{Events: events})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestOpenRefuses(t *testing.T) {
	for _, url := range []string{"", "host:4222", "file://", "file://relative/dir", "file:///a?b", "nats://%zz"} {
		if _, err := nats.Open(url, nats.Options{}); err == nil {
			t.Errorf("%q is accepted", url)
		}
	}
	for _, name := range []string{"a b", "a.b", "*", strings.Repeat("a", 65)} {
		if _, err := nats.Open(backend.URL(), nats.Options{Stream: name}); err == nil {
			t.Errorf("stream %q is accepted", name)
		}
	}
	if _, err := nats.OpenDir(t.TempDir(), nats.Options{Replicas: 3}); err == nil {
		t.Error("a directory with three replicas is accepted")
	}
}
