package sim

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/wasm/internal/mutants"
)

func allMutants() (all []mutants.Mutant) {
	for folder, list := range map[string][]mutant{"wasm/session/": sessionMutants, "wasm/internal/": stateMutants} {
		for _, m := range list {
			all = append(all, mutants.Mutant{Name: m.name, File: folder + m.file, Out: m.out, In: m.in})
		}
	}
	return all
}

// TestEveryMutantIsFound builds the command with each bug put over the
// source, which stays as it is.
func TestEveryMutantIsFound(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: each of the mutants is linked and run, which takes minutes")
	}
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range allMutants() {
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			list, err := m.Overlay(root, dir)
			if err != nil {
				t.Fatal(err)
			}
			command := filepath.Join(dir, "sim")
			build := exec.Command("go", "build", "-ldflags=-s -w", "-overlay", list, "-o", command, "./cmd")
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

// Every bug of the list fits the source as it is.
func TestMutantsFitTheSource(t *testing.T) {
	for _, m := range allMutants() {
		if _, err := m.Source("../../.."); err != nil {
			t.Error(err)
		}
	}
}
