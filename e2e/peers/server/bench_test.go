//go:build unix

package server

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"syscall"
	"testing"
	"time"
)

// BenchmarkIdleMemory is what a connected client costs the server in Go's heap and
// stacks, before and after it has been sent something.
func BenchmarkIdleMemory(b *testing.B) {
	const clients = 4000
	each(b, func(b *testing.B, s server) {
		for b.Loop() {
			before := inUse()
			o := s.order(false)
			o.Clients = clients
			swarm := o.start(b)
			swarm.await("connected")
			idle := inUse()
			publish(b, s, event(0, marker+" "+marker))
			swarm.await("done")
			after := inUse()
			swarm.leave()
			b.ReportMetric(float64(idle-before)/clients/1000, "kB/conn")
			b.ReportMetric(float64(after-before)/clients/1000, "kB/conn-after-a-broadcast")
			gone(s)
		}
		b.ReportMetric(0, "ns/op")
	})
}

// inUse is what is in use once everything that can be freed is.
func inUse() int64 {
	for range 3 {
		runtime.GC()
	}
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

// BenchmarkFanout publishes as fast as the server accepts it and waits until every
// client has everything.
func BenchmarkFanout(b *testing.B) {
	for _, clients := range []int{1000, 4000} {
		b.Run(fmt.Sprint(clients), func(b *testing.B) {
			each(b, func(b *testing.B, s server) {
				events := 2_000_000 / clients
				for b.Loop() {
					o := s.order(false)
					o.Clients = clients
					swarm := o.start(b)
					swarm.await("connected")
					cpu, begin := processor(), time.Now()
					for n := range events - 1 {
						publish(b, s, event(n, ""))
					}
					publish(b, s, event(events, marker+" "+marker))
					swarm.await("done")
					deliveries := float64(clients * events)
					b.ReportMetric(deliveries/time.Since(begin).Seconds(), "deliveries/s")
					b.ReportMetric(float64((processor()-cpu).Nanoseconds())/deliveries, "cpu-ns/delivery")
					swarm.leave()
					gone(s)
				}
				b.ReportMetric(0, "ns/op")
			})
		})
	}
}

// BenchmarkPaced publishes one event at a time, as a dashboard's server does: the
// next when everybody has had the last. Nobody is behind, so nothing is batched.
func BenchmarkPaced(b *testing.B) {
	const clients, rate, seconds = 1000, 100, 5
	each(b, func(b *testing.B, s server) {
		for b.Loop() {
			o := s.order(false)
			o.Clients = clients
			swarm := o.start(b)
			swarm.await("connected")
			cpu := processor()
			tick := time.NewTicker(time.Second / rate)
			for n := range rate*seconds - 1 {
				<-tick.C
				publish(b, s, event(n, ""))
			}
			tick.Stop()
			publish(b, s, event(0, marker+" "+marker))
			swarm.await("done")
			b.ReportMetric(float64((processor()-cpu).Nanoseconds())/(clients*rate*seconds), "cpu-ns/delivery")
			swarm.leave()
			gone(s)
		}
		b.ReportMetric(0, "ns/op")
	})
}

// BenchmarkResume is 1,000 clients that come back at once, each having missed 1,000
// events; the handshakes are in it.
func BenchmarkResume(b *testing.B) {
	const clients, missed = 1000, 1000
	each(b, func(b *testing.B, s server) {
		for n := range missed {
			publish(b, s, event(n, ""))
		}
		publish(b, s, event(0, marker+" "+marker))
		for b.Loop() {
			o := s.order(true)
			o.Clients = clients
			begin := time.Now()
			swarm := o.start(b)
			swarm.await("connected")
			swarm.await("done")
			took := time.Since(begin)
			b.ReportMetric(took.Seconds(), "s")
			b.ReportMetric(clients*missed/took.Seconds(), "deliveries/s")
			swarm.leave()
			gone(s)
		}
		b.ReportMetric(0, "ns/op")
	})
}

func publish(b *testing.B, s server, data []byte) {
	if err := s.publish(data); err != nil {
		b.Fatal(err)
	}
}

// gone waits until the server has let all clients go.
func gone(s interface{ count() int }) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for s.count() > 0 && ctx.Err() == nil {
		<-tick.C
	}
}

// processor is the time that this process has computed.
func processor() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
