package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/chromedp"

	"github.com/wakesocket/wakesocket/e2e/levers"
)

// patience is how long one figure may take to come.
const patience = 2 * time.Minute

// tab is a page in a browser of its own.
type tab struct {
	ctx  context.Context
	stop func()
}

func launch() (*tab, error) {
	ctx, stop, err := levers.Launch()
	if err != nil {
		return nil, err
	}
	t := &tab{ctx, stop}
	_, err1 := chromedp.Call(ctx, performance.Enable, performance.EnableParams{TimeDomain: performance.EnableTimeDomainThreadTicks})
	if err1 != nil {
		stop()
		return nil, err1
	}
	return t, nil
}

func (t *tab) navigate(url string) error {
	ctx, cancel := context.WithTimeout(t.ctx, patience)
	defer cancel()
	return chromedp.Do(ctx, chromedp.Navigate(url))
}

// eval waits for the value of a script, which may be a promise.
func eval[T any](t *tab, format string, args ...any) (T, error) {
	ctx, cancel := context.WithTimeout(t.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](fmt.Sprintf(format, args...), chromedp.EvalAwaitPromise))
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("no answer for %v", patience)
	}
	return value, err
}

// conditions are those of a row of the table of starts.
type conditions struct {
	name       string
	cpu        float64       // times slower
	latency    time.Duration // of each request
	throughput float64       // bytes a second; -1: any
}

var (
	unlimited = conditions{"loopback", 1, 0, -1}
	starts    = []conditions{
		unlimited,
		{"CPU 4× slower", 4, 0, -1},
		{"10 Mbit/s, 40 ms", 1, 40 * time.Millisecond, 10e6 / 8},
		{"1.6 Mbit/s, 150 ms", 1, 150 * time.Millisecond, 1.6e6 / 8},
	}
)

func (t *tab) under(c conditions) error {
	_, err1 := chromedp.Call(t.ctx, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: c.cpu})
	_, err2 := chromedp.Call(t.ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{
			Latency: float64(c.latency.Milliseconds()), DownloadThroughput: c.throughput, UploadThroughput: c.throughput,
		}},
	})
	return errors.Join(err1, err2)
}

func (t *tab) forgetCache() error {
	_, err := chromedp.Call(t.ctx, network.ClearBrowserCache, cdp.Empty{})
	return err
}

// work is how long the page's main thread has worked, in ms of CPU time.
func (t *tab) work() (float64, error) {
	got, err := chromedp.Call(t.ctx, performance.GetMetrics, cdp.Empty{})
	if err != nil {
		return 0, err
	}
	for _, m := range got.Metrics {
		if m.Name == "TaskDuration" {
			return m.Value * 1000, nil
		}
	}
	return 0, errors.New("the browser does not tell TaskDuration")
}

// memory is the share of the machine's memory that the page's process has (PSS), in MB.
func (t *tab) memory() (float64, error) {
	list, err := exec.Command("ps", "-eo", "pid=,ppid=,args=").Output()
	if err != nil {
		return 0, err
	}
	family := map[string]bool{strconv.Itoa(levers.Pid(t.ctx)): true}
	var largest float64
	for again := true; again; {
		again = false
		for line := range strings.Lines(string(list)) {
			fields := strings.Fields(line)
			if len(fields) < 3 || family[fields[0]] || !family[fields[1]] {
				continue
			}
			family[fields[0]], again = true, true
			if strings.Contains(line, "--type=renderer") {
				largest = max(largest, pss(fields[0]))
			}
		}
	}
	if largest == 0 {
		return 0, errors.New("the browser has no renderer")
	}
	return largest, nil
}

// pss is 0 for a process that has ended.
func pss(pid string) float64 {
	text, err := os.ReadFile("/proc/" + pid + "/smaps_rollup")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "\nPss:")
	kB, err := strconv.ParseFloat(strings.Fields(rest + " 0")[0], 64)
	if err != nil {
		return 0
	}
	return kB / 1024
}
