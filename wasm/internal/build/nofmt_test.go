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

func TestTheModuleUsesTheCopy(t *testing.T) {
	folder := t.TempDir()
	path, err := withoutFmt(folder)
	if err != nil {
		t.Fatal(err)
	}
	read := func(path string) string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
		}
		return string(text)
	}
	own := read("../../../go.mod")
	use, err := filepath.EvalSymlinks(filepath.Join(folder, "safejs"))
	if err != nil {
		t.Fatal(err)
	}
	replaced, found := strings.CutPrefix(read(path), own+"\nreplace "+safejs+" => ")
	if root, err := filepath.Abs("../../.."); err != nil || !found || filepath.Join(root, strings.TrimSpace(replaced)) != use {
		t.Errorf("%s ends with %q (%v); want our go.mod and the path of %s", path, replaced, err, use)
	}
	if read(filepath.Join(folder, "lean.sum")) != read("../../../go.sum") {
		t.Error("the sums are not those of the module")
	}
	if read(filepath.Join(folder, "safejs", "internal", "fmt", "fmt.go")) != read("fmt/fmt.go") {
		t.Error("the small fmt is not in the copy")
	}
	if text := read(filepath.Join(folder, "safejs", "value.go")); strings.Contains(text, "\t\"fmt\"\n") {
		t.Error("the copy imports the standard fmt")
	}
}

// A fresh machine has no module yet.
func TestTheModuleIsDownloaded(t *testing.T) {
	cache, err := output("go", "env", "GOMODCACHE")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOPROXY", "file://"+filepath.ToSlash(filepath.Join(cache, "cache", "download")))
	t.Setenv("GOMODCACHE", t.TempDir())
	t.Setenv("GOFLAGS", "-modcacherw")
	folder := t.TempDir()
	if _, err := withoutFmt(folder); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(folder, "safejs", "value.go")); err != nil {
		t.Error(err)
	}
}

func TestErrorsOfTheBuild(t *testing.T) {
	occupied := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(occupied, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := withoutFmt(occupied); err == nil {
		t.Error("a file in the place of the folder is no error")
	}
	if err := build(occupied); err == nil {
		t.Error("a file in the place of the output folder is no error")
	}
	if err := copySources(t.TempDir(), os.DirFS(filepath.Join(t.TempDir(), "none"))); err == nil {
		t.Error("a source that is not there is no error")
	}
	if _, err := output("go", "no-such-command"); err == nil || !strings.Contains(err.Error(), "go no-such-command: go no-such-command: unknown command") {
		t.Errorf("a command that fails: %v", err)
	}
	if _, err := output("no-such-program"); err == nil {
		t.Error("a program that is not there is no error")
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
