package feed

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func TestClientAddress(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, test := range []struct{ peer, headers, want string }{
		{"1.2.3.4:5", "", "1.2.3.4"},
		{"1.2.3.4:5", "X-Forwarded-For: 9.9.9.9", "1.2.3.4"},
		{"1.2.3.4:5", "Forwarded: for=9.9.9.9", "1.2.3.4"},
		{"10.0.0.1:5", "X-Forwarded-For: 9.9.9.9", "9.9.9.9"},
		{"10.0.0.1:5", "X-Forwarded-For: 9.9.9.9:51234", "9.9.9.9"},
		{"10.0.0.1:5", "X-Forwarded-For: [2001:db8::1]:443", "2001:db8::1"},
		{"10.0.0.1:5", "X-Forwarded-For: [2001:db8::1]", "2001:db8::1"},
		{"10.0.0.1:5", "X-Forwarded-For: ::ffff:9.9.9.9", "9.9.9.9"},
		{"10.0.0.1:5", "X-Forwarded-For: [2001:db8::1", "10.0.0.1"},
		{"10.0.0.1:5", "X-Forwarded-For: 6.6.6.6, 9.9.9.9, 10.0.0.2", "9.9.9.9"},
		{"10.0.0.1:5", "X-Forwarded-For: 6.6.6.6\nX-Forwarded-For: 9.9.9.9", "9.9.9.9"},
		{"10.0.0.1:5", "X-Forwarded-For: rubbish", "10.0.0.1"},
		{"10.0.0.1:5", "X-Forwarded-For: 6.6.6.6, rubbish", "10.0.0.1"},
		{"10.0.0.1:5", "X-Forwarded-For: 6.6.6.6, rubbish, 10.0.0.2", "10.0.0.2"},
		{"10.0.0.1:5", "X-Forwarded-For: 10.0.0.7", "10.0.0.7"},
		{"10.0.0.1:5", "X-Real-IP: 9.9.9.9", "9.9.9.9"},
		{"10.0.0.1:5", "X-Real-IP: 9.9.9.9:80", "9.9.9.9"},
		{"10.0.0.1:5", "Forwarded: for=9.9.9.9", "9.9.9.9"},
		{"10.0.0.1:5", `Forwarded: proto=https;For="[2001:db8::1]:443";by=10.0.0.1`, "2001:db8::1"},
		{"10.0.0.1:5", "Forwarded: for=6.6.6.6, for=9.9.9.9;proto=http, for=10.0.0.2", "9.9.9.9"},
		{"10.0.0.1:5", "Forwarded: for=9.9.9.9, for=_hidden", "10.0.0.1"},
		{"10.0.0.1:5", "Forwarded: for=unknown", "10.0.0.1"},
		{"10.0.0.1:5", `Forwarded: for="9.9.9.9:_port"`, "9.9.9.9"}, // RFC 7239, 6: a port may be hidden, too
		{"10.0.0.1:5", `Forwarded: for="[2001:db8::1]:_p.o-r_t"`, "2001:db8::1"},
		{"10.0.0.1:5", `Forwarded: for="[2001:db8::1]x:5"`, "10.0.0.1"},
		{"10.0.0.1:5", "X-Forwarded-For: 9.9.9.9:", "9.9.9.9"},
		{"10.0.0.1:5", "X-Forwarded-For: 9.9.9.9, , 10.0.0.2,", "9.9.9.9"}, // empty elements of a list count for nothing: RFC 9110, 5.6.1
		{"10.0.0.1:5", "X-Forwarded-For: 9.9.9.9, unknown,", "10.0.0.1"},
		{"10.0.0.1:5", "X-Forwarded-For: fe80::9%eth0", "fe80::9"},
		{"10.0.0.1:5", "X-Forwarded-For:  ", "10.0.0.1"},
		{"10.0.0.1:5", "Forwarded: proto=https", "10.0.0.1"},
		{"10.0.0.1:5", "X-Forwarded-For: 9.9.9.9, 10.0.0.2\nX-Real-IP: 10.0.0.2", "9.9.9.9"},
		{"10.0.0.1:5", "X-Forwarded-For: 9.9.9.9\nForwarded: for=9.9.9.9", "9.9.9.9"},
		{"10.0.0.1:5", "X-Forwarded-For: 6.6.6.6\nForwarded: for=9.9.9.9", "10.0.0.1"}, // one of them is the client's
		{"[::ffff:10.0.0.1]:5", "X-Forwarded-For: 2001:db8::1", "2001:db8::1"},
		{"[fd00::2]:5", "X-Forwarded-For: 9.9.9.9", "9.9.9.9"},
		{"[fd00::1%eth0]:5", "X-Forwarded-For: 9.9.9.9", "9.9.9.9"}, // a proxy on the same link
		{"[fe80::1%eth0]:5", "X-Forwarded-For: 9.9.9.9", "fe80::1"},
		{"rubbish", "X-Forwarded-For: 9.9.9.9", "invalid IP"},
		{"@", "X-Forwarded-For: 9.9.9.9", "9.9.9.9"}, // a unix socket
		{"@", "", "invalid IP"},
	} {
		f := &Feed{options: Options{TrustedProxies: proxies, Logger: slog.New(slog.DiscardHandler)}}
		r := request(test.peer, test.headers)
		if got := f.clientAddress(r).String(); got != test.want {
			t.Errorf("%+v: got %s", test, got)
		}
	}
}

