// Conform checks any server against the protocol of wakesocket, in plain mode and
// in full mode, and says which rule is broken and what a page would show:
//
//	go run ./e2e/conform -url ws://127.0.0.1:8080/feed
//	go run ./e2e/conform -url ws://… -keeps 1000 -refused token=expired -restart 'systemctl restart feed'
//
// The server must publish some events each second while it is checked. The exit
// status is 0 when no rule is broken, 1 when one is, 2 when nothing could be checked.
package main

import (
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"
)

func main() {
	o, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	var report *report
	if err == nil {
		report, err = conform(o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "conform:", err)
		os.Exit(2)
	}
	if report.print(os.Stdout) > 0 {
		os.Exit(1)
	}
}

func parse(arguments []string) (o options, err error) {
	flags := flag.NewFlagSet("conform", flag.ContinueOnError)
	address := flags.String("url", "", "address of the feed: ws://…, wss://…, http://… or https://…")
	restart := flags.String("restart", "", "shell command that restarts the server and returns when it has been started")
	origin := flags.String("origin", "", "value of the Origin header, if the server asks for one")
	flags.StringVar(&o.refused, "refused", "", "query that the server refuses, for example token=expired")
	flags.IntVar(&o.keeps, "keeps", 0, "how many events the log of the server holds; 0 leaves out what needs a full log")
	flags.DurationVar(&o.patience, "patience", 3*time.Second, "how long to wait for an answer, and for the next event")
	if err := flags.Parse(arguments); err != nil {
		return o, err
	}
	if o.url, err = url.Parse(*address); err != nil {
		return o, err
	}
	o.url.Scheme = strings.Replace(o.url.Scheme, "http", "ws", 1)
	if o.url.Host == "" || o.url.Scheme != "ws" && o.url.Scheme != "wss" {
		return o, fmt.Errorf("-url %q: give the address of a feed, for example ws://127.0.0.1:8080/feed", *address)
	}
	if o.patience <= 0 || o.keeps < 0 {
		return o, errors.New("-patience must be positive, and -keeps not negative")
	}
	if *origin != "" {
		o.header = http.Header{"Origin": {*origin}}
	}
	if *restart != "" {
		o.restart = func() error {
			cmd := exec.Command("sh", "-c", *restart)
			cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
			return cmd.Run()
		}
	}
	return o, nil
}
