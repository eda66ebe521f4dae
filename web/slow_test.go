package main

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"
)

func slowPipe() (slow *slowConn, page net.Conn) {
	server, page := net.Pipe()
	return &slowConn{Conn: server, limit: rate.NewLimiter(10_000, packet)}, page
}

func TestASlowLinkTakesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow, page := slowPipe()
		got := make(chan int64)
		go func() {
			n, _ := io.Copy(io.Discard, page)
			got <- n
		}()
		began := time.Now()
		if n, err := slow.Write(make([]byte, 20_500)); n != 20_500 || err != nil {
			t.Fatalf("%d bytes written, %v", n, err)
		}
		// The first packet goes out at once.
		if took := time.Since(began); took < 1900*time.Millisecond || took > 2*time.Second {
			t.Errorf("20.5 kB at 10 kB/s took %v", took)
		}
		slow.Close()
		if n := <-got; n != 20_500 {
			t.Errorf("%d bytes arrived", n)
		}
	})
}

func TestASlowLinkKeepsDeadlines(t *testing.T) {
	for name, set := range map[string]func(*slowConn, time.Time) error{
		"write": (*slowConn).SetWriteDeadline, "both": (*slowConn).SetDeadline,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				slow, page := slowPipe()
				go func() { _, _ = io.Copy(io.Discard, page) }()
				if err := set(slow, time.Now().Add(time.Second)); err != nil {
					t.Fatal(err)
				}
				n, err := slow.Write(make([]byte, 100_000))
				if !errors.Is(err, os.ErrDeadlineExceeded) || n < 9000 || n > 11_000 {
					t.Errorf("%d bytes written, %v", n, err)
				}
				if err := set(slow, time.Time{}); err != nil {
					t.Fatal(err)
				}
				if n, err := slow.Write(make([]byte, 3000)); n != 3000 || err != nil {
					t.Errorf("without a deadline: %d bytes written, %v", n, err)
				}
				slow.Close()
			})
		})
	}
}
