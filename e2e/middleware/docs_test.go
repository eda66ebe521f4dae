package middleware

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

const patience = time.Minute

// programs are the whole Go programs of the quick starts, under their headings.
func programs(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../../web/feed/README.md")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for _, section := range strings.Split(string(text), "\n## ")[1:] {
		heading, body, _ := strings.Cut(section, "\n")
		for _, block := range regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(body, -1) {
			found[heading] = append(found[heading], block[1])
		}
	}
	return found
}

// folder is one for programs of this module.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(".", "snippets-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Base(dir)
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func goTool(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// The programs of the quick starts run, and a client gets their events.
func TestQuickStarts(t *testing.T) {
	all := programs(t)
	plain := all["net/http"][0]
	publish := plain[strings.Index(plain, "func publish"):]
	helper := "package main\n\nimport (\n\t\"context\"\n\t\"log\"\n\t\"time\"\n\n\t\"github.com/wakesocket/wakesocket/web/feed\"\n)\n\n" + publish
	for _, heading := range []string{"net/http", "chi", "gin", "echo", "Authentication with tokens"} {
		t.Run(heading, func(t *testing.T) {
			if len(all[heading]) != 1 {
				t.Fatalf("there are %d programs; want one", len(all[heading]))
			}
			dir := folder(t)
			address := freeAddress(t)
			write(t, dir+"/main.go", strings.ReplaceAll(all[heading][0], "127.0.0.1:8080", address))
			if heading != "net/http" {
				write(t, dir+"/publish.go", helper)
			}
			goTool(t, "build", "-o", dir+"/program", "./"+dir)
			start(t, dir+"/program")
			query := ""
			if strings.HasPrefix(heading, "Auth") {
				query = "?token=" + token(t, "http://"+address+"/token")
				refused := "ws://" + address + "/feed?token=wrong"
				if _, err := firstEvent(t, refused); websocket.CloseStatus(err) != 4401 {
					t.Errorf("with a wrong token: %v; want it closed with 4401", err)
				}
			}
			event, err := firstEvent(t, "ws://"+address+"/feed"+query)
			if err != nil || !bytes.Contains(event, []byte(`"data":{"load":0.5}`)) {
				t.Errorf("the first event is %s (%v)", event, err)
			}
		})
	}
}

// The program that go generate runs writes the types of the topics.
func TestTypesQuickStart(t *testing.T) {
	blocks := programs(t)["Types for the page"]
	if len(blocks) != 2 {
		t.Fatalf("there are %d programs; want two", len(blocks))
	}
	dir := folder(t)
	own := "github.com/wakesocket/wakesocket/e2e/middleware/" + dir + "/topics"
	write(t, dir+"/topics/topics.go", blocks[0])
	write(t, dir+"/topics/types/main.go", strings.ReplaceAll(blocks[1], "example.org/dashboard/topics", own))
	if out, err := exec.Command("gofmt", "-l", dir).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("gofmt would change %s (%v)", out, err)
	}
	goTool(t, "generate", "./"+dir+"/topics")
	text, err := os.ReadFile(dir + "/topics/topics.d.ts")
	if err != nil || !strings.Contains(string(text), "cpu: Load;") {
		t.Errorf("topics.d.ts is (%v):\n%s", err, text)
	}
}

func start(t *testing.T, program string) {
	t.Helper()
	path, err := filepath.Abs(program)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(path)
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
}

// until tries until it works.
func until[T any](t *testing.T, try func() (T, error)) T {
	t.Helper()
	limit := time.Now().Add(patience)
	for {
		value, err := try()
		if err == nil {
			return value
		}
		if time.Now().After(limit) {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond) // the program is starting
	}
}

func token(t *testing.T, url string) string {
	t.Helper()
	answer := until(t, func() (*http.Response, error) { return http.Post(url, "", nil) })
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || len(text) == 0 {
		t.Fatalf("no token: %q, %v", text, err)
	}
	return string(text)
}

func firstEvent(t *testing.T, url string) ([]byte, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c := until(t, func() (*websocket.Conn, error) {
		c, _, err := websocket.Dial(ctx, url, nil)
		return c, err
	})
	defer c.CloseNow()
	_, event, err := c.Read(ctx)
	return event, err
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
