// Command newest measures a page that watches 5,000 values, each of which changes twice a second, over a
// link of 20 kB/s that loses 5 % of the packets: how old a value is when it arrives, how many bytes that
// takes, and how long a ping waits for its pong. It needs root, since the link is between two networks of its
// own.
//
//	go -C e2e/peers run ./newest
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/wakesocket/wakesocket/e2e/badlink"
)

const (
	topics    = 5000
	perSecond = 2 // events of each
)

func main() {
	lasts := flag.Duration("for", 30*time.Second, "how long each is measured")
	only := flag.String("only", "", "measure the ways with this in their name")
	flag.Parse()
	page, server, cable, err := link()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("| %d values, %d changes a second each, %v | values a second | topics seen | kB/s | age when it arrives, ms: median, 99 %%, most | within 1 s | ping, ms: median, most | server's memory, MB: after a third, at the end | reconnects |\n", topics, perSecond, *lasts)
	fmt.Println("|---|---|---|---|---|---|---|---|---|")
	for _, w := range ways {
		if !strings.Contains(w.name, *only) {
			continue
		}
		r, err := measure(w, page, server, cable, *lasts)
		if err != nil {
			log.Fatalf("%s: %v", w.name, err)
		}
		fmt.Println(r.row(w, *lasts))
	}
}

// result is what one page saw.
type result struct {
	ages, pings []time.Duration
	seen        map[string]bool
	bytes       int
	memory      [2]uint64
	dials       int
	lastID      string
}

func measure(w way, page, server *badlink.Host, cable *badlink.Cable, lasts time.Duration) (*result, error) {
	hub, err := w.open()
	if err != nil {
		return nil, err
	}
	defer hub.close()
	var listener net.Listener
	if err := server.Do(func() (err error) { listener, err = net.Listen("tcp", serverIP+":0"); return err }); err != nil {
		return nil, err
	}
	go http.Serve(listener, hub)
	defer listener.Close()
	ctx, stop := context.WithTimeout(context.Background(), lasts)
	defer stop()
	failed := make(chan error, 1)
	go func() { failed <- publish(ctx, hub) }()
	r := &result{seen: map[string]bool{}}
	time.AfterFunc(lasts/3, func() { r.memory[0] = heap() })
	before := cable.Down.Counts()
	watcher{w, page, listener.Addr().String(), r}.run(ctx)
	r.memory[1] = heap()
	r.bytes = cable.Down.Counts().Bytes - before.Bytes
	return r, <-failed
}

// publish changes every value perSecond times a second, evenly.
func publish(ctx context.Context, hub hub) error {
	const tick = 10 * time.Millisecond
	each := topics * perSecond / int(time.Second/tick)
	n := 0
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
		for range each {
			if err := hub.publish(topicName(n%topics), fmt.Appendf(nil, `{"t":%d,"price":%d.5}`, time.Now().UnixMicro(), 1000+n%977)); err != nil {
				return err
			}
			n++
		}
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}

func (r *result) row(w way, lasts time.Duration) string {
	ms := func(d time.Duration) int64 { return d.Milliseconds() }
	slices.Sort(r.ages)
	slices.Sort(r.pings)
	at := func(list []time.Duration, share float64) int64 {
		if len(list) == 0 {
			return -1
		}
		return ms(list[int(share*float64(len(list)-1))])
	}
	pings := "–"
	if w.asks {
		pings = fmt.Sprintf("%d, %d", at(r.pings, 0.5), at(r.pings, 1))
	}
	soon, _ := slices.BinarySearch(r.ages, time.Second)
	return fmt.Sprintf("| %s | %.0f | %d | %.1f | %d, %d, %d | %.1f %% | %s | %.0f, %.0f | %d |", w.name, float64(len(r.ages))/lasts.Seconds(), len(r.seen),
		float64(r.bytes)/1e3/lasts.Seconds(), at(r.ages, 0.5), at(r.ages, 0.99), at(r.ages, 1), 100*float64(soon)/float64(max(1, len(r.ages))), pings, float64(r.memory[0])/1e6, float64(r.memory[1])/1e6, max(0, r.dials-1))
}
