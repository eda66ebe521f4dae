package nats

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"golang.org/x/sys/unix"
)

// marker names the file that makes a directory a log, and its version. The file named
// by clean is there while the log is closed and everything of it is on disk.
const (
	marker  = "wakesocket-log"
	version = "wakesocket log 1\n"
	clean   = "wakesocket-clean"
)

// OpenDir returns the log in a directory, which it makes if there is none. The server
// runs inside of the process and opens no port. One process at a time may have the
// directory. An event is synced to disk before Publish returns, so that neither a crash
// nor a loss of power takes one that was acknowledged: this is tested with kill -9, and
// with files that are cut where the last sync ended. Events that are published at the
// same time share one sync. After a crash the log is read once when it is opened.
func OpenDir(dir string, options Options) (*Store, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	if options.Replicas != 1 {
		return nil, errors.New("nats: Options.Replicas is for a cluster; a directory has one copy")
	}
	unlock, err := lock(dir)
	if err != nil {
		return nil, fmt.Errorf("nats: %w", err)
	}
	s, err := embed(dir, options, unlock)
	if err != nil {
		unlock()
		return nil, fmt.Errorf("nats: the log in %s cannot be opened: %w", dir, err)
	}
	return s, nil
}

func embed(dir string, options Options, unlock func() error) (*Store, error) {
	if err := newSyncer(dir, options.Stream).distrust(dir); err != nil {
		return nil, err
	}
	srv, err := server.NewServer(&server.Options{
		ServerName: "wakesocket", DontListen: true, JetStream: true, StoreDir: dir, NoSigs: true, NoLog: true,
	})
	if err != nil {
		return nil, err
	}
	srv.Start()
	if !srv.ReadyForConnections(time.Minute) {
		srv.Shutdown()
		return nil, errors.New("its server does not start; is the disk full, or the directory not writable?")
	}
	if !srv.JetStreamEnabled() {
		srv.Shutdown()
		return nil, errors.New("JetStream does not start; is the disk full, or the directory not writable?")
	}
	conn, err := nats.Connect("", nats.InProcessServer(srv), nats.ReconnectBufSize(-1))
	if err != nil {
		srv.Shutdown()
		return nil, err
	}
	files := newSyncer(dir, options.Stream)
	return open(conn, options, files, func() error {
		conn.Close()
		srv.Shutdown()
		srv.WaitForShutdown()
		return errors.Join(files.markClean(dir), unlock())
	})
}

// lock makes the directory, checks that it is a log, and keeps other processes out.
func lock(dir string) (unlock func() error, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, unusable(dir, err)
	}
	path := filepath.Join(dir, marker)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, unusable(dir, err)
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		file.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("the log in %s is open in another process; let that end, or choose another directory", dir)
		}
		return nil, fmt.Errorf("the log in %s cannot be locked: %w", dir, err)
	}
	if err := mark(file, dir); err != nil {
		file.Close()
		return nil, err
	}
	return file.Close, nil
}

func unusable(dir string, err error) error {
	return fmt.Errorf("the log in %s cannot be opened: %w; let the user of this program write there, or choose another directory", dir, err)
}

// mark checks the version of a log, and writes it into a new one. It is synced each time:
// it may be there although it could not be synced when it was written.
func mark(file *os.File, dir string) error {
	text, err := os.ReadFile(file.Name())
	if err != nil {
		return unusable(dir, err)
	}
	if len(text) == 0 {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return unusable(dir, err)
		}
		if len(entries) > 1 { // besides the marker itself
			os.Remove(file.Name())
			return fmt.Errorf("%s has files and is not a log; choose an empty directory", dir)
		}
		if _, err := file.WriteString(version); err != nil {
			return unusable(dir, err)
		}
	} else if string(text) != version {
		return fmt.Errorf("the log in %s has version %q, this program reads %q; use the program that made it, or another directory", dir, text, version)
	}
	if err := errors.Join(file.Sync(), syncDir(dir)); err != nil {
		return unusable(dir, err)
	}
	return nil
}
