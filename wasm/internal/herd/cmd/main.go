// Command cmd lets herds of 100,000 clients come back and writes what that costs.
//
//	go run ./wasm/internal/herd/cmd -table herd.md -chart herd.svg
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/wakesocket/wakesocket/wasm/internal/herd"
)

func main() {
	table := flag.String("table", "", "file for the Markdown table; the standard output when empty")
	chart := flag.String("chart", "", "file for the SVG chart")
	part := flag.Int("part", 1, "divide the number of clients, and the server, by this")
	seed := flag.Uint64("seed", 1, "of all chance")
	flag.Parse()
	if err := run(*table, *chart, max(*part, 1), *seed); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(table, chart string, part int, seed uint64) error {
	var scenarios []herd.Scenario
	for _, s := range herd.Scenarios {
		scenarios = append(scenarios, s.Small(part))
	}
	results := herd.RunAll(scenarios, seed)
	if chart != "" {
		if err := os.WriteFile(chart, []byte(herd.Chart(scenarios, results)), 0o644); err != nil {
			return err
		}
	}
	if table == "" {
		fmt.Print(herd.Table(scenarios, results))
		return nil
	}
	return os.WriteFile(table, []byte(herd.Table(scenarios, results)), 0o644)
}
