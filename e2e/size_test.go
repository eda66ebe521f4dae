package e2e

import (
	"bytes"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/andybalholm/brotli"
)

// The pages tell the compressed size of what a page loads, in kB.
func TestDocumentedSizes(t *testing.T) {
	requireDist(t)
	for _, told := range []struct{ page, before, after, name string }{
		{"../README.md", "`client.wasm` is ", " kB", "client.wasm"},
		{"../README.md", "`shim.js` (", " kB)", "shim.js"},
		{"peers/README.md", "| kB in the page (brotli) | **", " + ", "shim.js"},
		{"peers/README.md", " + ", "** (data come", "client.wasm"},
	} {
		text, err := os.ReadFile(told.page)
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(regexp.QuoteMeta(told.before) + `(\d+)` + regexp.QuoteMeta(told.after)).FindSubmatch(text)
		if found == nil {
			t.Errorf("%s does not tell the size of %s", told.page, told.name)
			continue
		}
		is, err := os.Stat(filepath.Join(dist, told.name+".br"))
		if err != nil {
			t.Fatalf("%v: run `make build` first", err)
		}
		if kB, err := strconv.Atoi(string(found[1])); err != nil || math.Abs(float64(is.Size())/1000-float64(kB)) > 1 {
			t.Errorf("%s says that %s takes %s kB; it takes %d bytes", told.page, told.name, found[1], is.Size())
		}
	}
}

// What a page loads must not grow unseen. In thousands of bytes, compressed.
func TestSizes(t *testing.T) {
	requireDist(t)
	for name, limit := range map[string]int{"client.wasm": 435, "shim.js": 33, "shared.js": 5, "shared-worker.js": 24} {
		plain, err := os.ReadFile(filepath.Join(dist, name))
		if err != nil {
			t.Fatal(err)
		}
		compressed, err := os.ReadFile(filepath.Join(dist, name+".br"))
		if err != nil {
			t.Fatalf("%v: run `make build` first", err)
		}
		if back, err := io.ReadAll(brotli.NewReader(bytes.NewReader(compressed))); err != nil || !bytes.Equal(back, plain) {
			t.Errorf("%s.br does not hold %s: %v", name, name, err)
		}
		t.Logf("%s: %.1f kB, %.1f kB compressed, of %d", name, float64(len(plain))/1e3, float64(len(compressed))/1e3, limit)
		if len(compressed) > limit*1000 {
			t.Errorf("%s takes %d bytes compressed; at most %d kB", name, len(compressed), limit)
		}
		if other := bytes.IndexFunc(plain, func(r rune) bool { return r > unicode.MaxASCII }); strings.HasSuffix(name, ".js") && other >= 0 {
			t.Errorf("%s has a character beyond ASCII in byte %d, so that V8 takes two bytes for each of them", name, other)
		}
	}
}

// What a page pays for client.wasm after its download is printed, and not judged:
// it depends on the machine.
func TestCostOfTheEngine(t *testing.T) {
	requireDist(t)
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	wasmExec := filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js")
	for _, name := range []string{"client.wasm", "client.debug.wasm"} {
		out, err := exec.Command("node", "testdata/measure-wasm.cjs", wasmExec, filepath.Join(dist, name)).CombinedOutput()
		if err != nil || !strings.Contains(string(out), "memory") {
			t.Fatalf("%s does not start: %v\n%s", name, err, out)
		}
		t.Logf("%s: %s", name, bytes.TrimSpace(out))
	}
}

// A program that only mounts the feed stays small, and carries nothing that it did
// not ask for.
func TestSizeOfAProgramThatMountsTheFeed(t *testing.T) {
	const limit = 7_500_000
	program := filepath.Join(t.TempDir(), "mount")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", program, "./testdata/mount")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	info, err := os.Stat(program)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%.2f MB of %.1f", float64(info.Size())/1e6, limit/1e6)
	if info.Size() > limit {
		t.Errorf("it takes %d bytes; at most %d", info.Size(), limit)
	}
	packages, err := exec.Command("go", "list", "-deps", "./testdata/mount").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, stranger := range []string{"prometheus", "pgx", "rueidis", "nats", "centrifuge", "gopsutil"} {
		if strings.Contains(string(packages), stranger) {
			t.Errorf("it carries %s", stranger)
		}
	}
}
