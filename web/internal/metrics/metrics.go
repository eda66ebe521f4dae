// Package metrics reads the vital signs of the machine that it runs on: CPU,
// memory, load, disk and network, each at its own pace.
package metrics

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/load"
	"github.com/shirou/gopsutil/v4/mem"
)

// Probe reads one topic.
type Probe struct {
	Topic string
	Every time.Duration // how often a reading is worth having
	// Read returns one of CPU, Memory, Load, Net or Disk. It is called by one
	// goroutine at a time: rates are taken against the call before.
	Read func(context.Context) (any, error)
}

// CPU is how busy the cores were since the last reading, in percent.
type CPU struct {
	Total float64   `json:"total"` // mean over the cores
	Cores []float64 `json:"cores"`
}

// Memory is in bytes.
type Memory struct {
	Total     uint64 `json:"total"`
	Used      uint64 `json:"used"`
	Available uint64 `json:"available"`
	SwapTotal uint64 `json:"swapTotal"`
	SwapUsed  uint64 `json:"swapUsed"`
}

// Load is the mean number of processes that wanted to run.
type Load struct {
	One     float64 `json:"one"` // over the last minute
	Five    float64 `json:"five"`
	Fifteen float64 `json:"fifteen"`
}

// Net is in bytes a second, over the interfaces named.
type Net struct {
	In    float64  `json:"in"`
	Out   float64  `json:"out"`
	Names []string `json:"names"`
}

// Disk is in bytes a second, over the disks named.
type Disk struct {
	Read  float64  `json:"read"`
	Write float64  `json:"write"`
	Names []string `json:"names"`
}

// Probes returns new probes of everything.
func Probes() []Probe {
	return []Probe{
		{"cpu", 250 * time.Millisecond, (&cpuProbe{}).read},
		{"net", 500 * time.Millisecond, (&rateProbe{count: countNet}).net},
		{"mem", time.Second, readMemory},
		{"load", time.Second, readLoad},
		{"disk", time.Second, (&rateProbe{count: countDisk}).disk},
	}
}

type cpuProbe struct{ last []cpu.TimesStat }

var errNoCores = errors.New("the system lists no CPU")

func (p *cpuProbe) read(ctx context.Context) (any, error) {
	now, err := cpu.TimesWithContext(ctx, true)
	if err != nil {
		return nil, err
	}
	if len(now) == 0 {
		return nil, errNoCores
	}
	reading := CPU{Cores: make([]float64, len(now))}
	for i := range now {
		var before cpu.TimesStat // a core that has just come: its mean since boot
		if len(p.last) == len(now) {
			before = p.last[i]
		}
		reading.Cores[i] = busy(before, now[i])
		reading.Total += reading.Cores[i] / float64(len(now))
	}
	reading.Total = round(reading.Total, 10)
	p.last = now
	return reading, nil
}

// busy is in percent. Linux counts guest time in user time, so that adding it
// would count it twice.
func busy(a, b cpu.TimesStat) float64 {
	work := func(t cpu.TimesStat) float64 { return t.User + t.Nice + t.System + t.Irq + t.Softirq + t.Steal }
	rest := func(t cpu.TimesStat) float64 { return t.Idle + t.Iowait }
	done := work(b) - work(a)
	all := done + rest(b) - rest(a)
	if done <= 0 || all <= 0 {
		return 0
	}
	return round(min(100, 100*done/all), 10)
}

func readMemory(ctx context.Context) (any, error) {
	m, err := mem.VirtualMemoryWithContext(ctx)
	if err != nil {
		return nil, err
	}
	reading := Memory{Total: m.Total, Used: m.Total - min(m.Available, m.Total), Available: m.Available}
	if swap, err := mem.SwapMemoryWithContext(ctx); err == nil { // many machines have none
		reading.SwapTotal, reading.SwapUsed = swap.Total, swap.Used
	}
	return reading, nil
}

func readLoad(ctx context.Context) (any, error) {
	l, err := load.AvgWithContext(ctx)
	if err != nil {
		return nil, err
	}
	return Load{l.Load1, l.Load5, l.Load15}, nil
}

// round keeps 1/parts: readings are read by people and sent often.
func round(x, parts float64) float64 { return math.Round(x*parts) / parts }
