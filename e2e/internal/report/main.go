// Report turns what runs of the tests measured into a table and a chart:
//
//	go test ./e2e/ && go run ./e2e/internal/report -table figures.md -chart figures.svg e2e/out/*.json
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/wakesocket/wakesocket/e2e/internal/figures"
)

func main() {
	table := flag.String("table", "", "file for the Markdown table; text on the standard output when empty")
	chart := flag.String("chart", "", "file for the SVG chart")
	flag.Parse()
	if err := report(flag.Args(), *table, *chart); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

func report(runs []string, table, chart string) error {
	if len(runs) == 0 {
		return errors.New("no measurements: name the files that `go test ./e2e/` leaves in e2e/out")
	}
	var results []figures.Result
	for _, name := range runs {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		var run []figures.Result
		if err := json.Unmarshal(data, &run); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		results = append(results, run...)
	}
	all := figures.Summarize(results)
	if chart != "" {
		if err := os.WriteFile(chart, []byte(figures.Chart(all)), 0o644); err != nil {
			return err
		}
	}
	if table == "" {
		fmt.Print(figures.Text(all))
		return nil
	}
	return os.WriteFile(table, []byte(head(len(runs))+figures.Markdown(all)), 0o644)
}

// head tells where and when it was measured.
func head(runs int) string {
	browser, err := exec.Command("chromium", "--version").Output()
	if err != nil {
		browser = []byte("Chromium")
	}
	version, _, _ := strings.Cut(strings.TrimSpace(string(browser)), " built")
	return fmt.Sprintf(`Every scenario of the tests: medians of %d runs of the whole suite, with the least and the most; counts are the worst of
all runs. %s, %d cores, %s, %s; made by `+"`make e2e-report`"+`.

The times count from the moment at which the page could have known: the death of the link, the wake. "Notice" is when
the page is told of a doubt. An aim of "no dial" means that nothing may be dialed, or nothing that wins.

`, runs, version, runtime.NumCPU(), runtime.GOOS, time.Now().Format(time.DateOnly))
}
