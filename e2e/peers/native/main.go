// Native puts Go clients through the same faults: ours, nats.go, centrifuge-go,
// r3labs/sse and recws, each with the options that its own documentation shows,
// against its own server on this machine, through a proxy that fails on request.
//
//	cd e2e/peers && go run ./native
//	cd e2e/peers && go run ./native -only 'silent|kill' -clients 'wakesocket|nats'
//
// Each client is a process of its own that prints what it receives and what it is
// told, so that it can be stopped and killed. The result is a table in Markdown.
// The change of address needs root, for network namespaces.
//
// The Go module proxy does not serve recws. Whoever has its source can measure it:
//
//	go work init . /path/to/recws && go run $(ls native/*.go | grep -v _test) -clients recws
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"sync"
	"time"
)

// run is what is asked for.
type run struct {
	limit    time.Duration
	parallel int
	clients  *regexp.Regexp
	faults   *regexp.Regexp
}

func main() {
	var r run
	child := flag.String("child", "", "run as this client; for the program itself")
	url := flag.String("url", "", "server of the child")
	state := flag.String("state", "", "directory in which the child keeps its position")
	flag.DurationVar(&r.limit, "limit", 5*time.Minute, "how long to wait for a client to come back")
	flag.IntVar(&r.parallel, "parallel", 6, "how many trials run at a time")
	who := flag.String("clients", "", "regular expression: only clients whose names match")
	only := flag.String("only", "", "regular expression: only faults whose names match")
	flag.Parse()
	err := r.choose(*who, *only)
	switch {
	case err != nil:
	case *child != "":
		fmt.Println("ended:", runChild(*child, *url, *state))
	default:
		r.all()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "native:", err)
		os.Exit(1)
	}
}

func (r *run) choose(who, only string) (err error) {
	if r.clients, err = regexp.Compile(who); err != nil {
		return err
	}
	r.faults, err = regexp.Compile(only)
	return err
}

// all runs the trials and prints their rows in order.
func (r *run) all() {
	var running sync.WaitGroup
	free := make(chan struct{}, r.parallel)
	rows := make([]string, 0, len(faults)*len(clients))
	for _, f := range faults {
		for _, c := range clients {
			if !r.clients.MatchString(c.name) || !r.faults.MatchString(f.name) {
				continue
			}
			rows = append(rows, "")
			row := &rows[len(rows)-1] // there is room: the array never moves
			free <- struct{}{}
			running.Go(func() {
				defer func() { <-free }()
				result, err := try(c, f, r.limit)
				*row = fmt.Sprintf("| %s | %s | %s |", f.name, c.name, result)
				if err != nil {
					*row = fmt.Sprintf("| %s | %s | not carried out: %v | | | | |", f.name, c.name, err)
				}
				fmt.Fprintln(os.Stderr, *row)
			})
		}
	}
	running.Wait()
	fmt.Println("| fault | client | noticed, s | back, s | events lost | events twice | what the program is told |\n|---|---|--:|--:|--:|--:|---|")
	for _, row := range rows {
		fmt.Println(row)
	}
}
