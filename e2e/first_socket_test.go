package e2e

import (
	"os"
	"strings"
	"testing"
)

// A page opens the first connection while shim.js is loading, as shim/README.md
// says, and connect() goes on with it: nothing is lost, and nothing is dialed twice.
func TestFirstSocketOfThePage(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../shim/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "## The first connection before shim.js")
	_, rest, _ = strings.Cut(rest, "<script>")
	script, _, found := strings.Cut(rest, "</script>")
	origin := "${location.origin.replace(\"http\", \"ws\")}/feed"
	if !found || !strings.Contains(script, origin) {
		t.Fatal("shim/README.md has no such script")
	}
	w := &world{site: newSite(t), t: t}
	w.tab = startBrowser(t).openTab(t, w.home+"/page.html")
	w.run(strings.Replace(script, origin, w.url, 1))
	w.run(`globalThis.first = globalThis[Symbol.for("wakesocket.first")]`)
	w.until(`first.messages.length > 0`)
	early := w.publish()
	w.until(`first.messages.some(({ data }) => data.includes('"n":%s,'))`, early)
	w.run(`open(%s)`, w.url)
	w.awaitEvent(early, patient)
	w.settled("live", patient)
	w.awaitEvent(w.publish(), patient)
	w.exact()
	if n := len(w.proxy.Conns()); n != 1 {
		t.Errorf("%d connections, want one\n%s", n, w.connections())
	}

	// What is left of it is an ordinary connection.
	w.cut()
	w.run(`feed.reconnect()`)
	w.awaitEvent(w.publish(), patient)
	w.exact()
}
