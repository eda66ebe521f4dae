package mutants

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A suite is sound when its tests pass without the bug, whatever they say of it.
func TestSound(t *testing.T) {
	run := func(status string) Suite {
		return Suite{run: func(ctx context.Context, _, _ string, m Mutant) (*exec.Cmd, error) {
			if m.In != m.Out {
				t.Errorf("the tests run with the bug %q in the place of %q", m.In, m.Out)
			}
			return exec.CommandContext(ctx, "sh", "-c", "exit "+status), nil
		}}
	}
	m := Mutant{File: "web/store/id.go", Out: "right", In: "wrong"}
	if err := run("0").Sound(t.Context(), t.TempDir(), m); err != nil {
		t.Error(err)
	}
	if err := run("1").Sound(t.Context(), t.TempDir(), m); err == nil || !strings.Contains(err.Error(), "web/store fail without a bug") {
		t.Errorf("tests that fail without a bug: %v", err)
	}
}

// What runs in a page is built for one, and Node.js loads the file with the bug.
func TestCommandsOfSuites(t *testing.T) {
	absolute, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	id := Mutant{File: "web/store/id.go", Out: "const MaxID = 128\n", In: "const MaxID = 8\n"}
	cmd, err := wasmTest(t.Context(), absolute, t.TempDir(), id)
	if err != nil || !slices.Contains(cmd.Env, "GOOS=js") || !slices.Contains(cmd.Env, "GOARCH=wasm") {
		t.Errorf("%v, %v", cmd, err)
	}
	dir, bug := t.TempDir(), shared[0]
	cmd, err = nodeTests("shared*")(t.Context(), absolute, dir, bug)
	if err != nil {
		t.Fatal(err)
	}
	for _, arg := range cmd.Args[2:] {
		if !strings.HasPrefix(arg, "shim/shared") || !strings.HasSuffix(arg, ".test.js") {
			t.Errorf("it runs %s", arg)
		}
	}
	if len(cmd.Args) < 5 || !slices.Contains(cmd.Env, "MUTANT_OF="+filepath.Join(absolute, bug.File)) {
		t.Errorf("%v with %q", cmd.Args, cmd.Env)
	}
	if hook, err := os.ReadFile(filepath.Join(dir, "overlay.mjs")); err != nil || len(hook) == 0 {
		t.Errorf("no hook for Node.js: %v", err)
	}
	if _, err := nodeTests("*")(t.Context(), absolute, filepath.Join(dir, "missing"), bug); err == nil {
		t.Error("a directory that is not there is no error")
	}
}
