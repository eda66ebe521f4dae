//go:build unix

package storetest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/rueidis"
)

// Server is a Redis or PostgreSQL server of a test's own, on a free port and in a
// directory that goes with it.
type Server struct {
	URL     string
	dir     string
	command func() *exec.Cmd
	ready   func(context.Context) error
	as      *syscall.SysProcAttr // the user that it runs as; nil is that of the test
	running *exec.Cmd
	exit    chan struct{} // closed when running has ended
}

// ErrMissing says that the server's program is not installed.
var ErrMissing = errors.New("storetest: the server's program is not installed")

// StartRedis starts a redis-server that saves only when it is told to. The first
// argument may be a configuration file.
func StartRedis(arguments ...string) (*Server, error) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, ErrMissing
	}
	dir, port, err := place("redis")
	if err != nil {
		return nil, err
	}
	s := &Server{URL: fmt.Sprintf("redis://127.0.0.1:%d", port), dir: dir}
	s.command = func() *exec.Cmd {
		file, rest := arguments[:0], arguments
		if len(arguments) > 0 && !strings.HasPrefix(arguments[0], "--") {
			file, rest = arguments[:1], arguments[1:]
		}
		return exec.Command(program, slices.Concat(file, []string{"--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--dir", dir, "--save", "", "--appendonly", "no", "--repl-diskless-sync-delay", "0"}, rest)...)
	}
	s.ready = func(ctx context.Context) error {
		client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{fmt.Sprintf("127.0.0.1:%d", port)}, DisableCache: true, ForceSingleClient: true})
		if err != nil {
			return err
		}
		defer client.Close()
		return client.Do(ctx, client.B().Ping().Build()).Error()
	}
	return s, s.launch()
}

// StartCommand starts a server that the tests of another store need. The directory
// goes with the server; ready fails until it answers.
func StartCommand(url, dir string, command func() *exec.Cmd, ready func(context.Context) error) (*Server, error) {
	s := NewCommand(url, dir, command, ready)
	return s, s.launch()
}

// NewCommand is StartCommand without the start.
func NewCommand(url, dir string, command func() *exec.Cmd, ready func(context.Context) error) *Server {
	return &Server{URL: url, dir: dir, command: command, ready: ready}
}

// FreePort returns a port that nobody listens at.
func FreePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return listener.Addr().(*net.TCPAddr).Port, listener.Close()
}

// StartPostgres makes a database cluster and starts its server, without fsync
// unless the arguments say otherwise. As root it runs as the user postgres, since the
// server refuses to run as root.
func StartPostgres(arguments ...string) (*Server, error) {
	bin := PostgresBin()
	if bin == "" {
		return nil, ErrMissing
	}
	dir, port, err := place("postgres")
	if err != nil {
		return nil, err
	}
	as, err := notRoot(dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = as, dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("initdb: %w: %s", err, out), os.RemoveAll(dir))
	}
	s := &Server{URL: fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port), dir: dir, as: as}
	s.command = func() *exec.Cmd {
		cmd := exec.Command(filepath.Join(bin, "postgres"), append([]string{"-D", data, "-p", strconv.Itoa(port), "-k", dir,
			"-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=200"}, arguments...)...)
		s.RunAs(cmd)
		return cmd
	}
	s.ready = func(ctx context.Context) error {
		conn, err := pgx.Connect(ctx, s.URL)
		if err != nil {
			return err
		}
		defer conn.Close(ctx)
		return conn.Ping(ctx)
	}
	return s, s.launch()
}

// Dir is the directory of the server; a PostgreSQL has its data in data below it.
func (s *Server) Dir() string { return s.dir }

// RunAs makes a command run as the server's user, in its directory.
func (s *Server) RunAs(cmd *exec.Cmd) {
	cmd.Dir = s.dir
	if s.as != nil {
		as := *s.as
		cmd.SysProcAttr = &as
	}
}

func (s *Server) launch() error {
	if err := s.Start(); err != nil {
		return errors.Join(err, s.Stop())
	}
	return nil
}

// Start starts the server again after Kill, and returns when it answers. A server
// may refuse while children of the killed one still go, so it tries again.
func (s *Server) Start() error {
	deadline := time.After(time.Minute)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if s.running == nil || s.ended() {
			if err := s.run(); err != nil {
				return err
			}
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		err := s.ready(ctx)
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-deadline:
			text, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			return fmt.Errorf("storetest: the server does not answer: %w\n%s", err, text)
		}
	}
}

func (s *Server) run() error {
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := s.command()
	cmd.Stdout, cmd.Stderr = log, log
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	dieWithTest(cmd.SysProcAttr)
	if err := cmd.Start(); err != nil {
		return err
	}
	s.running, s.exit = cmd, make(chan struct{})
	go func(exit chan struct{}) {
		defer close(exit)
		cmd.Wait()
	}(s.exit)
	return nil
}

func (s *Server) ended() bool {
	select {
	case <-s.exit:
		return true
	default:
		return false
	}
}

// Kill ends the server's process as a crash would.
func (s *Server) Kill() {
	if s.running != nil {
		s.running.Process.Kill()
		<-s.exit
		s.running = nil
	}
}

// CPU is the time of the processor that the server's process has used since it was
// started, where /proc tells that; else 0.
func (s *Server) CPU() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.running.Process.Pid))
	_, fields, ok := strings.Cut(string(text), ") ") // after the name
	if err != nil || !ok {
		return 0
	}
	var ticks time.Duration // of 10 ms
	for _, field := range strings.Fields(fields)[11:13] {
		n, _ := strconv.Atoi(field)
		ticks += time.Duration(n)
	}
	return ticks * 10 * time.Millisecond
}

// Signal sends a signal to the server's process.
func (s *Server) Signal(signal os.Signal) error { return s.running.Process.Signal(signal) }

// Shutdown lets the server end in order; Start starts it again.
func (s *Server) Shutdown() error {
	err := s.Signal(syscall.SIGINT)
	<-s.exit
	s.running = nil
	return err
}

// Stop ends the server and removes its directory.
func (s *Server) Stop() error {
	if s.running != nil {
		s.running.Process.Signal(syscall.SIGINT) // both end quickly, and PostgreSQL gives back its shared memory
		<-s.exit
		s.running = nil
	}
	return os.RemoveAll(s.dir)
}

// place returns a directory and a port that are free.
func place(name string) (dir string, port int, err error) {
	if port, err = FreePort(); err != nil {
		return "", 0, err
	}
	dir, err = os.MkdirTemp("", "wakesocket-"+name+"-")
	return dir, port, err
}

// PostgresBin is the directory of the newest server that Debian has installed, or
// that is in the path.
func PostgresBin() string {
	if found, err := exec.LookPath("postgres"); err == nil {
		if real, err := filepath.EvalSymlinks(found); err == nil {
			return filepath.Dir(real)
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(found) == 0 {
		return ""
	}
	slices.Sort(found)
	return filepath.Dir(found[len(found)-1])
}

// notRoot gives the directory to the user postgres, and runs as that user, when
// the test runs as root.
func notRoot(dir string) (*syscall.SysProcAttr, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	who, err := user.Lookup("postgres")
	if err != nil {
		return nil, ErrMissing
	}
	uid, _ := strconv.Atoi(who.Uid)
	gid, _ := strconv.Atoi(who.Gid)
	if err := os.Chown(dir, uid, gid); err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}
