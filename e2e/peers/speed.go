package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"
)

// plan is how much is measured.
type plan struct {
	rounds  int
	starts  []conditions
	events  int // of 100 bytes, for the throughput; fewer where they are larger
	replay  int // events at once
	rates   []int
	latency time.Duration // how long events come at each rate
	idle    time.Duration
	rest    time.Duration // that a page gets to come to rest
}

var (
	full  = plan{3, starts, 20_000, 5000, []int{1, 100, 1000}, 5 * time.Second, 20 * time.Second, 500 * time.Millisecond}
	brief = plan{1, starts[:1], 500, 100, []int{100}, 200 * time.Millisecond, time.Second, 100 * time.Millisecond}
)

// sizes are those of events for the throughput, and their share of plan.events.
var sizes = []struct {
	name  string
	bytes int
	share int
}{{"100 B", 100, 1}, {"1 kB", 1000, 4}, {"16 kB", 16_000, 40}}

// callbackTime is how long the page takes for each event of a replay, in ms.
const callbackTime = 1

// measures are those of a plan, in the order of the table.
func (p plan) measures() []measure {
	var all []measure
	for _, c := range p.starts {
		all = append(all, measure{"first event, cold, " + c.name, "ms", false}, measure{"first event, warm, " + c.name, "ms", false})
	}
	for _, rate := range p.rates {
		all = append(all, measure{fmt.Sprintf("latency at %d/s, p50", rate), "ms", false}, measure{fmt.Sprintf("latency at %d/s, p99", rate), "ms", false})
	}
	for _, size := range sizes {
		all = append(all, measure{"throughput, " + size.name, "events/s", true})
	}
	return append(all,
		measure{frameGap(p), "ms", false},
		measure{"idle: wake-ups", "a minute", false},
		measure{"idle: main thread", "ms a minute", false},
		measure{"memory of the page's process", "MB", false},
	)
}

func frameGap(p plan) string { return fmt.Sprintf("longest frame gap, %d events at once", p.replay) }

// speeds measures all clients, round after round, each in a browser of its own, so
// that a bad moment of the machine is everybody's. What fails is left out, and is
// an error.
func speeds(clients []client, p plan) (*figures, error) {
	files, err := assets(clients)
	if err != nil {
		return nil, err
	}
	got := &figures{}
	var failed []error
	for round := range p.rounds {
		order := slices.Clone(clients)
		if round%2 == 1 {
			slices.Reverse(order)
		}
		for _, c := range order {
			v := visit{plan: p, add: func(name string, value float64) {
				fmt.Fprintf(os.Stderr, "round %d  %-24s %-44s %10.4g\n", round+1, c.name, name, value)
				got.add(c.name, name, value)
			}}
			if err := v.run(c, files); err != nil {
				err = fmt.Errorf("round %d: %s: %w", round+1, c.name, err)
				fmt.Fprintln(os.Stderr, err)
				failed = append(failed, err)
			}
		}
	}
	return got, errors.Join(failed...)
}

// visit is all that is measured of one client in one round.
type visit struct {
	plan plan
	add  func(name string, value float64)
	site *speedSite
	tab  *tab
}

func (v *visit) run(c client, files http.Handler) (err error) {
	if v.site, err = openSpeedSite(c, files); err != nil {
		return err
	}
	defer v.site.stop()
	if v.tab, err = launch(); err != nil {
		return err
	}
	defer v.tab.stop()
	stop := v.site.stream()
	err = v.starts()
	stop()
	if err != nil {
		return err
	}
	time.Sleep(v.plan.rest)
	return errors.Join(v.latencies(), v.throughputs(), v.frames(), v.idle())
}

// starts leaves the page connected.
func (v *visit) starts() error {
	for _, c := range v.plan.starts {
		if err := v.tab.under(c); err != nil {
			return err
		}
		for _, cache := range []string{"cold", "warm"} {
			if err := v.start(cache == "cold", fmt.Sprintf("first event, %s, %s", cache, c.name)); err != nil {
				return err
			}
		}
	}
	if err := v.tab.under(unlimited); err != nil {
		return err
	}
	_, err := v.open()
	return err
}

func (v *visit) start(cold bool, name string) error {
	if err := v.tab.navigate("about:blank"); err != nil {
		return err
	}
	if cold {
		if err := v.tab.forgetCache(); err != nil {
			return err
		}
	}
	ms, err := v.open()
	if err == nil {
		v.add(name, ms)
		time.Sleep(v.plan.rest) // a browser writes its cache after the page has loaded
	}
	return err
}

// open loads the page and waits for its first event.
func (v *visit) open() (ms float64, err error) {
	if err := v.tab.navigate(v.site.url); err != nil {
		return 0, err
	}
	return eval[float64](v.tab, "measure.first()")
}

func (v *visit) latencies() error {
	for _, rate := range v.plan.rates {
		count := max(2, int(v.plan.latency.Seconds()*float64(rate)))
		delays, err := during(v, 0, "measure.delays(%d)", []float64{}, count, 100, v.plan.latency)
		if err != nil {
			return err
		}
		slices.Sort(delays)
		v.add(fmt.Sprintf("latency at %d/s, p50", rate), delays[len(delays)/2])
		v.add(fmt.Sprintf("latency at %d/s, p99", rate), delays[len(delays)*99/100])
	}
	return nil
}

func (v *visit) throughputs() error {
	for _, size := range sizes {
		rate, err := during(v, 0, "measure.rate(%d)", 0.0, max(10, v.plan.events/size.share), size.bytes, 0)
		if err != nil {
			return err
		}
		v.add("throughput, "+size.name, rate)
	}
	return nil
}

func (v *visit) frames() error {
	gap, err := during(v, callbackTime, "measure.longestFrame(%d)", 0.0, v.plan.replay, 100, 0)
	if err == nil {
		v.add(frameGap(v.plan), gap)
	}
	return err
}

// during evaluates a script while events come; the value is of the type of zero.
func during[T any](v *visit, work float64, script string, zero T, count, size int, over time.Duration) (T, error) {
	if _, err := eval[bool](v.tab, "(measure.reset(%g), true)", work); err != nil {
		return zero, err
	}
	published := make(chan error, 1)
	go func() {
		time.Sleep(v.plan.rest / 5) // the script has begun
		published <- v.site.publishAll(count, size, over)
	}()
	value, err := eval[T](v.tab, script, count)
	if err := errors.Join(err, <-published); err != nil {
		return zero, err
	}
	time.Sleep(v.plan.rest)
	return value, nil
}

func (v *visit) idle() error {
	time.Sleep(2 * v.plan.rest)
	wakes, err1 := eval[float64](v.tab, "measure.wakes()")
	work, err2 := v.tab.work()
	begun := time.Now()
	time.Sleep(v.plan.idle)
	wakesAfter, err3 := eval[float64](v.tab, "measure.wakes()")
	workAfter, err4 := v.tab.work()
	minutes := time.Since(begun).Minutes()
	memory, err5 := v.tab.memory()
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		return err
	}
	v.add("idle: wake-ups", (wakesAfter-wakes)/minutes)
	v.add("idle: main thread", (workAfter-work)/minutes)
	v.add("memory of the page's process", memory)
	return nil
}

// stream publishes small events every few ms, so that a page hears one as soon as
// it can, until it is stopped.
func (s *speedSite) stream() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for n := 0; ctx.Err() == nil; n++ {
			<-tick.C
			if s.publish(event(n, 100)) != nil {
				return // the page hears nothing, and its measurement tells
			}
		}
	})
	return func() { cancel(); running.Wait() }
}
