package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

func TestCopySourcesReplacesFmt(t *testing.T) {
	to := t.TempDir()
	err := copySources(to, fstest.MapFS{
		"go.mod":                {Data: []byte("module m\n")},
		"README.md":             {Data: []byte("read me")},
		"value.go":              {Data: []byte("package m\n\nimport (\n\t\"fmt\"\n\t\"io\"\n)\n")},
		"value_test.go":         {Data: []byte("package m\n")},
		"internal/catch/try.go": {Data: []byte("package catch\n\nimport \"errors\"\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"go.mod":                "module m\n",
		"value.go":              "package m\n\nimport (\n\t\"" + safejs + "/internal/fmt\"\n\t\"io\"\n)\n",
		"internal/catch/try.go": "package catch\n\nimport \"errors\"\n",
	} {
		if got, err := os.ReadFile(filepath.Join(to, path)); string(got) != want {
			t.Errorf("%s is %q (%v), want %q", path, got, err, want)
		}
	}
	for _, path := range []string{"README.md", "value_test.go"} {
		if _, err := os.Stat(filepath.Join(to, path)); err == nil {
			t.Errorf("%s was copied", path)
		}
	}
}

// The path of the copy becomes a part of client.wasm, which must not depend on where it was built.
func TestTheCopyHasARelativePath(t *testing.T) {
	for target, want := range map[string]string{"/repo/dist/lean": "./dist/lean", "/other": "./../other"} {
		if got, err := relative("/repo", target); got != want || err != nil {
			t.Errorf("from /repo, %s is %q (%v), want %q", target, got, err, want)
		}
	}
}

func TestBuildMakesASmallProgramAndOneForDebuggers(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles the standard library without inlining")
	}
	out := t.TempDir()
	if err := build(out); err != nil {
		t.Fatal(err)
	}
	debug, err := os.ReadFile(filepath.Join(out, "client.debug.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	small, err := os.ReadFile(filepath.Join(out, "client.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"safejs", "internal/bridge.Run"} {
		if !strings.Contains(string(small), text) {
			t.Errorf("client.wasm has no %q", text)
		}
	}
	const line = "internal/bridge/bridge.go"
	if !strings.Contains(string(debug), line) || strings.Contains(string(small), line) {
		t.Errorf("%s must be in client.debug.wasm only", line)
	}
	for _, text := range []string{"BADPREC", "%!(NOVERB)"} {
		if strings.Contains(string(debug), text) {
			t.Errorf("the standard fmt is in the program: it has %q", text)
		}
	}
	if left, err := filepath.Glob(filepath.Join(out, "lean*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}
