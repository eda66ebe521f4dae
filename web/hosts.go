package main

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
)

// onlyHosts lets in requests for an address, for this machine's own name, and for
// the names that the operator allows. A page of another site can point a name of
// its own at this machine (DNS rebinding); then its requests count as those of the
// dashboard's own pages, and only the name in Host gives them away.
func onlyHosts(names []string, next http.Handler) http.Handler {
	names = append([]string{"localhost"}, names...)
	if own, err := os.Hostname(); err == nil {
		names = append(names, own, own+".local")
	}
	for i := range names {
		names[i] = strings.ToLower(names[i])
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := strings.ToLower(hostName(r.Host))
		if _, err := netip.ParseAddr(host); err == nil || slices.Contains(names, host) || strings.HasSuffix(host, ".localhost") {
			next.ServeHTTP(w, r)
			return
		}
		http.Error(w, fmt.Sprintf("host %q is not allowed; start the dashboard with -host %[1]s if it is yours", host), http.StatusMisdirectedRequest)
	})
}

// hostName is the host without its port, and without the brackets of an IPv6
// address.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.Trim(host, "[]")
}
