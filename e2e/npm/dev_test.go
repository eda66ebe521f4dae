package npm

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// Vite's development server: it bundles the package beforehand into a folder of
// its own, and must find client.wasm there. Changed modules are replaced in the
// running page: a React component keeps its connection, a plain module that
// closes its feed gets a new one, and none is left over.
func TestViteDevelopment(t *testing.T) {
	t.Parallel()
	s := newSite(t, installed)
	server := exec.Command("node", "dev.js", s.URL, t.TempDir())
	server.Stderr = os.Stderr
	change, err1 := server.StdinPipe()
	out, err2 := server.StdoutPipe()
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer server.Wait()
	defer change.Close()
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the development server has not started: %v", err)
	}
	go io.Copy(os.Stderr, out)

	tab := openIn(t, browser(t), strings.TrimSpace(address))
	s.tells(t, "hot", "works")
	if _, err := io.WriteString(change, "\n"); err != nil {
		t.Fatal(err)
	}
	s.tells(t, "hot", "works", "updated")
	if s.dialed("hot") != 1 || s.dialed("hot-plain") != 2 {
		t.Errorf("the component dialed %d times and the plain module %d times; want 1 and 2", s.dialed("hot"), s.dialed("hot-plain"))
	}
	s.eventually(t, "two open connections", func() bool { return s.feed.Connected() == 2 })
	// On a busy machine it may be asked for twice, but not in two places.
	loaded, err := chromedp.Run(tab, chromedp.Evaluate[[]string](`performance.getEntriesByType("resource").map((entry) => entry.name).filter((name, i, all) => name.includes("client") && name.includes(".wasm") && all.indexOf(name) === i)`))
	if err != nil || len(loaded) != 1 {
		t.Errorf("client.wasm was loaded from %q (%v); want one address", loaded, err)
	}
}
