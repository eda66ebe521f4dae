package middleware

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/e2e/internal/program"
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
	for _, heading := range []string{"net/http", "chi", "gin", "echo", "Authentication with tokens", "A state and its position"} {
		t.Run(heading, func(t *testing.T) {
			if len(all[heading]) != 1 {
				t.Fatalf("there are %d programs; want one", len(all[heading]))
			}
			dir := program.Folder(t)
			address := program.FreeAddress(t)
			program.Write(t, dir+"/main.go", strings.ReplaceAll(all[heading][0], "127.0.0.1:8080", address))
			if heading != "net/http" {
				program.Write(t, dir+"/publish.go", helper)
			}
			goTool(t, "build", "-o", dir+"/program", "./"+dir)
			program.Start(t, exec.Command("./"+dir+"/program"))
			query := ""
			if strings.HasPrefix(heading, "Auth") {
				query = "?token=" + token(t, "http://"+address+"/token")
				refused := "ws://" + address + "/feed?token=wrong"
				if _, err := firstEvent(t, refused); websocket.CloseStatus(err) != 4401 {
					t.Errorf("with a wrong token: %v; want it closed with 4401", err)
				}
			}
			if strings.HasPrefix(heading, "A state") {
				checkState(t, "http://"+address+"/state")
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
	dir := program.Folder(t)
	own := "github.com/wakesocket/wakesocket/e2e/middleware/" + dir + "/topics"
	program.Write(t, dir+"/topics/topics.go", blocks[0])
	program.Write(t, dir+"/topics/types/main.go", strings.ReplaceAll(blocks[1], "example.org/dashboard/topics", own))
	if out, err := exec.Command("gofmt", "-l", dir).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("gofmt would change %s (%v)", out, err)
	}
	goTool(t, "generate", "./"+dir+"/topics")
	text, err := os.ReadFile(dir + "/topics/topics.d.ts")
	if err != nil || !strings.Contains(string(text), "cpu: Load;") {
		t.Errorf("topics.d.ts is (%v):\n%s", err, text)
	}
}

func token(t *testing.T, url string) string {
	t.Helper()
	var answer *http.Response
	program.Until(t, func() (err error) {
		answer, err = http.Post(url, "", nil)
		return err
	})
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || len(text) == 0 {
		t.Fatalf("no token: %q, %v", text, err)
	}
	return string(text)
}

// checkState asks for the state until there is one, and reads its position.
func checkState(t *testing.T, url string) {
	t.Helper()
	var answer *http.Response
	program.Until(t, func() (err error) {
		answer, err = http.Get(url)
		return err
	})
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || !strings.HasPrefix(string(text), `{"load":`) || answer.Header.Get("Wakesocket-Position") == "" {
		t.Errorf("the state is %q at %q, %v", text, answer.Header.Get("Wakesocket-Position"), err)
	}
}

func firstEvent(t *testing.T, url string) ([]byte, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var c *websocket.Conn
	program.Until(t, func() (err error) {
		c, _, err = websocket.Dial(ctx, url, nil)
		return err
	})
	defer c.CloseNow()
	_, event, err := c.Read(ctx)
	return event, err
}
