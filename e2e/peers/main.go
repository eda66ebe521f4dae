// Peers puts other clients through the same deaths as ours: the same levers, in
// the same browser, on the same machine, in one run. And it measures their speed.
//
//	make bench-peers
//	make bench-peers ARGS='-clients "wakesocket|phoenix" -only "b|f" -rounds 1'
//	make bench-peers ARGS='-measure speed -chart speed.svg'
//
// Each client has a page and a browser of its own and a feed of five events a
// second. What counts is the time to the next new WebSocket, which the browser
// tells. The result is a table in Markdown; each figure is printed as it comes.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wakesocket/wakesocket/e2e/lab"
)

// run is what is asked for.
type run struct {
	rounds, parallel int
	limit            time.Duration
	clients          []client
	trials           []lab.Trial
}

func main() {
	var r run
	flag.IntVar(&r.rounds, "rounds", 3, "how often each client goes through each trial")
	flag.IntVar(&r.parallel, "parallel", 2, "how many clients are measured at a time")
	flag.DurationVar(&r.limit, "limit", time.Minute, "how long to wait for a client to come back")
	who := flag.String("clients", "", "regular expression: only clients whose whole names match")
	only := flag.String("only", "", "regular expression: only columns of wakes whose whole names match")
	what := flag.String("measure", "both", "wakes, speed or both")
	tiny := flag.Bool("brief", false, "speed: only a few events, to see that it runs")
	chart := flag.String("chart", "", "speed: also write a chart (SVG) to this file")
	flag.Parse()
	err := r.choose(*who, *only)
	if err == nil && *what != "wakes" && *what != "speed" && *what != "both" {
		err = fmt.Errorf("-measure %s: use wakes, speed or both", *what)
	}
	if err == nil && *what != "wakes" {
		p := full
		if p.rounds = r.rounds; *tiny {
			p = brief
		}
		err = r.speed(p, *chart)
	}
	if err == nil && *what != "speed" {
		err = r.all()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func (r *run) choose(who, only string) error {
	for _, needed := range []string{dist + "/shim.js", modules} {
		if _, err := os.Stat(needed); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is missing: `make bench-peers` makes it", needed)
		}
	}
	names, err1 := whole(who)
	columns, err2 := whole(only)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	r.clients = slices.DeleteFunc(slices.Clone(clients), func(c client) bool { return !names(c.name) })
	r.trials = slices.DeleteFunc(slices.Clone(lab.Trials), func(tr lab.Trial) bool { return tr.Column == "" || !columns(tr.Column) })
	slices.SortFunc(r.trials, func(a, b lab.Trial) int { return strings.Compare(a.Column, b.Column) })
	if len(r.clients) == 0 || len(r.trials) == 0 || r.rounds < 1 || r.parallel < 1 {
		return errors.New("nothing is left to be measured")
	}
	return nil
}

// speed measures, and prints the table.
func (r *run) speed(p plan, chart string) error {
	all := append([]client{plain}, r.clients...)
	got, failed := speeds(all, p)
	if got == nil {
		return failed
	}
	var names []string
	for _, c := range all {
		names = append(names, c.name)
	}
	fmt.Printf("Medians of %d rounds; in bold who is first, or at most 5 %% worse.\n\n%s%s\n", p.rounds, got.table(p.measures(), names), servers)
	if chart != "" {
		failed = errors.Join(failed, os.WriteFile(chart, []byte(got.chart(p.measures(), names)), 0o644))
	}
	return failed
}

// whole matches whole names; an empty expression matches all.
func whole(expression string) (func(string) bool, error) {
	if expression == "" {
		return func(string) bool { return true }, nil
	}
	re, err := regexp.Compile("^(?:" + expression + ")$")
	return func(name string) bool { return re.MatchString(name) }, err
}

// all measures round after round, so that a bad moment of the machine is
// everybody's, and prints the table. What fails is left out of it, and is an error.
func (r *run) all() error {
	var (
		results results
		mu      sync.Mutex
		failed  []error
		running sync.WaitGroup
		free    = make(chan struct{}, r.parallel)
	)
	for round := range r.rounds {
		for _, c := range r.clients {
			free <- struct{}{}
			running.Go(func() {
				defer func() { <-free }()
				if err := r.measure(c, round, &results); err != nil {
					mu.Lock()
					defer mu.Unlock()
					failed = append(failed, fmt.Errorf("round %d: %s: %w", round+1, c.name, err))
				}
			})
		}
	}
	running.Wait()
	r.print(&results)
	return errors.Join(failed...)
}

// heartbeats is the longest time between two of a client's. A silent death is found
// by the next one, so the rounds spread over that time, the same for all clients.
const heartbeats = 30 * time.Second

func (r *run) settle(tr lab.Trial, round int) time.Duration {
	if tr.Announced {
		return lab.Settling
	}
	return lab.Settling + heartbeats*time.Duration(2*round+1)/time.Duration(2*r.rounds)
}

// measure is one round of one client.
func (r *run) measure(c client, round int, results *results) error {
	s, err := open(c)
	if err != nil {
		return err
	}
	defer s.close()
	l, err := lab.Open(lab.Options{Page: s.url, Watch: r.limit})
	if err != nil {
		return err
	}
	defer l.Close()
	var failed []error
	for _, tr := range r.trials {
		tr.Settle = r.settle(tr, round)
		outcomes, err := l.Try(tr)
		if err == nil && len(outcomes) != 1 {
			err = fmt.Errorf("%d clients, want one", len(outcomes))
		}
		if err != nil {
			err = fmt.Errorf("%s: %w", tr.Column, err)
			fmt.Fprintf(os.Stderr, "round %d  %-24s %v\n", round+1, c.name, err)
			failed = append(failed, err)
			continue
		}
		o := outcomes[0]
		fmt.Fprintf(os.Stderr, "round %d  %-24s %-9s %7s s to the next dial, %7s to its first frame, %d dials\n",
			round+1, c.name, tr.Column, seconds(o.Dial, o.Watched), seconds(o.Frame, o.Watched), o.Dials)
		results.add(c.name, tr.Column, o.Dial)
	}
	return errors.Join(failed...)
}

func (r *run) print(results *results) {
	var rows, columns []string
	for _, c := range r.clients {
		rows = append(rows, c.name)
	}
	for _, tr := range r.trials {
		columns = append(columns, tr.Column)
	}
	fmt.Printf("Seconds to the next `new WebSocket`, medians of %d rounds; in bold who is first, or not %v later.\n\n", r.rounds, near)
	fmt.Println(results.table(rows, columns, r.limit))
	for _, tr := range r.trials {
		fmt.Printf("- %s: %s\n", tr.Column, tr.Name)
	}
	fmt.Print(servers)
}

// servers tells what the clients were connected to.
const servers = `
Every client has the options that it has by default, but Socket.IO only its transport "websocket". Behind
@rails/actioncable and phoenix is neither Rails nor Phoenix but a small server of this benchmark that speaks the
documented part of their protocols; behind socket.io-client and centrifuge are their own servers, behind the rest
is our feed. Liveblocks and Ably are left out: their servers cannot be had.
`
