package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/e2e/faultproxy"
	"github.com/wakesocket/wakesocket/e2e/internal/figures"
	"github.com/wakesocket/wakesocket/e2e/internal/logs"
	"github.com/wakesocket/wakesocket/e2e/levers"
	"github.com/wakesocket/wakesocket/web/feed"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

// A server is killed as the kernel kills, and another process takes its port. The
// log outlives it in a real Redis or PostgreSQL, or dies with it.
func TestCrash(t *testing.T) {
	t.Parallel()
	startBrowser(t)
	program := filepath.Join(t.TempDir(), "server")
	if out, err := exec.Command("go", "build", "-o", program, "./testdata/server").CombinedOutput(); err != nil {
		t.Fatalf("the server is not built: %v\n%s", err, out)
	}
	together(t, map[string]func(*testing.T){
		"with the log in Redis":      func(t *testing.T) { crash(t, "Redis", newServer(t, program, redisURL(t))) },
		"with the log in PostgreSQL": func(t *testing.T) { crash(t, "PostgreSQL", newServer(t, program, postgresURL(t))) },
		"with the log in memory":     func(t *testing.T) { crashInMemory(t, newServer(t, program, "memory")) },
		"again and again":            func(t *testing.T) { crashAgain(t, newServer(t, program, redisURL(t))) },
		"in the middle of a replay":  func(t *testing.T) { crashInReplay(t, newServer(t, program, redisURL(t))) },
	})
}

// crash is what a page lives through that has been live for long.
func crash(t *testing.T, where string, srv *server) {
	s := srv.site(srv.address)
	s.share(srv.log)
	w := enter(t, startBrowser(t), s, busy, nil)
	<-time.After(minUptime)
	mark, killed := w.mark(), srv.kill()
	w.dialed(1, 10*time.Second) // in vain
	w.badge("reconnecting", soon)
	<-time.After(time.Until(killed.Add(3 * time.Second)))
	listens := srv.start()
	w.healed(30 * time.Second)
	w.saw(mark, []string{"reconnecting"})
	w.revived("it is killed and back after 3 s, log in "+where, mark, killed, killed, listens)
}

// backoffFigure is what nine of ten clients keep to that have tried in vain for 3 s:
// at once, then after up to 1, 2, 4… s at random, but never twice as long as the
// outage. Half of them need 1.3 s.
const backoffFigure = 3500 * time.Millisecond

// revived reports the notice since the kill, and the rest since another process
// listens, for until then no dial can help. It asserts that the dial came when the
// page was told that it would, and within twice the time since the trouble began.
func (w *world) revived(name string, mark int, trouble, killed, listens time.Time) {
	w.t.Helper()
	r := result{Group: figures.Server, Scenario: name, Figure: backoffFigure.Seconds()}
	conns := w.proxy.Conns()
	dial := conns[len(conns)-1]
	w.tally(&r, mark, killed, dial)
	dead := listens.Sub(killed).Seconds()
	r.Dial, r.Live = max(0, r.Dial-dead), max(0, r.Live-dead)
	if outage := listens.Sub(trouble); r.Dial > (max(time.Second, 2*outage) + crowd).Seconds() {
		w.t.Errorf("dialed %.3f s after an outage of %v", r.Dial, outage)
	}
	promised := killed
	for _, one := range w.seen()[mark:] {
		if one.RetryAt > 0 && one.at.Before(dial.Accepted) {
			promised = time.UnixMilli(one.RetryAt)
		}
	}
	if late := dial.Accepted.Sub(promised); late > crowd {
		w.t.Errorf("dialed %v later than the page was told", late)
	}
	report(r)
}

