package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What the build needs and is missing or too old is told in one sentence that says
// what to install.
func TestMissingTools(t *testing.T) {
	const (
		installGo = "install Go 1.26 or newer from https://go.dev/dl/, then run this again"
		goVersion = "echo go version go1.26.3 linux/amd64"
		noNode    = "missing: install these Debian packages or their like (sudo apt-get install nodejs npm), then run make again"
	)
	for _, c := range []struct {
		name  string
		tools map[string]string // name and shell script of each
		args  string            // of needs.sh
		want  string            // the last line; "" when all is there
	}{
		{"no Go", nil, "go", "Go is missing: " + installGo},
		{"Go of an older version", map[string]string{"go": "echo go version go1.25.9 linux/amd64"}, "go",
			"go version go1.25.9 linux/amd64 is too old: " + installGo},
		{"Go of an older decade", map[string]string{"go": "echo go version go1.3 linux/amd64"}, "go", "go version go1.3 linux/amd64 is too old: " + installGo},
		{"Go that cannot get a newer one", map[string]string{"go": "echo 'go: download go1.26.0: no network' >&2; exit 1"}, "go",
			"Go could not get the version that go.mod names (download go1.26.0: no network): " + installGo},
		{"Go of this version", map[string]string{"go": goVersion}, "go", ""},
		{"Go of the next version", map[string]string{"go": "echo go version go2.0 linux/amd64"}, "go", ""},
		{"a development version of Go", map[string]string{"go": "echo go version devel go1.27-abcdef linux/amd64"}, "go", ""},
		{"no Node.js, and nobody who may install it", map[string]string{"go": goVersion, "id": "echo 1000"}, "js", noNode},
		{"no Node.js, and no apt-get", map[string]string{"go": goVersion, "id": "echo 0"}, "js", noNode},
		{"no npm, and apt-get fails", map[string]string{"go": goVersion, "id": "echo 0", "node": "exit 0", "apt-get": "exit 1"}, "js",
			"apt-get failed: install these Debian packages or their like: npm, then run make again"},
		{"Node.js too old, and npm fails", map[string]string{"go": goVersion, "node": oldNode, "npm": "exit 1"}, "js",
			"Node.js v18.19.0 is too old: install version 20.19 or newer, then run make again"},
		{"Node.js too old, and npm brings no newer one", map[string]string{"go": goVersion, "node": oldNode, "npm": "exit 0"}, "js",
			"Node.js v18.19.0 is too old: install version 20.19 or newer, then run make again"},
		{"all is there", map[string]string{"go": goVersion, "node": "exit 0", "npm": "exit 0"}, "js", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, bin := checkout(t), tools(t, c.tools)
			cmd := exec.Command(filepath.Join(bin, "sh"), filepath.Join(dir, "e2e", "needs.sh"), c.args)
			cmd.Env = []string{"PATH=" + bin}
			out, err := cmd.CombinedOutput()
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			if got := lines[len(lines)-1]; got != c.want || (err == nil) != (c.want == "") {
				t.Errorf("%v: %q, want %q last", err, lines, c.want)
			}
		})
	}
}

// build.sh says it before it does anything else.
func TestBuildWithoutGo(t *testing.T) {
	dir, bin := checkout(t), tools(t, nil)
	cmd := exec.Command(filepath.Join(bin, "sh"), filepath.Join(dir, "build.sh"))
	cmd.Env = []string{"PATH=" + bin}
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.HasPrefix(string(out), "Go is missing: ") || strings.Count(string(out), "\n") != 1 {
		t.Errorf("%v: %s", err, out)
	}
}

const oldNode = `case "$1" in --version) echo v18.19.0 ;; *) exit 1 ;; esac`

// checkout is a folder with the scripts, in which no Node.js was installed.
func checkout(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "e2e", "node"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"go.mod", "build.sh", "e2e/needs.sh"} {
		text, err := os.ReadFile(filepath.Join("../../..", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// tools is a folder for PATH with what every machine has, and these scripts.
func tools(t *testing.T, scripts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"sh", "sed", "awk", "dirname", "uname"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, script := range scripts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
