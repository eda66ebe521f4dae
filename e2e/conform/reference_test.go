package main

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/e2e/internal/program"
)

// snippet is the code of a language in the protocol page.
func snippet(t *testing.T, language string) string {
	t.Helper()
	page, err := os.ReadFile("../../wasm/wire/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(page), "```"+language+"\n")
	code, _, ends := strings.Cut(rest, "```\n")
	if !found || !ends {
		t.Fatalf("the protocol page has no %s server", language)
	}
	if n := strings.Count(code, "\n"); n > 60 {
		t.Errorf("the %s server has %d lines, more than 60", language, n)
	}
	return code
}

// python finds one that has websockets.
func python(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(name, "-c", "import websockets").Run() == nil {
			return name
		}
	}
	t.Fatal("no python3 with websockets: run `make needs`, or install the Debian package python3-websockets")
	return ""
}

// newer gives an older websockets the interface of version 14 and of those after it,
// which are on PyPI: the handler gets the connection alone, whose path its request has.
const newer = `import types, websockets

def serve(handler, *args, _serve=websockets.serve, **options):
    class Connection:
        def __init__(self, socket):
            self.socket, self.request = socket, types.SimpleNamespace(path=socket.path)
        def __getattr__(self, name):
            if name == "path":
                raise AttributeError(name)
            return getattr(self.socket, name)
        def __aiter__(self):
            return self.socket.__aiter__()
    return _serve(lambda socket: handler(Connection(socket)), *args, **options)

if int(websockets.version.version.split(".")[0]) < 14:
    websockets.serve = serve

`

// The servers of the protocol page, in other languages, keep the rules.
func TestReferenceServers(t *testing.T) {
	for title, test := range map[string]struct{ language, file, before string }{
		"js":                    {"js", "server.mjs", ""},
		"python":                {"python", "server.py", ""},
		"python, websockets 14": {"python", "server.py", newer},
	} {
		language := test.language
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			// In this folder, so that Node.js finds its modules.
			dir, err := os.MkdirTemp(".", "reference-*")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.RemoveAll(dir) })
			file := filepath.Join(dir, test.file)
			if err := os.WriteFile(file, []byte(test.before+snippet(t, language)), 0o600); err != nil {
				t.Fatal(err)
			}
			name := "node"
			if language == "python" {
				name = python(t)
			} else if _, err := os.Stat("node_modules/ws"); err != nil {
				t.Fatal("ws is missing: run `npm ci` in e2e/conform")
			}
			address := program.FreeAddress(t)
			_, port, _ := net.SplitHostPort(address)
			var running *exec.Cmd
			stop := func() {
				if running != nil {
					running.Process.Kill()
					running.Wait()
				}
			}
			t.Cleanup(stop)
			restart := func() error {
				stop()
				running = exec.Command(name, file)
				running.Env = append(os.Environ(), "PORT="+port, "PERIOD=5")
				running.Stderr = os.Stderr
				return running.Start()
			}
			if err := restart(); err != nil {
				t.Fatal(err)
			}
			for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
				if response, err := http.Get("http://" + address); err == nil {
					response.Body.Close()
					break
				} else if time.Now().After(deadline) {
					t.Fatal(err)
				}
			}
			expectAll(t, check(t, "http://"+address, options{keeps: 1000, refused: "token=expired", restart: restart}), "parts")
		})
	}
}