// Where the log dies with the server, the page is told, and gets all of the new
// log.
func crashInMemory(t *testing.T, srv *server) {
	w := &world{site: srv.site(srv.address), t: t}
	w.tab = startBrowser(t).openTab(t, w.home+"/page.html", levers.PatchClock())
	w.run(`open(%s)`, w.url)
	w.awaitState(0, 10*time.Second, "live")
	srv.post(1)
	w.awaitEvent(1, soon)
	mark := w.mark()
	srv.kill()
	w.proxy.New(faultproxy.Refuse) // the page comes when the new log holds something
	srv.start()
	const first, held, last = 101, 120, 140
	var earliest string
	for n := first; n <= held; n++ {
		if id := srv.post(n); n == first {
			earliest = id
		}
	}
	w.serve()
	gap := w.await(mark, 15*time.Second, "a gap", func(r record) bool { return r.Kind == "gap" })
	if gap.Reason != "epoch" || gap.After == "" || gap.Earliest != earliest {
		t.Errorf("told %v; want a gap for another epoch that ends at %s", gap, earliest)
	}
	for n := held + 1; n <= last; n++ {
		srv.post(n)
	}
	w.awaitEvent(last, soon)
	w.settled("live", soon)
	w.badge("live", soon)
	w.saw(mark, []string{"reconnecting"})
	if err := w.single(); err != nil {
		t.Error(err)
	}
	var got []int
	gaps := 0
	for _, r := range w.seen()[mark:] {
		switch r.Kind {
		case "gap":
			if gaps++; len(got) > 0 {
				t.Error("the gap was reported after what follows it")
			}
		case "event":
			if r.N != first+len(got) {
				t.Errorf("event #%d came where #%d was due", r.N, first+len(got))
			}
			got = append(got, r.N)
		}
	}
	if gaps != 1 || len(got) != last-first+1 {
		t.Errorf("%d gaps and %d events; want 1 and %d", gaps, len(got), last-first+1)
	}
}

// A server that crashes at any moment, at times before its clients have come back.
func crashAgain(t *testing.T, srv *server) {
	s := srv.site(srv.address)
	s.share(srv.log)
	w := enter(t, startBrowser(t), s, busy, map[string]any{"minUptime": proven.Milliseconds()})
	for range 4 {
		w.busy()
	}
	seed := rand.Uint64()
	t.Log("seed", seed)
	moments := rand.New(rand.NewPCG(seed, 0))
	upTo := func(d time.Duration) { <-time.After(time.Duration(moments.Int64N(int64(d)))) }
	mark := w.mark()
	var first, killed, listens time.Time
	for n := range 5 {
		if killed = srv.kill(); n == 0 {
			first = killed
		}
		upTo(time.Second)
		listens = srv.start()
		upTo(3 * time.Second)
	}
	w.healed(30 * time.Second)
	w.saw(mark, []string{"reconnecting"})
	w.revived("it is killed 5 times at random moments", mark, first, first, listens)
}

// A replay that ends with the server's life goes on where it was.
func crashInReplay(t *testing.T, srv *server) {
	const events, size, pass = 800, 10 << 10, 1 << 20
	v := newValve(t, srv.address, pass)
	s := srv.site(v.address)
	s.share(srv.log)
	w := enter(t, startBrowser(t), s, idle, nil)
	first := srv.kill()
	w.dialed(1, 10*time.Second)
	for range events {
		s.publishPadded(size)
	}
	srv.start()
	select {
	case <-v.full:
	case <-time.After(30 * time.Second):
		t.Fatal("no replay of this size began")
	}
	conns := w.proxy.Conns()
	mark, killed := w.mark(), srv.kill()
	close(v.open)
	listens := srv.start()
	w.healed(30 * time.Second)
	w.saw(mark, []string{"reconnecting"})
	if _, down := conns[len(conns)-1].Carried(); down < pass || down > events*size {
		t.Errorf("%d bytes had left the server when it was killed; want a part of %d", down, events*size)
	}
	w.revived("it is killed in the middle of a replay of 8 MB", mark, first, killed, listens)
}

// server is a feed in a process of its own.
type server struct {
	testing.TB
	program string
	address string
	log     string // where it keeps events, as its flag names it
	journal *journal
	end     func() // of the process that runs
}

