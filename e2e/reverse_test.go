package e2e

import (
	"cmp"
	"context"
	"embed"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"text/template"
	"time"
)

//go:embed testdata/nginx.conf testdata/haproxy.cfg
var configs embed.FS

// reverse is a real reverse proxy in front of a site, as sites have them.
type reverse struct {
	reverseOptions
	t    testing.TB
	dir  string
	main *exec.Cmd // the process that listens
	log  journal

	// for the templates
	Address, Page, Feed string
	Dir, Certificate    string
	Idle, Grace         int64 // ms
	Apart               bool
}

type reverseOptions struct {
	kind  string        // "nginx" or "haproxy"
	idle  time.Duration // after which it closes a quiet connection, a minute when 0
	grace time.Duration // that old connections have after a reload, a minute when 0
	tls   *identity     // nil for plain HTTP
	apart bool          // WebSockets get connections of their own, not the page's HTTP/2
}

// front puts a reverse proxy before the site, which has its address from then on.
func (s *site) front(o reverseOptions) *reverse {
	s.Helper()
	program := lookup(s, o.kind)
	p := &reverse{
		reverseOptions: o, t: s, dir: s.TB.TempDir(),
		Page: strings.TrimPrefix(s.page.URL, "http://"), Feed: s.proxy.Addr(),
		Idle: cmp.Or(o.idle, time.Minute).Milliseconds(), Grace: cmp.Or(o.grace, time.Minute).Milliseconds(),
	}
	p.Dir, p.Address, p.Apart = p.dir, freeAddress(s), o.apart
	if o.tls != nil {
		p.Certificate = filepath.Join(p.dir, "server.pem")
		p.write(p.Certificate, o.tls.pem)
	}
	s.Cleanup(func() {
		if s.Failed() {
			s.Log("what " + o.kind + " logged:\n" + p.log.String())
		}
	})
	p.configure()
	p.start(program)
	scheme := "http"
	if o.tls != nil {
		scheme = "https"
	}
	s.home = scheme + "://" + p.Address
	s.url = strings.Replace(s.home, "http", "ws", 1) + "/feed"
	return p
}

// lookup finds a program that servers keep outside of a user's PATH.
func lookup(t testing.TB, name string) string {
	t.Helper()
	for _, name := range []string{name, "/usr/sbin/" + name, "/sbin/" + name} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatalf("%s is missing: run e2e/needs.sh, which installs it or says how", name)
	return ""
}

// freeAddress is one that nothing listens on, below the ports that the system
// gives to clients: between here and the proxy's start, nobody takes it.
func freeAddress(t testing.TB) string {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(12000+rand.IntN(20000))))
		if err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no free port")
	return ""
}

func (p *reverse) write(name string, data []byte) {
	p.t.Helper()
	if err := os.WriteFile(name, data, 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func (p *reverse) config() string {
	return filepath.Join(p.dir, map[string]string{"nginx": "nginx.conf", "haproxy": "haproxy.cfg"}[p.kind])
}

func (p *reverse) configure() {
	p.t.Helper()
	var text strings.Builder
	parsed, err := template.ParseFS(configs, "testdata/"+filepath.Base(p.config()))
	if err == nil {
		err = parsed.Execute(&text, p)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	p.write(p.config(), []byte(text.String()))
}

// start runs the proxy until the test ends, and returns when it listens.
func (p *reverse) start(program string, args ...string) {
	p.t.Helper()
	if p.kind == "nginx" {
		args = append(args, "-p", p.dir, "-c", p.config(), "-e", "stderr")
	} else {
		args = append(args, "-db", "-f", p.config())
	}
	p.main = background(p.t, &p.log, nil, program, args...)
	err := poll(5*time.Second, func() error {
		conn, err := net.Dial("tcp", p.Address)
		if err == nil {
			conn.Close()
		}
		return err
	})
	if err != nil {
		p.t.Fatalf("%s does not start: %v\n%s", p.kind, err, p.log.String())
	}
}

// reload makes the proxy read its configuration again, as after a change of it.
// Connections that there are stay with the old process until it ends.
func (p *reverse) reload() {
	p.t.Helper()
	old := p.main.Process
	if p.kind == "nginx" {
		if err := old.Signal(syscall.SIGHUP); err != nil { // what nginx -s reload does
			p.t.Fatal(err)
		}
		return
	}
	p.start(lookup(p.t, p.kind), "-sf", strconv.Itoa(old.Pid))
}

// renew puts another certificate in the place of the one there is.
func (p *reverse) renew(to *identity) {
	p.t.Helper()
	p.write(p.Certificate, to.pem)
	p.reload()
}

// background runs a program, and whatever it starts, until the test ends.
func background(t testing.TB, out io.Writer, env []string, program string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Env = append(os.Environ(), env...)
	start(t, cmd)
	return cmd
}

// start is background for a command that is more than its arguments.
func start(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = time.Second // for those that took the output with them
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-ended
	})
}

// poll asks until there is no error, for things that send no signal.
func poll(limit time.Duration, ask func() error) error {
	ctx, cancel := context.WithTimeoutCause(context.Background(), limit, fmt.Errorf("not within %v", limit))
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ask()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		}
	}
}
