// Mutants runs the tests with each deliberate bug in the source, and says which
// they do not notice.
//
//	go run ./wasm/internal/mutants/cmd [-suite name,…] [-match text]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wakesocket/wakesocket/wasm/internal/mutants"
)

func main() {
	suites := flag.String("suite", "", "comma-separated `names` of the suites to run; all without it")
	match := flag.String("match", "", "run only mutants whose name or file holds this `text`")
	verbose := flag.Bool("v", false, "print what the tests say of each mutant")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	root, err := os.Getwd()
	if err != nil {
		fail(err)
	}
	total, caught := 0, 0
	sound := map[string]bool{} // directories whose tests pass without a bug
	for _, suite := range mutants.Suites() {
		if *suites != "" && !slices.Contains(strings.Split(*suites, ","), suite.Name) {
			continue
		}
		for _, m := range suite.Mutants {
			if !strings.Contains(m.Name+" "+m.File, *match) {
				continue
			}
			if dir := filepath.Dir(m.File); !sound[dir] {
				if err := suite.Sound(ctx, root, m); err != nil {
					fail(err)
				}
				sound[dir] = true
			}
			noticed, output, err := suite.Caught(ctx, root, m)
			if err != nil {
				fail(err)
			}
			total++
			verdict := "SURVIVED"
			if noticed {
				caught++
				verdict = "caught"
			}
			fmt.Printf("%-8s  %-8s  %s: %s\n", verdict, suite.Name, m.File, m.Name)
			if *verbose {
				fmt.Println(output)
			}
		}
	}
	fmt.Printf("%d of %d mutants are caught\n", caught, total)
	if caught < total {
		os.Exit(1)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(2)
}
