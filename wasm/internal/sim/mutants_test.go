package sim

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// mutants are deliberate bugs in the session: each must be found by the days that
// it makes go wrong. `in` is put in the place of `out`, which must be there once.
var mutants = []struct{ name, file, out, in string }{
	{"a stale close is taken for the live socket's", "socket.go",
		`case s.live.is(in.Generation):`,
		`case s.live != nil && !s.dial.is(in.Generation):`},
	{"the jitter is clipped away at the cap", "backoff.go",
		`return time.Duration(random * float64(bound))`,
		`return min(time.Duration((1+random)*float64(bound)), limit)`},
	{"the backoff begins anew on every open", "socket.go",
		`k.enter(open, s.now.Mono)`,
		`k.enter(open, s.now.Mono); s.attempt = 0`},
	{"there is no backoff", "dial.go",
		`if failures > 0 {`,
		`if failures > 1<<20 {`},
	{"an answer that a freeze kept back counts as missed", "wake.go",
		"\t\tk.check = nil\n",
		""},
	{"a late tick is a tick like any other", "session.go",
		`case lost != gap{}:`,
		`case lost.jump > never:`},
	{"the cursor moves with events that are withheld", "session.go",
		`if mask[i] && id != "" {`,
		`if id != "" {`},
	{"the cursor follows every hello", "session.go",
		"case in.Resumed:\n",
		"case in.Resumed:\n\t\ts.cursor = in.Position\n"},
	{"what two sockets bring is delivered twice", "session.go",
		`s.seen.add(id))`,
		`(s.seen.add(id) || true))`},
	{"a gap is kept from the page", "session.go",
		`s.emit(*in.Gap)`,
		``},
	{"an overlap longer than the memory of ids is replayed", "socket.go",
		`s.delivered-k.delivered > ringSize`,
		`s.delivered < 0`},
	{"a gap is told that the old socket has closed", "session.go",
		`!k.greeted && k.after != s.cursor`,
		`false && k.after != s.cursor`},
	{"the dial forgets the cursor", "dial.go",
		`Dial{Generation: s.gen, After: s.cursor,`,
		`Dial{Generation: s.gen,`},
	{"a silent socket is never suspected", "life.go",
		`suspectAt: now + grace,`,
		`suspectAt: now + s.opt.HeartbeatTimeout,`},
	{"the loser of two sockets is not closed", "socket.go",
		"\t\ts.abandon(old, codeAbandoned, \"no sign of life\")\n",
		""},
	{"a socket that is given up is waited for", "life.go",
		"\t\t\ts.lost(k.check.cause)\n\t\t\ts.abandon(k, codeAbandoned, \"no answer to a ping\")\n",
		"\t\t\tk.check.giveUpAt = never\n"},
	{"a dial never times out", "dial.go",
		`case s.dial.phase == dialing && s.slow == 0:`,
		"case s.dial.phase == dialing:\n\t\treturn never\n\tcase s.slow == 0:"},
	{"a replaced dial forgets that its token was refused", "dial.go",
		`Fresh: s.refreshed,`,
		`Fresh: s.refreshed && s.lastDial < 0,`},
	{"a focus opens a closed feed again", "session.go",
		"case Wake:\n",
		"case Wake:\n\t\tif !s.running {\n\t\t\ts.start()\n\t\t}\n"},
	{"no retry while the browser says offline", "dial.go",
		`return s.running && (s.live == nil ||`,
		`return s.running && s.online && (s.live == nil ||`},
	{"the server's advice is ignored", "socket.go",
		`case advised:`,
		`case advised && s.attempt < 0:`},
	{"live is shown while the replay is under way", "session.go",
		`k.greeted, k.caughtUp = true, in.Live`,
		`k.greeted, k.caughtUp = true, true`},
	{"the memory of ids grows", "ring.go",
		`if len(r.order) < ringSize {`,
		`if len(r.order) < 100*ringSize {`},
}

// TestEveryMutantIsFound builds the command with each bug put over the session's
// source, which stays as it is.
func TestEveryMutantIsFound(t *testing.T) {
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			command := filepath.Join(t.TempDir(), "sim")
			build := exec.Command("go", "build", "-ldflags=-s -w", "-overlay", overlay(t, m.file, m.out, m.in), "-o", command, "./cmd")
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			out, err := exec.Command(command, "-seeds", "8000", "-tell=false").CombinedOutput()
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
