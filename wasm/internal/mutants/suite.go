package mutants

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Suite is a list of mutants, and the quick tests that should notice them: those of
// the package that the mutant is in.
type Suite struct {
	Name    string
	Mutants []Mutant

	run func(ctx context.Context, root, dir string, m Mutant) (*exec.Cmd, error)
}

// Suites lists all of them.
func Suites() []Suite {
	return []Suite{
		{"access", access, goTest},
		{"log", log, goTest},
		{"memory", memory, goTest},
		{"store", stores, goTest},
		{"redis", redis, goTest},
		{"postgres", postgres, goTest},
		{"native", native, goTest},
		{"bridge", bridge, wasmTest},
		{"shim", shim, nodeTests("*")},
		{"snapshot", snapshots, nodeTests("*")},
		{"latest", newestEvents, nodeTests("latest", "conflation", "uplink", "saved-cursor", "snapshot", "snapshot-latest")},
		{"share", shared, nodeTests("shared*")},
	}
}

// testLimit is how long the tests may take: a bug that makes them hang is noticed.
const testLimit = 2 * time.Minute

// Caught runs the tests with the bug and reports whether they fail. The output is
// theirs.
func (s Suite) Caught(ctx context.Context, root string, m Mutant) (caught bool, output string, err error) {
	dir, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return false, "", err
	}
	defer os.RemoveAll(dir)
	limited, cancel := context.WithTimeout(ctx, 2*testLimit) // to build them too
	defer cancel()
	cmd, err := s.run(limited, root, dir, m)
	if err != nil {
		return false, "", err
	}
	cmd.Dir = root
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // so that it ends its own processes
	cmd.WaitDelay = 10 * time.Second
	text, err := cmd.CombinedOutput()
	output = string(text)
	if strings.Contains(output, "[build failed]") || strings.Contains(output, "SyntaxError") {
		return false, output, fmt.Errorf("mutant %q does not build:\n%s", m.Name, output)
	}
	_, failed := errors.AsType[*exec.ExitError](err)
	switch {
	case ctx.Err() != nil:
		return false, output, ctx.Err()
	case failed || limited.Err() != nil:
		return true, output, nil
	}
	return false, output, err
}

// Sound fails when the tests fail without any bug: then they would catch all.
func (s Suite) Sound(ctx context.Context, root string, m Mutant) error {
	m.In = m.Out
	caught, output, err := s.Caught(ctx, root, m)
	if err == nil && caught {
		err = fmt.Errorf("the tests of %s fail without a bug:\n%s", filepath.Dir(m.File), output)
	}
	return err
}

// goTest runs the quick tests of the mutant's Go package.
func goTest(ctx context.Context, root, dir string, m Mutant) (*exec.Cmd, error) {
	list, err := m.Overlay(root, dir)
	if err != nil {
		return nil, err
	}
	return exec.CommandContext(ctx, "go", "test", "-short", "-failfast", "-count=1", "-vet=off", "-timeout", testLimit.String(), "-overlay", list, "./"+filepath.Dir(m.File)), nil
}

// wasmTest does the same for a package that runs in a page: Node.js takes its place.
func wasmTest(ctx context.Context, root, dir string, m Mutant) (*exec.Cmd, error) {
	cmd, err := goTest(ctx, root, dir, m)
	if err != nil {
		return nil, err
	}
	goroot, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, err
	}
	// A program for the page has room for a small environment only.
	run := filepath.Join(strings.TrimSpace(string(goroot)), "lib", "wasm", "go_js_wasm_exec")
	cmd.Args = append(cmd.Args, "-exec", "env -i PATH="+os.Getenv("PATH")+" "+run)
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	return cmd, nil
}

// overlayHook makes Node.js load another file in the place of one; it has no flag
// for that.
//
//go:embed overlay.mjs
var overlayHook []byte

// nodeTests runs the tests of the shim whose files have such names.
func nodeTests(names ...string) func(ctx context.Context, root, dir string, m Mutant) (*exec.Cmd, error) {
	return func(ctx context.Context, root, dir string, m Mutant) (*exec.Cmd, error) {
		mutated, err := m.Write(root, dir)
		if err != nil {
			return nil, err
		}
		hook := filepath.Join(dir, "overlay.mjs")
		if err := os.WriteFile(hook, overlayHook, 0o600); err != nil {
			return nil, err
		}
		var tests []string
		for _, name := range names {
			found, err := fs.Glob(os.DirFS(root), "shim/"+name+".test.js")
			if err != nil {
				return nil, err
			}
			tests = append(tests, found...)
		}
		cmd := exec.CommandContext(ctx, "node", append([]string{"--test"}, tests...)...)
		cmd.Env = append(os.Environ(), "NODE_OPTIONS=--import="+hook, "MUTANT_OF="+filepath.Join(root, m.File), "MUTANT="+mutated)
		return cmd, nil
	}
}