const token = "let-me-publish"

func newServer(t testing.TB, program, log string) *server {
	t.Helper()
	srv := &server{TB: t, program: program, address: freeAddress(t), log: log, journal: &journal{}}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("what the server logged:\n" + srv.journal.String())
		}
	})
	srv.start()
	return srv
}

// start runs it, and returns the moment since which it listens.
func (srv *server) start() time.Time {
	srv.Helper()
	cmd := exec.Command(srv.program, "-addr", srv.address, "-store", srv.log, "-token", token)
	said, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		srv.Fatal(err)
	}
	listens, ended := make(chan time.Time, 1), make(chan struct{})
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(said); lines.Scan(); {
			fmt.Fprintln(srv.journal, lines.Text())
			if strings.Contains(lines.Text(), "listening") {
				listens <- time.Now()
			}
		}
		cmd.Wait()
	}()
	srv.end = func() {
		cmd.Process.Kill()
		<-ended
	}
	srv.Cleanup(srv.end)

	select {
	case at := <-listens:
		return at
	case <-ended:
		srv.Fatal("the server ended instead of listening")
	case <-time.After(30 * time.Second):
		srv.Fatal("the server does not listen")
	}
	panic("unreachable")
}

// kill ends it with SIGKILL, waits until nothing of it is left, and returns the
// moment before.
func (srv *server) kill() time.Time {
	at := time.Now()
	srv.end()
	return at
}

// post publishes a numbered event by way of the server, which is the only one to
// reach a log in its memory.
func (srv *server) post(n int) (id string) {
	srv.Helper()
	req, _ := http.NewRequest("POST", "http://"+srv.address+"/publish?topic=test", strings.NewReader(fmt.Sprintf(`{"n":%d}`, n)))
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		srv.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct{ ID string }
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		srv.Fatalf("%s: %v", res.Status, err)
	}
	return answer.ID
}

// site is a page whose feed is at the address, which leads to the server.
func (srv *server) site(address string) *site {
	srv.Helper()
	requireDist(srv)
	s := &site{TB: srv.TB, page: servePage(srv)}
	s.home = s.page.URL
	var err error
	if s.proxy, err = faultproxy.Listen(address); err != nil {
		srv.Fatal(err)
	}
	srv.Cleanup(s.proxy.Close)
	s.url = "ws://" + s.proxy.Addr() + "/feed"
	return s
}

// share lets the test publish into the log beside the server, alive or not.
func (s *site) share(place string) {
	s.Helper()
	log, shut, err := logs.Open(place)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { shut() })
	s.use(feed.Options{Store: log})
}

func redisURL(t testing.TB) string {
	t.Helper()
	s, err := storetest.StartRedis()
	return database(t, s, err)
}

func postgresURL(t testing.TB) string {
	t.Helper()
	s, err := storetest.StartPostgres()
	return database(t, s, err)
}

func database(t testing.TB, s *storetest.Server, err error) string {
	t.Helper()
	if err != nil {
		t.Fatalf("%v (e2e/needs.sh installs it or says how)", err)
	}
	t.Cleanup(func() { s.Stop() })
	return s.URL
}

// valve forwards connections, and holds what comes back after so many bytes of
// one of them until it is opened.
type valve struct {
	address string
	full    chan struct{} // closed when one is held
	open    chan struct{} // to be closed

	once sync.Once
}

func newValve(t testing.TB, target string, pass int64) *valve {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	v := &valve{address: l.Addr().String(), full: make(chan struct{}), open: make(chan struct{})}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go v.forward(client, target, pass)
		}
	}()
	return v
}

func (v *valve) forward(client net.Conn, target string, pass int64) {
	defer client.Close()
	server, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	go func() {
		defer server.Close()
		io.Copy(server, client)
	}()
	if _, err := io.CopyN(client, server, pass); err == nil {
		v.once.Do(func() { close(v.full) })
		<-v.open
	}
	io.Copy(client, server)
}
