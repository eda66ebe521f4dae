package sim

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestEveryMutantIsFound builds the command with each bug put over the session's
// source, which stays as it is.
func TestEveryMutantIsFound(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: each of the mutants is linked and run, which takes minutes")
	}
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			command := filepath.Join(t.TempDir(), "sim")
			build := exec.Command("go", "build", "-ldflags=-s -w", "-overlay", overlay(t, m.file, m.out, m.in), "-o", command, "./cmd")
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			out, err := exec.CommandContext(ctx, command, "-seeds", "8000", "-tell=false").CombinedOutput()
			if ctx.Err() != nil {
				t.Fatal("the simulator neither finds the bug nor ends")
			}
			if exit, failed := errors.AsType[*exec.ExitError](err); !failed || exit.ExitCode() != 1 {
				t.Fatalf("the bug lives through: %v, %s", err, out)
			}
			t.Logf("%s", out)
		})
	}
}

// overlay writes the mutated file and the list that puts it over the real one.
func overlay(t *testing.T, file, out, in string) string {
	real, err := filepath.Abs(filepath.Join("..", "..", "session", file))
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(real)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(source), out); n != 1 {
		t.Fatalf("%q is %d times in %s: bring the mutant up to date", out, n, file)
	}
	dir := t.TempDir()
	mutated, list := filepath.Join(dir, file), filepath.Join(dir, "overlay.json")
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {real: mutated}})
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{mutated: []byte(strings.Replace(string(source), out, in, 1)), list: replace} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return list
}
