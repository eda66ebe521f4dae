package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// result is what one run of a scenario measured, in seconds.
type result struct {
	Scenario string  `json:"scenario"`
	Column   string  `json:"column,omitempty"` // of the table of figures
	Figure   float64 `json:"figure,omitempty"` // the aim for Dial
	Dial     float64 `json:"dial,omitempty"`   // to the next dial
	Live     float64 `json:"live,omitempty"`   // until all was asserted to be well
	Sockets  int     `json:"sockets"`          // opened in all
}

var results struct {
	sync.Mutex
	all []result
}

func report(r result) {
	results.Lock()
	defer results.Unlock()
	results.all = append(results.all, r)
}

// writeReport prints what was measured, medians over the rounds, and leaves
// every measurement in out/scenarios.json.
func writeReport() error {
	if len(results.all) == 0 {
		return nil
	}
	fmt.Printf("\n%-72s %8s %8s %8s %8s %8s\n", "seconds to the next dial", "figure", "median", "min", "max", "sockets")
	for i, r := range results.all {
		same := func(other result) bool { return other.Scenario == r.Scenario }
		if slices.IndexFunc(results.all, same) != i {
			continue
		}
		var dials []float64
		sockets := 0
		for _, other := range results.all {
			if same(other) {
				dials, sockets = append(dials, other.Dial), max(sockets, other.Sockets)
			}
		}
		slices.Sort(dials)
		name := strings.TrimSpace(r.Column + "  " + r.Scenario)
		if r.Figure == 0 {
			fmt.Printf("%-72s %8s %8s %8s %8s %8d\n", name, "none", "", "", "", sockets)
			continue
		}
		fmt.Printf("%-72s %8.2f %8.3f %8.3f %8.3f %8d\n", name, r.Figure, dials[len(dials)/2], dials[0], dials[len(dials)-1], sockets)
	}
	data, err := json.MarshalIndent(results.all, "", "\t")
	if err != nil {
		return err
	}
	if err := os.MkdirAll("out", 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join("out", "scenarios.json"), data, 0o644)
}
