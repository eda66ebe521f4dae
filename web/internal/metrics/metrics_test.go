package metrics

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"
)

func TestEveryProbeReadsThisMachine(t *testing.T) {
	fields := map[string][]string{
		"cpu":  {"cores", "total"},
		"mem":  {"available", "swapTotal", "swapUsed", "total", "used"},
		"load": {"fifteen", "five", "one"},
		"net":  {"in", "names", "out"},
		"disk": {"names", "read", "write"},
	}
	for _, p := range Probes() {
		t.Run(p.Topic, func(t *testing.T) {
			for range 2 {
				reading, err := p.Read(t.Context())
				if errors.Is(err, errNoDevice) {
					t.Logf("this machine has no %s", p.Topic)
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				text, err := json.Marshal(reading)
				if err != nil {
					t.Fatal(err)
				}
				var got map[string]any
				if err := json.Unmarshal(text, &got); err != nil {
					t.Fatal(err)
				}
				if keys := slices.Sorted(maps.Keys(got)); !slices.Equal(keys, fields[p.Topic]) {
					t.Fatalf("fields %v, want %v", keys, fields[p.Topic])
				}
			}
			if p.Every < 100*time.Millisecond || p.Every > time.Second {
				t.Errorf("every %v", p.Every)
			}
		})
	}
}

func TestCPUIsAPercentage(t *testing.T) {
	p := &cpuProbe{}
	for range 3 {
		reading, err := p.read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range append(reading.(CPU).Cores, reading.(CPU).Total) {
			if x < 0 || x > 100 {
				t.Fatalf("reading %+v", reading)
			}
		}
	}
}

func TestBusy(t *testing.T) {
	idle := cpu.TimesStat{Idle: 10}
	for _, c := range []struct {
		name string
		a, b cpu.TimesStat
		want float64
	}{
		{"half", idle, cpu.TimesStat{Idle: 11, User: 1}, 50},
		{"guest is inside user", idle, cpu.TimesStat{Idle: 11, User: 1, Guest: 1}, 50},
		{"waiting for a disk is not work", idle, cpu.TimesStat{Idle: 10, Iowait: 1}, 0},
		{"a third, to one place after the point", idle, cpu.TimesStat{Idle: 12, User: 1}, 33.3},
		{"nothing but work", idle, cpu.TimesStat{Idle: 10, User: 1}, 100},
		{"more work than time: a counter of rest fell", idle, cpu.TimesStat{Idle: 9, User: 3}, 100},
		{"as much work as rest fell", idle, cpu.TimesStat{Idle: 9, User: 1}, 0},
		{"no time passed", idle, idle, 0},
		{"a counter fell", cpu.TimesStat{User: 9, Idle: 9}, cpu.TimesStat{User: 8, Idle: 10}, 0},
	} {
		if got := busy(c.a, c.b); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestRates(t *testing.T) {
	now := time.Unix(1000, 0)
	var totals counters
	p := &rateProbe{count: func(context.Context) (counters, error) { return totals, nil }}
	for _, step := range []struct {
		name   string
		totals counters
		a, b   float64
	}{
		{"first reading", counters{"eth0": {1000, 500}}, 0, 0},
		{"half a second later", counters{"eth0": {1100, 510}}, 200, 20},
		{"a new device has no past", counters{"eth0": {1100, 510}, "eth1": {9999, 9999}}, 0, 0},
		{"both count", counters{"eth0": {1101, 511}, "eth1": {10000, 10000}}, 4, 4},
		{"a counter that fell", counters{"eth0": {5, 600}, "eth1": {10000, 10000}}, 0, 178},
		{"whole bytes", counters{"eth0": {6, 600}, "eth1": {10000, 10000}}, 2, 0},
	} {
		totals = step.totals
		now = now.Add(500 * time.Millisecond)
		a, b, names, err := p.rates(t.Context(), func() time.Time { return now })
		if err != nil || a != step.a || b != step.b || len(names) != len(totals) {
			t.Errorf("%s: %v %v %v %v, want %v %v", step.name, a, b, names, err, step.a, step.b)
		}
	}
	totals = counters{"eth0": {7, 611}}
	now = now.Add(400 * time.Millisecond) // 2.5 and 27.5 bytes a second
	if a, b, _, _ := p.rates(t.Context(), func() time.Time { return now }); a != 3 || b != 28 {
		t.Errorf("bytes a second %v and %v; want 3 and 28", a, b)
	}
	totals = counters{"eth0": {9, 700}}
	if a, b, _, _ := p.rates(t.Context(), func() time.Time { return now }); a != 0 || b != 0 {
		t.Errorf("%v and %v bytes a second although no time has passed", a, b)
	}
	totals = counters{}
	if _, err := p.net(t.Context()); !errors.Is(err, errNoDevice) {
		t.Errorf("no device: %v", err)
	}
	broken := errors.New("no")
	p.count = func(context.Context) (counters, error) { return nil, broken }
	if _, err := p.disk(t.Context()); !errors.Is(err, broken) {
		t.Errorf("an error got lost: %v", err)
	}
}

func TestWhichDevicesCount(t *testing.T) {
	for _, c := range []struct {
		pick      func(counters) counters
		all, want []string
	}{
		{realDisks, []string{"sda", "sda1", "sda2", "loop0", "dm-0", "zram0"}, []string{"sda"}},
		{realDisks, []string{"nvme0n1", "nvme0n1p1", "nvme1n1", "md127"}, []string{"nvme0n1", "nvme1n1"}},
		{realDisks, []string{"vda1"}, []string{"vda1"}},
		{realDisks, []string{"mmcblk0", "mmcblk0p1"}, []string{"mmcblk0"}},
		{realDisks, []string{"loop0"}, []string{"loop0"}},
		{realDisks, []string{"C:", "D:"}, []string{"C:", "D:"}},
		{realNets, []string{"lo", "eth0", "veth12", "docker0", "wlan0"}, []string{"eth0", "wlan0"}},
		{realNets, []string{"lo"}, []string{"lo"}},
	} {
		all := counters{}
		for _, name := range c.all {
			all[name] = [2]uint64{}
		}
		if got := slices.Sorted(maps.Keys(c.pick(all))); !slices.Equal(got, c.want) {
			t.Errorf("of %v: %v, want %v", c.all, got, c.want)
		}
	}
}
