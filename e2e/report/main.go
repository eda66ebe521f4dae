// Report turns what the scenarios of e2e measured into report.md and report.svg
// beside it:
//
//	go test -run '^$' -bench Figures -benchtime 5x ./e2e/ && go run ./e2e/report
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/wakesocket/wakesocket/e2e/figures"
)

// out is where the tests leave their measurements, from the top of the project.
const out = "e2e/out"

func main() {
	if err := report(); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

func report() error {
	data, err := os.ReadFile(filepath.Join(out, "scenarios.json"))
	if err != nil {
		return fmt.Errorf("%w: run the scenarios first, from the top of the project: go test ./e2e/", err)
	}
	var results []figures.Result
	if err := json.Unmarshal(data, &results); err != nil {
		return err
	}
	all := figures.Summarize(results)
	fmt.Print(figures.Text(all))
	for name, text := range map[string]string{"report.md": figures.Markdown(all), "report.svg": figures.Chart(all)} {
		if err := os.WriteFile(filepath.Join(out, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
