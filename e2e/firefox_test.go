package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// firefox is a tab in Firefox, driven by WebDriver BiDi: commands and answers as
// JSON over one WebSocket.
type firefox struct {
	main *exec.Cmd
	conn *websocket.Conn
	tab  string
	over string // the tab in front of it while it is hidden

	mu      sync.Mutex
	calls   int
	answers map[int]chan answer
}

type answer struct {
	ID      int             `json:"id"`
	Result  json.RawMessage `json:"result"`
	Error   string          `json:"error"`
	Message string          `json:"message"`
}

// quiet keeps Firefox from asking the internet for news.
const quiet = `
user_pref("app.normandy.enabled", false);
user_pref("app.update.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("services.settings.server", "data:,");
user_pref("toolkit.telemetry.enabled", false);
`

func newFirefox(t *testing.T) *firefox {
	t.Helper()
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, "user.js"), []byte(quiet), 0o600); err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(freeAddress(t))
	var out journal
	main := background(t, &out, []string{"HOME=" + home}, lookup(t, "firefox-esr"), "--headless", "--no-remote",
		"--profile", home, "--remote-debugging-port", port, "about:blank")
	f := &firefox{main: main, answers: map[int]chan answer{}}
	err := poll(time.Minute, func() (err error) {
		f.conn, _, err = websocket.Dial(t.Context(), "ws://127.0.0.1:"+port+"/session", nil)
		return err
	})
	if err != nil {
		t.Fatalf("Firefox does not start: %v\n%s", err, out.String())
	}
	t.Cleanup(func() { f.conn.CloseNow() })
	f.conn.SetReadLimit(-1)
	go f.listen()
	var tabs struct{ Contexts []struct{ Context string } }
	_, err = f.call("session.new", map[string]any{"capabilities": map[string]any{}})
	if err == nil {
		var tree json.RawMessage
		if tree, err = f.call("browsingContext.getTree", map[string]any{}); err == nil {
			err = json.Unmarshal(tree, &tabs)
		}
	}
	if err != nil || len(tabs.Contexts) == 0 {
		t.Fatalf("no tab in Firefox: %v", err)
	}
	f.tab = tabs.Contexts[0].Context
	return f
}

func (f *firefox) listen() {
	for {
		_, data, err := f.conn.Read(context.Background())
		if err != nil {
			return
		}
		var a answer
		if err := json.Unmarshal(data, &a); err != nil || a.ID == 0 {
			continue // an event, which nobody asked for
		}
		f.mu.Lock()
		if waiting := f.answers[a.ID]; waiting != nil {
			waiting <- a
			delete(f.answers, a.ID)
		}
		f.mu.Unlock()
	}
}

func (f *firefox) call(method string, params any) (json.RawMessage, error) {
	return f.callWithin(context.Background(), method, params)
}

func (f *firefox) callWithin(ctx context.Context, method string, params any) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	f.mu.Lock()
	f.calls++
	id, waiting := f.calls, make(chan answer, 1)
	f.answers[id] = waiting
	f.mu.Unlock()
	command, err := json.Marshal(map[string]any{"id": id, "method": method, "params": params})
	if err == nil {
		err = f.conn.Write(ctx, websocket.MessageText, command)
	}
	if err != nil {
		return nil, err
	}
	select {
	case a := <-waiting:
		if a.Error != "" {
			return nil, fmt.Errorf("%s: %s: %s", method, a.Error, a.Message)
		}
		return a.Result, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("%s: %w", method, ctx.Err())
	}
}

func (f *firefox) pid() int { return f.main.Process.Pid }

func (f *firefox) navigate(url string) error { return f.navigateTab(f.tab, url) }

func (f *firefox) reload() error {
	_, err := f.call("browsingContext.reload", map[string]any{"context": f.tab, "wait": "complete"})
	return err
}

func (f *firefox) evaluate(ctx context.Context, script string) ([]byte, error) {
	data, err := f.callWithin(ctx, "script.evaluate", map[string]any{
		"expression": asText(script), "target": map[string]any{"context": f.tab}, "awaitPromise": true,
	})
	if err != nil {
		return nil, err
	}
	var outcome struct {
		Result           struct{ Value string }
		ExceptionDetails *struct{ Text string }
	}
	err = json.Unmarshal(data, &outcome)
	if err == nil && outcome.ExceptionDetails != nil {
		err = errors.New(outcome.ExceptionDetails.Text)
	}
	return []byte(outcome.Result.Value), err
}

func (f *firefox) openTab() (string, error) {
	data, err := f.call("browsingContext.create", map[string]any{"type": "tab"})
	if err != nil {
		return "", err
	}
	var made struct{ Context string }
	err = json.Unmarshal(data, &made)
	return made.Context, err
}

func (f *firefox) navigateTab(tab, url string) error {
	_, err := f.call("browsingContext.navigate", map[string]any{"context": tab, "url": url, "wait": "complete"})
	return err
}

func (f *firefox) closeTab(tab string) error {
	_, err := f.call("browsingContext.close", map[string]any{"context": tab})
	return err
}

// hide opens another tab in front.
func (f *firefox) hide() (err error) {
	f.over, err = f.openTab()
	return err
}

func (f *firefox) show() error {
	err := f.closeTab(f.over)
	if err == nil {
		_, err = f.call("browsingContext.activate", map[string]any{"context": f.tab})
	}
	return err
}
