package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

func TestOnlyHosts(t *testing.T) {
	own, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	served := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	handler := onlyHosts([]string{"Dashboard.example"}, served)
	for host, want := range map[string]int{
		"127.0.0.1:8080": 204, "[::1]:8080": 204, "[::1]": 204, "192.168.1.7": 204, "localhost:8080": 204, "LOCALHOST": 204,
		"app.localhost:8080": 204, "dashboard.example": 204, "dashboard.EXAMPLE:443": 204, own: 204, own + ".local:80": 204,
		"evil.test": 421, "evil.test:8080": 421, "127.0.0.1.evil.test": 421, "localhost.evil.test": 421, "evillocalhost": 421,
		"x.dashboard.example": 421, "": 421,
	} {
		for _, path := range []string{"/", "/feed", "/snapshot"} {
			r := httptest.NewRequest("GET", path, nil)
			r.Host = host
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if w.Code != want || want == 421 && !strings.Contains(w.Body.String(), "-host") {
				t.Errorf("%s of host %q: %d %s", path, host, w.Code, w.Body)
			}
		}
	}
}

// The whole dashboard is behind the check: a name that another site has pointed at
// this machine reads nothing, whatever its Origin.
func TestDNSRebindingReadsNothing(t *testing.T) {
	s := start(t)
	for _, path := range []string{"/", "/feed", "/plain", "/snapshot", "/metrics", "/debug/clients", "/faults"} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", s.base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = "evil.test"
		r.Header.Set("Origin", "http://evil.test")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusMisdirectedRequest {
			t.Errorf("%s: %s", path, answer.Status)
		}
	}
}
