package feed

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

func TestOriginAllowed(t *testing.T) {
	for _, test := range []struct {
		origin, pattern string
		want            bool
	}{
		{"", "", true},
		{"http://feed.test", "", true},
		{"http://FEED.test:80", "", true},
		{"https://feed.test", "", true}, // a proxy may have ended TLS
		{"http://feed.test:8080", "", false},
		{"https://feed.test.evil", "", false},
		{"http://evil.test", "", false},
		{"null", "", false},
		{"file://", "", false},
		{"capacitor://feed.test", "", false},
		{"https://www.example.com", "*.example.com", true},
		{"https://WWW.EXAMPLE.COM", "*.Example.com", true},
		{"https://example.com", "*.example.com", false},
		{"https://evilexample.com", "*.example.com", false},
		{"https://example.com.evil", "*.example.com", false},
		{"capacitor://www.example.com", "*.example.com", false},
		{"https://other.test", "https://other.test", true},
		{"http://other.test", "https://other.test", false},
		{"https://other.test", "https://other.test:443", true},
		{"https://other.test:443", "https://other.test", true},
		{"http://other.test:80", "http://other.test", true},
		{"http://other.test:443", "http://other.test", false},
		{"http://1.2.3.4:5000", "1.2.3.4:*", true},
		{"http://[::1]:5000", "http://[[]::1]:5000", true},
		{"http://[::1]:5000", "[::1]:5000", true},
		{"http://[::1]:5000", "http://[::1]:*", true},
		{"https://[2001:db8::1]", "https://[2001:DB8::1]:443", true},
		{"http://[::1]:5000", "[::2]:5000", false},
		{"https://b.example.com", "https://[ab].example.com", true},
		{"null", "null", true},
		{"null", "*", true},
		{"file://", "file://", true},
		{"file://", "*", true},
		{"file://", "null", false},
		{"capacitor://localhost", "capacitor://localhost", true},
		{"capacitor://localhost", "app://localhost", false},
		{"chrome-extension://abcdef", "chrome-extension://*", true},
		{"chrome-extension://abcdef", "*-extension://*", true},
		{"anything", "*", true},
	} {
		f := &Feed{}
		if test.pattern != "" {
			var err error
			if f.origins, err = parseOriginPatterns([]string{"unrelated.test", test.pattern}); err != nil {
				t.Errorf("pattern %q: %v", test.pattern, err)
				continue
			}
		}
		r := httptest.NewRequest("GET", "http://feed.test/", nil)
		if test.origin != "" {
			r.Header.Set("Origin", test.origin)
		}
		if got := f.originAllowed(r); got != test.want {
			t.Errorf("Origin %q, pattern %q: allowed is %v", test.origin, test.pattern, got)
		}
	}
}

func TestTwoOriginsAreRefused(t *testing.T) {
	for _, second := range []string{"http://evil.test", "http://feed.test", ""} {
		r := httptest.NewRequest("GET", "http://feed.test/", nil)
		r.Header["Origin"] = []string{"http://feed.test", second}
		if (&Feed{origins: []originPattern{{whole: "*"}}}).originAllowed(r) {
			t.Errorf("a second Origin %q is passed over", second)
		}
	}
}

func TestOriginBehindAProxyThatChangesHost(t *testing.T) {
	f := &Feed{options: Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}}
	for _, test := range []struct {
		peer, host string
		want       bool
	}{
		{"10.1.2.3:4", "example.com", true},
		{"9.9.9.9:4", "example.com", false},
		{"10.1.2.3:4", "example.com:443", true},
		{"10.1.2.3:4", "example.com, inner.test", true}, // each of two proxies has added what it was asked for
		{"10.1.2.3:4", "example.com,inner.test", true},
		{"10.1.2.3:4", "inner.test, example.com", false},
		{"9.9.9.9:4", "example.com, inner.test", false},
	} {
		r := httptest.NewRequest("GET", "http://app/", nil)
		r.RemoteAddr = test.peer
		r.Header.Set("Origin", "https://example.com")
		r.Header.Set("X-Forwarded-Host", test.host)
		if got := f.originAllowed(r); got != test.want {
			t.Errorf("%+v: allowed is %v", test, got)
		}
	}
}

func TestOriginPatternsThatNeverMatch(t *testing.T) {
	for pattern, says := range map[string]string{
		"":                    "empty",
		"https://x/":          "path",
		"https://x/page":      "path",
		"x/y":                 "path",
		"https://":            "no host",
		"://x":                "no scheme",
		"https://x?y":         "query",
		"https://user@x":      "user",
		"wss://x":             "http://",
		"ws://x":              "http://",
		"bücher.example":      "xn--",
		"a b":                 "space",
		"https://x, https://": "space",
		"[a":                  "syntax",
		"https://[a":          "syntax",
	} {
		_, err := New(Options{OriginPatterns: []string{pattern}})
		if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "OriginPatterns") {
			t.Errorf("%q: %v; want a word of %q", pattern, err, says)
		}
	}
}

func TestRefusedOriginIsClosedAndLogged(t *testing.T) {
	s := serve(t, Options{}).ready()
	host := strings.TrimPrefix(s.url, "http://")
	s.dialWith("wakesocket=1", http.Header{"Origin": {"http://" + host}}).read()
	p := s.dialWith("wakesocket=1", http.Header{"Origin": {"https://evil.test"}})
	if ce := p.closed(); ce.Code != wire.CloseForbidden || p.frames > 0 {
		t.Fatalf("%+v", ce)
	}
	lines := s.log.with("origin refused")
	if len(lines) != 1 || lines[0]["origin"] != "https://evil.test" || lines[0]["host"] != host {
		t.Fatalf("%v", lines)
	}
	if advice := lines[0]["advice"].(string); !strings.Contains(advice, "OriginPatterns") || !strings.Contains(advice, "proxy_set_header Host") {
		t.Fatalf("%s", advice)
	}
}
