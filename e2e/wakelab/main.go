// Wakelab puts the WebSocket clients of any page to sleep and tells how long
// they take to come back:
//
//	go run ./e2e/wakelab -url http://127.0.0.1:8080/
//
// It opens the page in a headless Chromium behind a proxy that fails on request,
// and pulls one lever after another: the link dies without a word, the machine
// sleeps, the tab is hidden or frozen, the network goes and comes. For each
// WebSocket address of the page it prints the seconds to the next dial and to
// the first frame on the new connection. Clients that share a page and a host
// share what browsers do to hosts: Chromium makes one handshake at a time to
// each. For exact figures, give each client a page.
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"time"

	"github.com/wakesocket/wakesocket/e2e/lab"
)

func main() {
	page := flag.String("url", "", "address of the page, http or https")
	limit := flag.Duration("limit", time.Minute, "how long to wait for a client to come back")
	only := flag.String("only", "", "regular expression: run only the trials whose names match")
	flag.Parse()
	chosen, err := regexp.Compile(*only)
	if err == nil && *page == "" {
		err = fmt.Errorf("-url is missing: the address of a page that holds a WebSocket open")
	}
	if err == nil {
		err = run(*page, *limit, chosen)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "wakelab:", err)
		os.Exit(1)
	}
}

func run(page string, limit time.Duration, chosen *regexp.Regexp) error {
	l, err := lab.Open(page, limit)
	if err != nil {
		return err
	}
	defer l.Close()
	fmt.Printf("%-58s %-28s %10s %10s %8s\n", "seconds until", "socket", "next dial", "first frame", "sockets")
	for _, tr := range lab.Trials {
		if !chosen.MatchString(tr.Name) {
			continue
		}
		outcomes, err := l.Try(tr, lab.Settling)
		if err != nil {
			return fmt.Errorf("%s: %w", tr.Name, err)
		}
		name := tr.Name
		for _, o := range outcomes {
			fmt.Printf("%-58s %-28s %10s %10s %8d\n", name, o.Path, seconds(o.Dial, o), seconds(o.Frame, o), o.Opened)
			name = ""
		}
	}
	return nil
}

func seconds(d time.Duration, o lab.Outcome) string {
	if d == lab.Never {
		return fmt.Sprintf("> %.0f", o.Watched.Seconds())
	}
	return fmt.Sprintf("%.3f", d.Seconds())
}
