package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// webkit is the window of WebKitGTK's own small browser, driven by WebDriver.
type webkit struct {
	driver  *exec.Cmd
	session string // its URL
}

func newWebKit(t *testing.T) *webkit {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/*/webkit2gtk-4.*/MiniBrowser")
	if len(found) == 0 {
		t.Fatal("MiniBrowser, WebKitGTK's own browser, is missing: run e2e/needs.sh, which installs it or says how")
	}
	_, port, _ := net.SplitHostPort(freeAddress(t))
	var out journal
	driver := background(t, &out, []string{"DISPLAY=" + display(t), "HOME=" + t.TempDir(), "WEBKIT_DISABLE_COMPOSITING_MODE=1"},
		lookup(t, "WebKitWebDriver"), "--port="+port)
	k := &webkit{driver, "http://127.0.0.1:" + port + "/session"}
	var made struct{ SessionID string }
	err := poll(30*time.Second, func() error {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			conn.Close()
		}
		return err
	})
	if err == nil {
		err = k.call(context.Background(), http.MethodPost, "", map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{
			"webkitgtk:browserOptions": map[string]any{"binary": found[0], "args": []string{"--automation"}},
		}}}, &made)
	}
	if err != nil {
		t.Fatalf("WebKit does not start: %v\n%s", err, out.String())
	}
	k.session += "/" + made.SessionID
	t.Cleanup(func() {
		if err := k.call(context.Background(), http.MethodDelete, "", nil, nil); err != nil {
			t.Error(err)
		}
	})
	return k
}

// display is an X server without a screen.
func display(t *testing.T) string {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	var out journal
	cmd := exec.Command(lookup(t, "Xvfb"), "-displayfd", "3", "-screen", "0", "1280x800x24", "-nolisten", "tcp")
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = &out, &out, []*os.File{write}
	start(t, cmd)
	write.Close()
	number, err := bufio.NewReader(read).ReadString('\n')
	if err != nil {
		t.Fatalf("Xvfb does not start: %v\n%s", err, out.String())
	}
	return ":" + strings.TrimSpace(number)
}

// call is one command; what it gives goes to value unless that is nil.
func (k *webkit) call(ctx context.Context, method, command string, params, value any) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	body, err := json.Marshal(params)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, k.session+command, bytes.NewReader(body))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var outcome struct{ Value json.RawMessage }
	if err := json.NewDecoder(response.Body).Decode(&outcome); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("WebDriver: %s: %s", command, outcome.Value)
	}
	if value == nil {
		return nil
	}
	return json.Unmarshal(outcome.Value, value)
}

func (k *webkit) post(command string, params any) error {
	return k.call(context.Background(), http.MethodPost, command, params, nil)
}

// The browser is the driver's child.
func (k *webkit) pid() int                  { return k.driver.Process.Pid }
func (k *webkit) navigate(url string) error { return k.post("/url", map[string]any{"url": url}) }
func (k *webkit) reload() error             { return k.post("/refresh", map[string]any{}) }
func (k *webkit) hide() error               { return k.post("/window/minimize", map[string]any{}) }

// show gives the window a size, which makes it one that can be seen.
func (k *webkit) show() error {
	return k.post("/window/rect", map[string]any{"width": 1000, "height": 700})
}

func (k *webkit) evaluate(ctx context.Context, script string) ([]byte, error) {
	var outcome struct{ Text, Error string }
	err := k.call(ctx, http.MethodPost, "/execute/async", map[string]any{
		"script": asText(script) + ".then(text => arguments[0]({ text }), err => arguments[0]({ error: String(err) }))",
		"args":   []any{},
	}, &outcome)
	if err == nil && outcome.Error != "" {
		err = errors.New(outcome.Error)
	}
	return []byte(outcome.Text), err
}

func (k *webkit) openTab() (string, error) {
	var made struct{ Handle string }
	err := k.call(context.Background(), http.MethodPost, "/window/new", map[string]any{"type": "window"}, &made)
	return made.Handle, err
}

// navigateTab and closeTab leave the driver with its first window.
func (k *webkit) navigateTab(tab, url string) error {
	return k.in(tab, func() error { return k.navigate(url) })
}

func (k *webkit) closeTab(tab string) error {
	return k.in(tab, func() error { return k.call(context.Background(), http.MethodDelete, "/window", nil, nil) })
}

// in has something done in another window.
func (k *webkit) in(tab string, do func() error) error {
	var first string
	if err := k.call(context.Background(), http.MethodGet, "/window", nil, &first); err != nil {
		return err
	}
	err := k.post("/window", map[string]any{"handle": tab})
	if err == nil {
		err = do()
	}
	return errors.Join(err, k.post("/window", map[string]any{"handle": first}))
}
