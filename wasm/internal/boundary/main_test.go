package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

const example = `package session

// Name is a text with constants.
type Name string

const (
	One Name = "one"
	Two Name = "two"
)

// Options of a test.
type Options struct {
	ConsecutiveIDs bool // ids count up
	Heartbeat time.Duration
}

type (
	// Tick says that time passed.
	Tick struct{}
	// Opened has two fields.
	Opened struct {
		Generation int
		URL        string // the address
	}
	// State is an effect.
	State struct{ Name Name }
)

func (Tick) input()   {}
func (Opened) input() {}
func (State) effect() {}
`

// folder holds a package session.
func folder(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "session.go"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// The files of the repository are what the generator writes: an opcode, a field or a
// word that was changed by hand on one side fails here.
func TestGeneratedFilesAreUpToDate(t *testing.T) {
	if err := run("../../session", "../bridge/boundary_gen.go", "../../../shim", true); err != nil {
		t.Error(err)
	}
}

// A shim.js knows a client.wasm whose boundary is another one.
func TestBuildIsThatOfTheBoundary(t *testing.T) {
	build := func(text string) (goBuild, jsBuild string) {
		m, err := read(folder(t, text))
		if err != nil {
			t.Fatal(err)
		}
		goText, jsText := sides(m)
		_, goBuild, _ = strings.Cut(goText, "const build = ")
		_, jsBuild, _ = strings.Cut(jsText, "export const build = ")
		return strings.TrimSpace(goBuild), strings.TrimRight(jsBuild, ";\n")
	}
	one, same := build(example)
	if one != same || !strings.HasPrefix(one, `"`+wire.Release+"-") || len(one) != len(wire.Release)+len(`"-00000000"`) {
		t.Errorf("the builds are %s and %s", one, same)
	}
	if other, _ := build(strings.Replace(example, "URL ", "Address ", 1)); other == one {
		t.Errorf("another boundary has the same build %s", other)
	}
}

func TestBothSidesAgree(t *testing.T) {
	m, err := read(folder(t, example))
	if err != nil {
		t.Fatal(err)
	}
	for _, side := range []struct {
		name, text string
		want       []string
	}{
		{"Go", goSide(m), []string{
			"\topTick = 0\n",
			"case 0:\n\t\treturn session.Tick{}\n",
			"case 1:\n\t\treturn session.Opened{Generation: args.int(), URL: args.text()}\n",
			`case session.State:` + "\n\t\t" + `return map[string]any{"type": "state", "name": string(e.Name)}`,
			`if args := from.get("consecutiveIds"); args != nil {` + "\n\t\topt.ConsecutiveIDs = args.bool()",
			`if args := from.get("heartbeat"); args != nil {` + "\n\t\topt.Heartbeat = args.duration()",
			`"type": "timer", "at": milliseconds(at), "every": milliseconds(every)`,
		}},
		{"JavaScript", jsSide(m), []string{
			"case \"tick\":\n      return [0];",
			"case \"opened\":\n      return [1, input.generation, input.url];",
			`/** @typedef {"one" | "two"} Name */`,
			" * @property {string} url the address\n",
			" * @property {\"state\"} type\n * @property {Name} name\n",
			" * @property {boolean} [consecutiveIds] ids count up\n",
			"durations = /** @type {const} */ ([\n  \"heartbeat\",\n]);",
			"@typedef {TickInput | OpenedInput} Input\n",
			"@typedef {StateEffect | TimerEffect} Effect\n",
		}},
		{"wire", jsWire(), []string{`release = "`, `gapReasons = /** @type {const} */ (["`, `serverErrorCodes = /** @type {const} */ (["`}},
	} {
		for _, part := range side.want {
			if !strings.Contains(side.text, part) {
				t.Errorf("the %s side lacks %q:\n%s", side.name, part, side.text)
			}
		}
	}
}

func TestWhatCannotCrossIsRefused(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"a type without a form":      {strings.Replace(example, "Generation int", "Generation map[string]int", 1), "Opened.Generation is of type"},
		"an input that is no struct": {example + "\nfunc (Name) input() {}\n", "Name is not a struct"},
		"no options":                 {strings.Replace(example, "type Options struct", "type Other struct", 1), "Options is not a struct"},
		"what does not parse":        {"package", "expected"},
	} {
		if _, err := read(folder(t, c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// -check says in one sentence what to do, and writes nothing.
func TestCheck(t *testing.T) {
	dir := folder(t, example)
	goFile, jsFolder := filepath.Join(dir, "out_gen.go"), t.TempDir()
	stale := func(want string) {
		t.Helper()
		err := run(dir, goFile, jsFolder, true)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "run make generate") {
			t.Errorf("%v, want that %s is out of date", err, want)
		}
	}
	if err := run(dir, goFile, jsFolder, false); err != nil {
		t.Fatal(err)
	}
	// The file that was written is no input of the next run.
	source := filepath.Join(t.TempDir(), "source")
	if err := os.Mkdir(source, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "session.go"), filepath.Join(source, "session.go")); err != nil {
		t.Fatal(err)
	}
	dir = source
	if err := run(dir, goFile, jsFolder, true); err != nil {
		t.Errorf("just written: %v", err)
	}
	for _, file := range []string{goFile, filepath.Join(jsFolder, "boundary.gen.js"), filepath.Join(jsFolder, "wire.gen.js")} {
		right, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		wrong := strings.Replace(string(right), "e", "f", 1)
		if err := os.WriteFile(file, []byte(wrong), 0o600); err != nil {
			t.Fatal(err)
		}
		stale(filepath.Base(file))
		if now, err := os.ReadFile(file); err != nil || string(now) != wrong {
			t.Errorf("-check has written %s (%v)", file, err)
		}
		if err := run(dir, goFile, jsFolder, false); err != nil {
			t.Fatal(err)
		}
		if now, err := os.ReadFile(file); err != nil || string(now) != string(right) {
			t.Errorf("%s is not written anew (%v)", file, err)
		}
	}
	if err := os.Remove(goFile); err != nil {
		t.Fatal(err)
	}
	stale("out_gen.go")
}
