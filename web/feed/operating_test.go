package feed

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

// snippet returns the block of a language from the page for operators.
func snippet(t *testing.T, language string) string {
	t.Helper()
	page, err := os.ReadFile("OPERATING.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```" + language + "\n(.*?)```").FindSubmatch(page)
	if found == nil {
		t.Fatalf("OPERATING.md has no block of %s", language)
	}
	return string(found[1])
}

// The configurations on the page for operators, in the real proxies: a page of the
// proxy's own origin gets in, and each client has its own address.
func TestOperatingSnippets(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it runs nginx and HAProxy")
	}
	for _, test := range []struct {
		program, around string // with the directory, the address and the snippet
		args            func(config, dir string) []string
	}{
		{"nginx", "daemon off; pid %[1]s/pid; error_log stderr; events {} http { access_log off; client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; " +
			"fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s; server { listen %[2]s;\n%[3]s} }\n",
			func(config, dir string) []string { return []string{"-c", config, "-e", filepath.Join(dir, "errors")} }},
		{"haproxy", "%[3]s\nfrontend public # %[1]s\n\tbind %[2]s\n\tdefault_backend feed\n",
			func(config, _ string) []string { return []string{"-f", config} }},
	} {
		t.Run(test.program, func(t *testing.T) {
			program, err := exec.LookPath(test.program)
			if err != nil {
				t.Fatalf("%v; install %s, or run the tests with -short", err, test.program)
			}
			seen := make(chan netip.Addr, 1)
			s := serve(t, Options{
				TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
				OnMessage:      func(c Client, _ []byte) { seen <- c.Address },
			}).ready()
			dir := t.TempDir()
			address := freeAddress(t)
			text := strings.ReplaceAll(snippet(t, test.program), "127.0.0.1:8080", strings.TrimPrefix(s.url, "http://"))
			config := filepath.Join(dir, "config")
			if err := os.WriteFile(config, fmt.Appendf(nil, test.around, dir, address, text), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(program, test.args(config, dir)...)
			cmd.Stderr = os.Stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				cmd.Process.Signal(os.Interrupt)
				cmd.Wait()
			})
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			header := http.Header{"Origin": {"http://" + address}, "X-Forwarded-For": {"203.0.113.9"}}
			// The client has an address of its own; the one that it claims is not believed.
			client := &http.Client{Transport: &http.Transport{
				DialContext: (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}).DialContext,
			}}
			var conn *websocket.Conn
			until(t, test.program+" listens", func() bool {
				conn, _, err = websocket.Dial(ctx, "ws://"+address+"/feed?wakesocket=1", &websocket.DialOptions{HTTPHeader: header, HTTPClient: client})
				return err == nil
			})
			defer conn.CloseNow()
			if _, data, err := conn.Read(ctx); err != nil || !strings.Contains(string(data), `"hello"`) {
				t.Fatalf("%s, %v", data, err)
			}
			if err := conn.Write(ctx, websocket.MessageText, []byte(`"who am I"`)); err != nil {
				t.Fatal(err)
			}
			select {
			case got := <-seen:
				if got.String() != "127.0.0.2" {
					t.Errorf("the client's address is %v", got)
				}
			case <-ctx.Done():
				t.Error("no message came")
			}
		})
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// The probes are mounted as the page says.
func TestOperatingProbes(t *testing.T) {
	page, err := os.ReadFile("OPERATING.md")
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, Options{}).ready()
	for line, handler := range map[string]http.Handler{
		`http.Handle("/ready", f.Ready())`: s.Ready(), `http.Handle("/alive", f.Alive())`: s.Alive(),
	} {
		w := httptest.NewRecorder()
		if handler.ServeHTTP(w, httptest.NewRequest("GET", "/", nil)); w.Code != http.StatusOK || !strings.Contains(string(page), line) {
			t.Errorf("%d, or OPERATING.md does not hold %s", w.Code, line)
		}
	}
}
