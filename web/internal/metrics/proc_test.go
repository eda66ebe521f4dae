//go:build linux

package metrics

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/shirou/gopsutil/v4/common"
)

// proc is a /proc with these files in the place of the machine's own.
func proc(t *testing.T, files map[string]string) context.Context {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return context.WithValue(t.Context(), common.EnvKey, common.EnvMap{common.HostProcEnvKey: dir})
}

// The columns of a core are user, nice, system, idle, iowait, irq, softirq, steal,
// guest and guest nice, in hundredths of a second.
const (
	stat = `cpu  0 0 0 0 0 0 0 0 0 0
cpu0 100 0 100 800 0 0 0 0 0 0
cpu1 100 0 100 800 0 0 0 0 0 0
`
	laterStat = `cpu  0 0 0 0 0 0 0 0 0 0
cpu0 110 10 110 840 10 10 10 0 0 0
cpu1 100 0 100 880 0 0 0 20 0 0
`
	threeCores = `cpu  0 0 0 0 0 0 0 0 0 0
cpu0 100 0 0 900 0 0 0 0 0 0
cpu1 100 0 0 900 0 0 0 0 0 0
cpu2 150 0 0 850 0 0 0 0 0 0
`
	oneCore = `cpu  0 0 0 0 0 0 0 0 0 0
cpu0 300 0 100 600 0 0 0 0 0 0
`
)

func TestCPUSinceTheReadingBefore(t *testing.T) {
	probe := Probes()[0]
	for _, step := range []struct {
		name, stat string
		want       CPU
	}{
		{"the first reading is the mean since boot", stat, CPU{20, []float64{20, 20}}},
		{"later", laterStat, CPU{35, []float64{50, 20}}},
		{"a core has come: the mean since boot, to one place after the point", threeCores, CPU{11.7, []float64{10, 10, 15}}},
		{"two are gone", oneCore, CPU{40, []float64{40}}},
		{"no time has passed", oneCore, CPU{0, []float64{0}}},
	} {
		got, err := probe.Read(proc(t, map[string]string{"stat": step.stat}))
		if err != nil || !reflect.DeepEqual(got, step.want) {
			t.Errorf("%s: %v %v; want %v", step.name, got, err, step.want)
		}
	}
	if _, err := probe.Read(proc(t, map[string]string{"stat": "cpu  0 0 0 0\n"})); err != errNoCores {
		t.Errorf("a machine without cores: %v", err)
	}
	if _, err := probe.Read(proc(t, nil)); err == nil {
		t.Error("a file that is missing is no error")
	}
}

func TestMemoryInBytes(t *testing.T) {
	got, err := readMemory(proc(t, map[string]string{"meminfo": "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 400 kB\n"}))
	if err != nil {
		t.Fatal(err)
	}
	m := got.(Memory)
	m.SwapTotal, m.SwapUsed = 0, 0 // they are the machine's own: a system call tells them
	if want := (Memory{Total: 1000 << 10, Used: 600 << 10, Available: 400 << 10}); m != want {
		t.Errorf("%+v; want %+v", m, want)
	}
	if _, err := readMemory(proc(t, nil)); err == nil {
		t.Error("a file that is missing is no error")
	}
}

func TestLoad(t *testing.T) {
	got, err := readLoad(proc(t, map[string]string{"loadavg": "0.25 1.50 3.75 1/100 4242\n"}))
	if want := (Load{0.25, 1.5, 3.75}); err != nil || got != want {
		t.Errorf("%v %v; want %v", got, err, want)
	}
}

func TestCountersOfDevices(t *testing.T) {
	const head = "Inter-|   Receive                                                |  Transmit\n" +
		" face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n"
	nets, err := countNet(proc(t, map[string]string{"net/dev": head +
		"    lo: 9 1 0 0 0 0 0 0 9 1 0 0 0 0 0 0\n" +
		"  eth0: 700 7 0 0 0 0 0 0 300 3 0 0 0 0 0 0\n"}))
	if want := (counters{"eth0": {700, 300}}); err != nil || !reflect.DeepEqual(nets, want) {
		t.Errorf("networks: %v %v; want %v", nets, err, want)
	}
	// A sector has 512 bytes.
	disks, err := countDisk(proc(t, map[string]string{"diskstats": "   8 0 sda 1 0 10 0 2 0 20 0 0 0 0\n   8 1 sda1 1 0 10 0 2 0 20 0 0 0 0\n"}))
	if want := (counters{"sda": {5120, 10240}}); err != nil || !reflect.DeepEqual(disks, want) {
		t.Errorf("disks: %v %v; want %v", disks, err, want)
	}
	for name, count := range map[string]func(context.Context) (counters, error){"networks": countNet, "disks": countDisk} {
		if _, err := count(proc(t, nil)); err == nil {
			t.Errorf("%s: a file that is missing is no error", name)
		}
	}
}

func TestHowOftenEachIsRead(t *testing.T) {
	every := map[string]time.Duration{}
	for _, p := range Probes() {
		every[p.Topic] = p.Every
	}
	want := map[string]time.Duration{"cpu": 250 * time.Millisecond, "net": 500 * time.Millisecond, "mem": time.Second, "load": time.Second, "disk": time.Second}
	if !reflect.DeepEqual(every, want) {
		t.Errorf("%v; want %v", every, want)
	}
}