func request(peer, headers string) *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = peer
	for line := range strings.SplitSeq(headers, "\n") {
		if name, value, ok := strings.Cut(line, ": "); ok {
			r.Header.Add(name, value)
		}
	}
	return r
}

func TestAddressHeader(t *testing.T) {
	both := "X-Forwarded-For: 6.6.6.6\nX-Real-IP: 9.9.9.9"
	for header, want := range map[string]string{"x-real-ip": "9.9.9.9", "X-Forwarded-For": "6.6.6.6", "Forwarded": "10.0.0.1", "": "10.0.0.1"} {
		log := &lines{}
		f := &Feed{options: Options{AddressHeader: header, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Logger: slog.New(slog.NewTextHandler(log, nil))}}
		for range 2 {
			if got := f.clientAddress(request("10.0.0.1:5", both)).String(); got != want {
				t.Errorf("AddressHeader %q: got %s, want %s", header, got, want)
			}
		}
		if warned := strings.Count(log.String(), "AddressHeader"); (warned == 1) != (header == "") || warned > 1 {
			t.Errorf("AddressHeader %q: warned %d times", header, warned)
		}
	}
}

func TestUnixSocket(t *testing.T) {
	local := &net.UnixAddr{Name: "/run/feed", Net: "unix"}
	r := request("", "X-Forwarded-For: 9.9.9.9")
	r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, local))
	f := &Feed{options: Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}
	if got := f.clientAddress(r).String(); got != "9.9.9.9" {
		t.Errorf("with proxies: %s", got)
	}
	if got := (&Feed{}).clientAddress(r); got.IsValid() {
		t.Errorf("without proxies: %s", got)
	}
}

func TestAddressBlock(t *testing.T) {
	for _, test := range []struct {
		a, b string
		same bool
	}{
		{"2001:db8::1", "2001:db8::ffff:2", true},
		{"2001:db8::1", "2001:db8:0:1::1", false},
		{"1.2.3.4", "1.2.3.4", true},
		{"1.2.3.4", "1.2.3.5", false},
	} {
		a, b := addressBlock(netip.MustParseAddr(test.a)), addressBlock(netip.MustParseAddr(test.b))
		if (a == b) != test.same {
			t.Errorf("%s and %s: %v and %v", test.a, test.b, a, b)
		}
	}
}
