// Command cmd lives through many seeded days of the session and tells of the
// first that goes wrong, as a story.
//
//	go run ./wasm/internal/sim/cmd -seeds 20000
//	go run ./wasm/internal/sim/cmd -seed 4711 -trace
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/wakesocket/wakesocket/wasm/internal/sim"
)

func main() {
	seeds := flag.Int("seeds", 1000, "days to live through")
	first := flag.Uint64("from", 1, "seed of the first")
	seed := flag.Uint64("seed", 0, "live through this one only")
	tell := flag.Bool("tell", true, "shrink the day that goes wrong and tell it as a story")
	trace := flag.Bool("trace", false, "with -seed: tell what happened even if all went well")
	flag.Parse()
	if *seed != 0 {
		*first, *seeds = *seed, 1
	}
	summary := sim.Run(*first, *seeds)
	fmt.Println(summary)
	if summary.Failed != nil {
		if *tell {
			fmt.Println(sim.Tell(*summary.Failed))
		} else {
			fmt.Printf("seed %d: %v\n", summary.Failed.Config.Seed, summary.Failed.Run().Violation)
		}
		os.Exit(1)
	}
	if *seed != 0 && *trace {
		day := sim.Generate(*seed)
		fmt.Println(day)
		for _, line := range day.Replay().Trace {
			fmt.Println(line)
		}
	}
}
