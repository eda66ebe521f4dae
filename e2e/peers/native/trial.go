package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/wakesocket/wakesocket/e2e/faultproxy"
)

// pace is the time between the events.
const pace = 100 * time.Millisecond

// Times of a trial; the tests have shorter ones.
var (
	steady  = 6 * time.Second // after which a connection counts as good
	replay  = 5 * time.Second // for what a client fetches when it is back
	refusal = 8 * time.Second // for which a client is watched that cannot connect
)

// trial is one client in one fault.
type trial struct {
	client client
	url    string
	dir    string // of the position
	proxy  *faultproxy.Proxy
	host   *host // nil for this one
	child  *os.Process

	record record
}

func try(c client, f fault, limit time.Duration) (result, error) {
	dir, err := os.MkdirTemp("", "peer")
	if err != nil {
		return result{}, err
	}
	defer os.RemoveAll(dir)
	t := &trial{client: c, dir: dir}
	defer t.kill()
	if f.refuse != nil {
		return t.refused(f)
	}
	b, err := c.serve()
	if err != nil {
		return result{}, err
	}
	defer b.close()
	listen := "127.0.0.1:0"
	if f.moves {
		if t.host, err = newHost(); err != nil {
			return result{}, err
		}
		defer t.host.remove()
		listen = t.host.subnet + ".1:0"
	}
	if t.proxy, err = faultproxy.ListenOn(listen, b.address); err != nil {
		return result{}, err
	}
	defer t.proxy.Close()
	t.proxy.Eager() // NATS servers speak first
	t.url = c.url(t.proxy.Addr())
	if err := t.start(); err != nil {
		return result{}, err
	}
	defer b.speak()()
	return t.run(f, limit)
}

// run does it to a client that receives events.
func (t *trial) run(f fault, limit time.Duration) (result, error) {
	if !t.await(20*time.Second, func() bool { return t.record.count() >= 20 }) {
		return result{}, errors.New("the client received nothing before the fault")
	}
	<-time.After(steady)
	first, began := t.record.len(), time.Now()
	if err := f.happen(t); err != nil {
		return result{}, err
	}
	over := time.Now()
	if t.await(limit, func() bool { return t.record.back(first, over) != nil }) {
		<-time.After(replay)
	}
	return t.record.sum(first, began, over), nil
}

// refused watches a client that cannot connect.
func (t *trial) refused(f fault) (result, error) {
	url, stop, err := f.refuse(t.client)
	if err != nil {
		return result{}, err
	}
	defer stop()
	t.url = url
	began := time.Now()
	if err := t.start(); err != nil {
		return result{}, err
	}
	<-time.After(refusal)
	return t.record.sumRefused(began), nil
}

// start starts the child.
func (t *trial) start() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	args := []string{self, "-child", t.client.name, "-url", t.url, "-state", t.dir}
	if t.host != nil {
		args = append([]string{"ip", "netns", "exec", t.host.name}, args...)
	}
	cmd := exec.Command(args[0], args[1:]...)
	out, in := io.Pipe()
	cmd.Stdout, cmd.Stderr = in, in // a program says on stderr why it ends
	if err := cmd.Start(); err != nil {
		return err
	}
	t.child = cmd.Process
	go func() {
		in.CloseWithError(cmp.Or(cmd.Wait(), io.EOF))
	}()
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var l line
			if json.Unmarshal(lines.Bytes(), &l) != nil {
				l = line{Told: lines.Text()}
			}
			t.record.add(l)
		}
	}()
	return nil
}

func (t *trial) kill() {
	if t.child != nil {
		_ = t.child.Kill()
	}
}

// await polls, since a child is a process of its own.
func (t *trial) await(limit time.Duration, ok func() bool) bool {
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if ok() {
			return true
		}
	}
	return false
}

// speak publishes numbered events until it is stopped.
func (b *backend) speak() (stop func()) {
	done := make(chan struct{})
	var speaking sync.WaitGroup
	speaking.Go(func() {
		tick := time.NewTicker(pace)
		defer tick.Stop()
		for n := 1; ; n++ {
			select {
			case <-tick.C:
				_ = b.publish(fmt.Appendf(nil, `{"n":%d}`, n))
			case <-done:
				return
			}
		}
	})
	return func() {
		close(done)
		speaking.Wait()
	}
}

// result is a row of the table; negative times are never.
type result struct {
	noticed, back time.Duration
	lost, twice   int
	refused       bool // there was nothing to come back to
	told          []string
}

func (r result) String() string {
	told := strings.ReplaceAll(cmp.Or(strings.Join(r.told, "; "), "nothing"), "|", "/")
	switch {
	case r.refused:
		return fmt.Sprintf("%s | – | – | – | %s", seconds(r.noticed), told)
	case r.back < 0:
		return fmt.Sprintf("%s | never | all | 0 | %s", seconds(r.noticed), told)
	}
	return fmt.Sprintf("%s | %s | %d | %d | %s", seconds(r.noticed), seconds(r.back), r.lost, r.twice, told)
}

func seconds(d time.Duration) string {
	if d < 0 {
		return "never"
	}
	return fmt.Sprintf("%.2f", d.Seconds())
}
