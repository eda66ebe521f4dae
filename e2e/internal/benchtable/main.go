// Command benchtable repeats what go test -bench writes, and adds tables for the
// documents at the end:
//
//	go test -run '^$' -bench . ./web/store/... | go run ./e2e/internal/benchtable
//
// It ends with status 1 when a benchmark failed, since a pipe hides that.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func main() {
	failed, err := tables(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchtable:", err)
	}
	if failed || err != nil {
		os.Exit(1)
	}
}

// table has a row for each figure and a column for each log or server.
type table struct {
	rows, columns []string
	cells         map[[2]string]string // by row and column
}

func (t *table) put(row, column, value string) {
	if !slices.Contains(t.rows, row) {
		t.rows = append(t.rows, row)
	}
	if !slices.Contains(t.columns, column) {
		t.columns = append(t.columns, column)
	}
	if t.cells == nil {
		t.cells = map[[2]string]string{}
	}
	t.cells[[2]string{row, column}] = value
}

func (t *table) write(w io.Writer) {
	if len(t.rows) == 0 {
		return
	}
	fmt.Fprintf(w, "\n| | %s |\n|---|%s\n", strings.Join(t.columns, " | "), strings.Repeat("---|", len(t.columns)))
	for _, row := range t.rows {
		fmt.Fprintf(w, "| %s |", row)
		for _, column := range t.columns {
			fmt.Fprintf(w, " %s |", t.cells[[2]string{row, column}])
		}
		fmt.Fprintln(w)
	}
}

// result is a line such as "BenchmarkLog/publish/1-2  100  52 ns/op  19000 events/s".
// The number at the end of the name is of processors.
var result = regexp.MustCompile(`^Benchmark(\S+?)(?:-\d+)?\s+\d+\s+(.+)$`)

// tables copies the lines of from, and writes a table of the logs, which have the same
// benchmarks, and one of all other figures.
func tables(from io.Reader, to io.Writer) (failed bool, err error) {
	var (
		logs, others table
		folder       string
	)
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		line := lines.Text()
		fmt.Fprintln(to, line)
		if strings.HasPrefix(line, "FAIL") || strings.HasPrefix(line, "--- FAIL") {
			failed = true
		}
		if name, ok := strings.CutPrefix(line, "pkg: "); ok {
			folder = path.Base(name)
		}
		m := result.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		name, rest, _ := strings.Cut(m[1], "/")
		fields := strings.Fields(m[2])
		for i := 0; i+1 < len(fields); i += 2 {
			value, unit := fields[i], fields[i+1]
			switch first, _, _ := strings.Cut(rest, "/"); {
			case unit == "ns/op" && len(fields) > 2: // the others say more
			case first == "publish" || first == "follow" || first == "resume":
				logs.put(rest+", "+unit, logName(folder, name), short(value))
			default:
				others.put(folder+": "+m[1], unit, short(value))
			}
		}
	}
	logs.write(to)
	others.write(to)
	return failed, lines.Err()
}

// logName is the folder of the store, and which of several logs it opened.
func logName(folder, benchmark string) string {
	if benchmark == "Log" {
		return folder
	}
	return folder + ", " + strings.ToLower(benchmark)
}

// short is a number with three digits that count.
func short(text string) string {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return text
	}
	if value >= 100 {
		return strconv.FormatFloat(value, 'f', 0, 64)
	}
	return strconv.FormatFloat(value, 'g', 3, 64)
}
