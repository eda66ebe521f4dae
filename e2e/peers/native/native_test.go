package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"
)

// TestMain also runs as the child of a trial.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "-child" {
		main()
		return
	}
	steady, replay, refusal = 0, 500*time.Millisecond, 3*time.Second
	os.Exit(m.Run())
}

func faultNamed(t *testing.T, name string) fault {
	for _, f := range faults {
		if f.name == name {
			return f
		}
	}
	t.Fatalf("there is no fault %q", name)
	return fault{}
}

// Each client gets events, notices a reset, and is back.
func TestReset(t *testing.T) {
	for _, c := range clients {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, err := try(c, faultNamed(t, "reset"), time.Minute)
			if err != nil || r.back < 0 || r.noticed < 0 || len(r.told) == 0 {
				t.Errorf("%+v, %v", r, err)
			}
			if c.name == "wakesocket" && (r.lost > 0 || r.twice > 0) {
				t.Errorf("%d events are lost, %d came twice", r.lost, r.twice)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	r, err := try(clients[0], faultNamed(t, "401"), time.Minute)
	if err != nil || !r.refused || len(r.told) == 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestRecord(t *testing.T) {
	start := time.Unix(100, 0)
	began, over := start.Add(10*time.Second), start.Add(12*time.Second)
	var r record
	add := func(seconds float64, l line) {
		r.lines = append(r.lines, timed{l, start.Add(time.Duration(seconds * float64(time.Second)))})
	}
	add(1, line{Told: "connected"})
	add(2, line{N: 3})
	add(3, line{N: 4})
	first := r.len()
	if s := r.sum(first, began, over); s.back != -1 || s.noticed != -1 || s.String() != "never | never | all | 0 | nothing" {
		t.Errorf("nothing happened: %v", s)
	}
	add(9, line{Told: "before"})
	add(11, line{Told: "a|b"})
	add(12.04, line{N: 5}) // from a buffer
	add(13, line{Told: "a|b"})
	add(14, line{N: 4})
	add(15, line{N: 8})
	if got, want := r.sum(first, began, over).String(), "0.00 | 2.00 | 2 | 1 | a/b"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := r.count(); got != 5 {
		t.Errorf("%d events", got)
	}
	refused := record{lines: []timed{{line{Told: "connecting"}, start}, {line{Told: "no"}, over}}}
	if got, want := refused.sumRefused(start).String(), "12.00 | – | – | – | no"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// BenchmarkFollow is a stream of events of 100 bytes, from the server to the program.
// The server's part is in it.
//
//	go test -run '^$' -bench Follow -benchmem ./native
func BenchmarkFollow(b *testing.B) {
	for _, c := range clients {
		b.Run(c.name, func(b *testing.B) {
			backend, err := c.serve()
			if err != nil {
				b.Fatal(err)
			}
			defer backend.close()
			var got atomic.Int64
			ready, all := make(chan struct{}, 1), make(chan struct{})
			p := &program{told: func(string) {}, event: func(data []byte) {
				if !bytes.Contains(data, []byte("text")) {
					select {
					case ready <- struct{}{}:
					default:
					}
				} else if got.Add(1) == int64(b.N) {
					close(all)
				}
			}}
			go c.follow(c.url(backend.address), p) // until the benchmark's process ends
			if err := backend.until(ready); err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			for n := range b.N {
				for int64(n)-got.Load() > 1000 { // logs keep some thousand events
					time.Sleep(50 * time.Microsecond)
				}
				if err := backend.publish(fmt.Appendf(nil, `{"n":%d,"text":"%080d"}`, n, n)); err != nil {
					b.Fatal(err)
				}
			}
			select {
			case <-all:
			case <-time.After(time.Minute):
				b.Fatalf("%d of %d events came", got.Load(), b.N)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// until publishes until the first event has come.
func (b *backend) until(ready <-chan struct{}) error {
	for range 200 {
		if err := b.publish([]byte(`{"n":1}`)); err != nil {
			return err
		}
		select {
		case <-ready:
			return nil
		case <-time.After(100 * time.Millisecond):
		}
	}
	return errors.New("the client receives nothing")
}
