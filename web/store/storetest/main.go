package storetest

import (
	"errors"
	"fmt"
	"os"
	"testing"
)

// Main runs the tests of a package beside one server, which set receives before
// they start. Where the server is not installed they are skipped, loudly, but
// never in CI.
func Main(m *testing.M, what string, start func(args ...string) (*Server, error), set func(*Server)) {
	server, err := start()
	if errors.Is(err, ErrMissing) && os.Getenv("CI") != "true" {
		fmt.Printf("SKIPPED: the %s store is not tested, since its server is not installed\n", what)
		os.Exit(0)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	set(server)
	code := m.Run()
	server.Stop()
	os.Exit(code)
}
