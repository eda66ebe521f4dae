// Package levers does to a browser and its pages what happens to them in real
// life: the machine sleeps, the tab is hidden, frozen or minimized, the clock
// jumps, the network fails.
package levers

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// Stop halts a process and all its descendants, as sleep halts a machine: no
// timer runs, no packet is read, no event comes. Monotonic clocks go on, unlike
// in real sleep; see [Clock] for that.
func Stop(pid int) error {
	// A process can fork between the listing and its halt, so list until every
	// one in the tree is known to have been halted.
	var halted []int
	for {
		tree, err := Tree(pid)
		if err != nil {
			return err
		}
		fresh := slices.DeleteFunc(tree, func(p int) bool { return slices.Contains(halted, p) })
		if len(fresh) == 0 {
			return nil
		}
		if err := signal(fresh, syscall.SIGSTOP); err != nil {
			return err
		}
		halted = append(halted, fresh...)
	}
}

// Continue resumes what [Stop] halted, children before their parents.
func Continue(pid int) error {
	tree, err := Tree(pid)
	if err != nil {
		return err
	}
	slices.Reverse(tree)
	return signal(tree, syscall.SIGCONT)
}

func signal(pids []int, sig syscall.Signal) error {
	for _, pid := range pids {
		if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("levers: %v to %d: %w", sig, pid, err)
		}
	}
	return nil
}

// Tree lists a process and its descendants, parents first.
func Tree(root int) ([]int, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	children := map[int][]int{}
	for _, name := range stats {
		data, err := os.ReadFile(name)
		if err != nil {
			continue // it ended since the listing
		}
		// "pid (command) state ppid …"; the command may hold spaces and parentheses.
		head, rest, ok := cutLast(data, ") ")
		fields := bytes.Fields(rest)
		if !ok || len(fields) < 2 {
			return nil, fmt.Errorf("levers: cannot read %s", name)
		}
		pid, err1 := strconv.Atoi(string(bytes.Fields(head)[0]))
		parent, err2 := strconv.Atoi(string(fields[1]))
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("levers: cannot read %s: %w", name, err)
		}
		children[parent] = append(children[parent], pid)
	}
	found := []int{root}
	for i := 0; i < len(found); i++ {
		found = append(found, children[found[i]]...)
	}
	return found, nil
}

func cutLast(data []byte, sep string) (before, after []byte, ok bool) {
	i := bytes.LastIndex(data, []byte(sep))
	if i < 0 {
		return nil, nil, false
	}
	return data[:i], data[i+len(sep):], true
}
