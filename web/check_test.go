package main

import (
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestHealth(t *testing.T) {
	s := start(t)
	for _, path := range []string{"/ready", "/alive"} {
		var out strings.Builder
		var err error
		for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) { // the feed has to reach its log first
			if err = askHealth(s.base+path, &out); err == nil || time.Now().After(end) {
				break
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		if want := path[1:] + "\n"; out.String() != want {
			t.Errorf("%s answers %q", path, out.String())
		}
	}
}

func TestHealthFails(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "draining", http.StatusServiceUnavailable)
	}))
	defer s.Close()
	var out strings.Builder
	if err := askHealth(s.URL, &out); err == nil || !strings.Contains(err.Error(), "503 Service Unavailable: draining") {
		t.Errorf("%v", err)
	}
	s.Close()
	if err := askHealth(s.URL, &out); err == nil || out.Len() > 0 {
		t.Errorf("%v %q", err, out.String())
	}
}

func TestNetworks(t *testing.T) {
	got, err := networks([]string{"10.0.0.0/8", "::1/128"})
	if err != nil || len(got) != 2 || got[0].String() != "10.0.0.0/8" || got[1].String() != "::1/128" {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := networks([]string{"10.0.0.0/8", "10.0.0.1"}); err == nil || !strings.Contains(err.Error(), `"10.0.0.1"`) {
		t.Errorf("%v", err)
	}
}

// A health check whose variable is empty must fail, and not start a server.
func TestCheckWithoutAnAddress(t *testing.T) {
	all := flag.CommandLine
	defer func() { flag.CommandLine = all }()
	for given, want := range map[string]bool{"-check=": true, "-check=http://a": true, "-addr=:1": false} {
		flag.CommandLine = flag.NewFlagSet("", flag.ContinueOnError)
		flag.String("check", "", "")
		flag.String("addr", "", "")
		if err := flag.CommandLine.Parse([]string{given}); err != nil || isGiven("check") != want {
			t.Errorf("%s: %v, %v", given, !want, err)
		}
	}
	if err := askHealth("", io.Discard); err == nil {
		t.Error("no address is asked")
	}
}
