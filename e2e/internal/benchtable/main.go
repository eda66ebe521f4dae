// Command benchtable repeats what go test -bench writes, and adds tables for the
// documents at the end, one for each question:
//
//	go test -run '^$' -bench . ./web/store/... | go run ./e2e/internal/benchtable
//
// It ends with status 1 when a benchmark failed, since a pipe hides that. With -write
// the tables also take the place of those in a document, unless one failed.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"
)

func main() {
	file := flag.String("write", "", "a document: the tables replace what it has between "+begin+" and "+end)
	flag.Parse()
	if err := run(os.Stdin, os.Stdout, *file, where()); err != nil {
		fmt.Fprintln(os.Stderr, "benchtable:", err)
		os.Exit(1)
	}
}

var errFailed = errors.New("a benchmark failed")

// run copies what it reads and adds the tables. The line says where the figures are from.
func run(from io.Reader, to io.Writer, file, line string) error {
	if file != "" { // before the benchmarks, which take long
		if _, err := replaced(file, nil); err != nil {
			return err
		}
	}
	results, cpu, err := copied(from, to)
	var text bytes.Buffer
	if results.write(&text); text.Len() > 0 {
		fmt.Fprintf(to, "\n%s\n", text.Bytes())
	} else if file != "" {
		err = errors.Join(err, errors.New("no benchmark ran, so the document stays as it is"))
	}
	if err != nil || file == "" {
		return err
	}
	document, err := replaced(file, append([]byte(strings.ReplaceAll(line, "{cpu}", cpu)), text.Bytes()...))
	if err != nil {
		return err
	}
	return os.WriteFile(file, document, 0o644)
}

// where says on what machine this runs, and what else ran there at the beginning.
func where() string {
	load, _ := os.ReadFile("/proc/loadavg") // not every system tells it
	return machine(time.Now().Format(time.DateOnly), runtime.NumCPU(), runtime.Version(), string(load))
}

// machine has {cpu} in the place of the processor, which the benchmarks tell.
func machine(date string, cores int, version, load string) string {
	line := fmt.Sprintf("%s, %d cores ({cpu}), %s", date, cores, version)
	if fields := strings.Fields(load); len(fields) > 0 {
		line += "; load of the machine before: " + fields[0]
		if busy, err := strconv.ParseFloat(fields[0], 64); err == nil && busy > float64(cores)/2 {
			line += ": other programs kept it busy, so these are low ends"
		}
	}
	return line + ".\n"
}

// result is a line such as "BenchmarkLog/publish/1-2  100  52 ns/op  19000 events/s".
// The number at the end of the name is of processors.
var result = regexp.MustCompile(`^Benchmark(\S+?)(?:-\d+)?\s+\d+\s+(.+)$`)

// copied copies the lines, and returns the figures among them.
func copied(from io.Reader, to io.Writer) (results *answers, cpu string, err error) {
	results = &answers{}
	var folder string
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		fmt.Fprintln(to, line)
		if strings.HasPrefix(line, "FAIL") || strings.HasPrefix(line, "--- FAIL") {
			err = errFailed
		}
		if name, ok := strings.CutPrefix(line, "pkg: "); ok {
			folder = name[strings.LastIndex(name, "/")+1:]
		}
		if name, ok := strings.CutPrefix(line, "cpu: "); ok {
			cpu = name
		}
		m := result.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		fields := strings.Fields(m[2])
		for i := 0; i+1 < len(fields); i += 2 {
			if value, unit := fields[i], fields[i+1]; unit != "ns/op" || len(fields) == 2 { // the others say more
				results.add(folder, strings.ReplaceAll(m[1], "_", " "), unit, value)
			}
		}
	}
	return results, cpu, errors.Join(err, lines.Err())
}
