// Wakelab tests how the clients of a web page come back after sleep and faults:
//
//	go run ./e2e/wakelab -url http://127.0.0.1:8080/
//
// It opens the page in a headless Chromium whose connections go through proxies
// that fail on request, and runs one trial after another: the link dies silently,
// the machine sleeps, the tab is hidden or frozen, the network goes and comes. Each
// WebSocket, EventSource and polling loop of the page, its iframes and its workers
// is a row. Run it with -help for the options.
//
// It exits with 0 when every client came back in time and once, with 1 when one did
// not, and with 2 when a trial could not be carried out or an option makes no sense.
//
// Clients that share a page and a host share what browsers do to hosts: Chromium
// makes one handshake at a time to each. For exact figures, give each client a page.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/wakesocket/wakesocket/e2e/lab"
)

// Exit statuses.
const (
	allBack    = 0
	notBack    = 1
	notCarried = 2
)

func main() {
	status, err := run(os.Args[1:], os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "wakelab:", err)
	}
	os.Exit(status)
}

// run is main without the process.
func run(args []string, stdout, stderr io.Writer) (status int, err error) {
	c, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return allBack, nil
	}
	if err != nil {
		return notCarried, err
	}
	l, err := lab.Open(c.options)
	if err != nil {
		return notCarried, err
	}
	defer l.Close()
	about, most := l.Estimate(c.trials)
	fmt.Fprintf(stderr, "%s: this takes about %v, at most %v\n", plural(len(c.trials), "trial"), about.Round(time.Second), most.Round(time.Second))
	var results []result
	began := time.Now()
	for i, tr := range c.trials {
		fmt.Fprintf(stderr, "%d of %d, after %v: %s\n", i+1, len(c.trials), time.Since(began).Round(time.Second), tr.Name)
		outcomes, err := l.Try(tr)
		results = append(results, newResult(tr, outcomes, err, c.limit))
	}
	if c.json {
		err = writeJSON(stdout, results)
	} else {
		err = writeTable(stdout, results, c.limit)
	}
	if err != nil {
		return notCarried, err
	}
	return verdict(results), nil
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
