package metrics

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/disk"
	"github.com/shirou/gopsutil/v4/net"
)

// counters are totals since boot, by device.
type counters map[string][2]uint64

// rateProbe turns counters into rates a second.
type rateProbe struct {
	count func(context.Context) (counters, error)
	last  counters
	at    time.Time
}

func (p *rateProbe) net(ctx context.Context) (any, error) {
	in, out, names, err := p.rates(ctx, time.Now)
	return Net{in, out, names}, err
}

func (p *rateProbe) disk(ctx context.Context) (any, error) {
	read, write, names, err := p.rates(ctx, time.Now)
	return Disk{read, write, names}, err
}

var errNoDevice = errors.New("the system lists no such device")

// rates sums over the devices. The first reading is 0: there is nothing to
// compare with. A counter that fell (a device that was replaced) counts as 0.
func (p *rateProbe) rates(ctx context.Context, clock func() time.Time) (a, b float64, names []string, err error) {
	now, err := p.count(ctx)
	if err == nil && len(now) == 0 {
		err = errNoDevice
	}
	if err != nil {
		return 0, 0, nil, err
	}
	at := clock()
	passed := at.Sub(p.at).Seconds()
	for name, totals := range now {
		names = append(names, name)
		before, known := p.last[name]
		if !known || passed <= 0 {
			continue
		}
		a += rate(before[0], totals[0], passed)
		b += rate(before[1], totals[1], passed)
	}
	slices.Sort(names)
	p.last, p.at = now, at
	return round(a, 1), round(b, 1), names, nil
}

func rate(before, now uint64, seconds float64) float64 {
	if now < before {
		return 0
	}
	return float64(now-before) / seconds
}

func countNet(ctx context.Context) (counters, error) {
	stats, err := net.IOCountersWithContext(ctx, true)
	if err != nil {
		return nil, err
	}
	all := counters{}
	for _, s := range stats {
		all[s.Name] = [2]uint64{s.BytesRecv, s.BytesSent}
	}
	return realNets(all), nil
}

// virtualNets carry what a real interface carries too, or nothing but this
// machine's talk with itself.
var virtualNets = []string{"lo", "veth", "docker", "br-", "virbr", "cni", "flannel", "cali", "ifb", "dummy", "utun", "awdl", "llw"}

// realNets leaves out virtual interfaces, unless there are no others.
func realNets(all counters) counters {
	return someOf(all, func(name string) bool {
		return !slices.ContainsFunc(virtualNets, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
	})
}

func countDisk(ctx context.Context) (counters, error) {
	stats, err := disk.IOCountersWithContext(ctx)
	if err != nil {
		return nil, err
	}
	all := counters{}
	for name, s := range stats {
		all[name] = [2]uint64{s.ReadBytes, s.WriteBytes}
	}
	return realDisks(all), nil
}

var virtualDisks = []string{"loop", "ram", "zram", "dm-", "md", "sr", "fd"}

// realDisks leaves out what is stacked on other disks and the partitions of a
// disk that is listed itself, so that no byte counts twice.
func realDisks(all counters) counters {
	return someOf(all, func(name string) bool {
		if slices.ContainsFunc(virtualDisks, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
			return false
		}
		parent := strings.TrimRight(name, "0123456789")
		if _, listed := all[parent]; listed && parent != name { // sda1 of sda
			return false
		}
		parent, isPart := strings.CutSuffix(parent, "p") // nvme0n1p2 of nvme0n1
		_, listed := all[parent]
		return !isPart || !listed
	})
}

func someOf(all counters, keep func(string) bool) counters {
	some := counters{}
	for name, totals := range all {
		if keep(name) {
			some[name] = totals
		}
	}
	if len(some) == 0 {
		return all
	}
	return some
}
