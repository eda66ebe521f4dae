package e2e

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"golang.org/x/sys/unix"

	"github.com/wakesocket/wakesocket/e2e/faultproxy"
	"github.com/wakesocket/wakesocket/web/feed"
)

// namespace is a host of its own as far as the network is concerned.
type namespace struct {
	testing.TB
	name string
}

// requireNetworks skips where a test may not make networks; in CI it must be able to.
func requireNetworks(t testing.TB) {
	t.Helper()
	if os.Geteuid() == 0 {
		return
	}
	const reason = "THE NAT TESTS DO NOT RUN: they make network namespaces, which needs root"
	if os.Getenv("CI") == "true" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

const prefix = "wakesocket-"

// forgetNamespaces removes those of tests that were killed.
func forgetNamespaces(t testing.TB) {
	t.Helper()
	names, err := os.ReadDir("/run/netns")
	if err != nil {
		return // there was none yet
	}
	for _, name := range names {
		pid, _, _ := strings.Cut(strings.TrimPrefix(name.Name(), prefix), "-")
		if _, err := os.Stat("/proc/" + pid); err != nil && strings.HasPrefix(name.Name(), prefix) {
			command(t, "ip", "netns", "delete", name.Name())
		}
	}
}

// newNamespace makes a host that is gone when the test ends.
func newNamespace(t testing.TB, role string) namespace {
	t.Helper()
	ns := namespace{t, fmt.Sprintf(prefix+"%d-%s", os.Getpid(), role)}
	command(t, "ip", "netns", "add", ns.name)
	t.Cleanup(func() { command(t, "ip", "netns", "delete", ns.name) })
	// Addresses of IPv6 come seconds after a link, and would be changes nobody made.
	ns.set("net/ipv6/conf/default/disable_ipv6", 1)
	ns.ip("link", "set", "lo", "up")
	return ns
}

// command runs a program that must succeed, and returns what it says.
func command(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(lookup(t, name), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// run runs a program on the host.
func (ns namespace) run(args ...string) string {
	ns.Helper()
	return command(ns, "ip", append([]string{"netns", "exec", ns.name}, args...)...)
}

// ip is the program of that name on the host.
func (ns namespace) ip(args ...string) {
	ns.Helper()
	command(ns, "ip", append([]string{"-n", ns.name}, args...)...)
}

// batch is several ip commands at once: nobody sees what is between them.
func (ns namespace) batch(lines ...string) {
	ns.Helper()
	file := filepath.Join(ns.TempDir(), "batch")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		ns.Fatal(err)
	}
	ns.ip("-batch", file)
}

// set writes a setting of the host's kernel, a path below /proc/sys.
func (ns namespace) set(path string, value int) {
	ns.Helper()
	if err := ns.within(func() error { return os.WriteFile("/proc/sys/"+path, fmt.Append(nil, value), 0) }); err != nil {
		ns.Fatal(err)
	}
}

// within calls a function on the host: a socket that it makes stays there,
// whoever uses it.
//
// The thread that goes there comes back: if it ended, the kernel would kill those
// children that it has started and that are to die with the test, whoever needs
// them.
func (ns namespace) within(f func() error) error {
	result := make(chan error)
	go func() { result <- ns.visit(f) }()
	return <-result
}

func (ns namespace) visit(f func() error) error {
	home, err := os.Open("/proc/self/ns/net")
	if err != nil {
		return err
	}
	defer home.Close()
	there, err := os.Open("/run/netns/" + ns.name)
	if err != nil {
		return err
	}
	defer there.Close()
	runtime.LockOSThread()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("cannot enter the network namespace: %w", err)
	}
	err = f()
	if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back != nil {
		// Locked for good: it must serve nobody else.
		return errors.Join(err, fmt.Errorf("cannot leave the network namespace: %w", back))
	}
	runtime.UnlockOSThread()
	return err
}

func TestThreadsThatVisitANamespaceLiveOn(t *testing.T) {
	requireNetworks(t)
	ns := newNamespace(t, "visited")
	child := exec.Command("sleep", "60")
	child.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	visited := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		err := child.Start()
		if err == nil {
			err = ns.visit(func() error { return nil })
		}
		runtime.UnlockOSThread()
		visited <- err
	}()
	if err := <-visited; err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }()
	select {
	case err := <-ended:
		t.Errorf("a child of the thread ended: %v", err)
	case <-time.After(500 * time.Millisecond):
		child.Process.Kill()
		<-ended
	}
}

// browse starts a browser on the host.
func (ns namespace) browse() *chromium {
	ns.Helper()
	return ownBrowser(ns, chromedp.ModifyCmdFunc(func(cmd *exec.Cmd) {
		cmd.Args = append([]string{"ip", "netns", "exec", ns.name, cmd.Path}, cmd.Args[1:]...)
		cmd.Path = lookup(ns, "ip")
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	}))
}

// site is one that others reach at that address of the host.
func (ns namespace) site(t testing.TB, ip string) *site {
	t.Helper()
	s := newSite(t)
	s.use(feed.Options{OriginPatterns: []string{ip + ":*"}})
	s.home = "http://" + ns.forward(t, ip, strings.TrimPrefix(s.page.URL, "http://"))
	s.url = "ws://" + ns.forward(t, ip, s.proxy.Addr()) + "/feed"
	return s
}

// forward makes the host forward a port of that address of its own to an address
// of ours, until the test ends.
func (ns namespace) forward(t testing.TB, ip, target string) (addr string) {
	t.Helper()
	var p *faultproxy.Proxy
	err := ns.within(func() (err error) {
		p, err = faultproxy.ListenOn(net.JoinHostPort(ip, "0"), target)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p.Addr()
}
