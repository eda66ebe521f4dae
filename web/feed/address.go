package feed

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// clientAddress is the address of the peer, or, when the peer is a trusted proxy,
// the last address in its header that is not one: those further left could have
// been written by the client. It is invalid when it cannot be known.
func (f *Feed) clientAddress(r *http.Request) netip.Addr {
	peer, ok := peerAddress(r)
	if !f.peerTrusted(peer, ok) {
		return peer
	}
	var found netip.Addr
	for _, hops := range forwardedHops(r.Header, f.options.AddressHeader) {
		address, outside := f.lastOutside(hops)
		switch {
		case !address.IsValid():
		case !found.IsValid():
			found = address
		case outside && !f.trusted(found) && address != found:
			// The proxy writes one of the headers and passes on what the client
			// wrote into the other: neither proves anything.
			f.warnOnce.Do(func() {
				f.options.Logger.Warn("forwarding headers contradict each other; set Options.AddressHeader to the one that the proxy writes",
					"peer", r.RemoteAddr, "first", found.String(), "second", address.String())
			})
			return peer
		}
	}
	if !found.IsValid() {
		return peer
	}
	return found
}

// lastOutside walks the hops from the right to the first that is not trusted.
// Outside is false when all are trusted; then it is the leftmost.
func (f *Feed) lastOutside(hops []string) (address netip.Addr, outside bool) {
	for i := len(hops) - 1; i >= 0; i-- {
		hop, ok := parseHop(hops[i])
		if !ok {
			return address, false // hidden, or rubbish that the client wrote
		}
		address = hop
		if !f.trusted(hop) {
			return address, true
		}
	}
	return address, false
}

// peerAddress is the address of the TCP connection; ok is true without an address
// for a unix socket.
func peerAddress(r *http.Request) (address netip.Addr, ok bool) {
	if port, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		return port.Addr().Unmap().WithZone(""), true // no Prefix contains an address with a zone
	}
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	unix := local != nil && local.Network() == "unix" || r.RemoteAddr == "@"
	return netip.Addr{}, unix
}

// peerTrusted reports whether the peer is a proxy whose headers are believed. Who
// connects over a unix socket is one, if there are proxies at all.
func (f *Feed) peerTrusted(peer netip.Addr, ok bool) bool {
	if ok && !peer.IsValid() {
		return len(f.options.TrustedProxies) > 0
	}
	return f.trusted(peer)
}

func (f *Feed) trusted(address netip.Addr) bool {
	for _, proxy := range f.options.TrustedProxies {
		if proxy.Contains(address) {
			return true
		}
	}
	return false
}

// addressHeaders may hold the address of a client.
var addressHeaders = []string{"X-Forwarded-For", "Forwarded", "X-Real-IP"}

// forwardedHops returns the addresses of each header that is there, the client
// first, as they are written.
func forwardedHops(header http.Header, only string) (lists [][]string) {
	for _, name := range addressHeaders {
		if only != "" && !strings.EqualFold(only, name) {
			continue
		}
		values := header.Values(name)
		if len(values) == 0 {
			continue
		}
		var hops []string
		for hop := range strings.SplitSeq(strings.Join(values, ","), ",") {
			if hop = strings.TrimSpace(hop); hop == "" {
				continue // an empty element counts for nothing: RFC 9110, 5.6.1
			}
			if name == "Forwarded" {
				hop = forwardedFor(hop)
			}
			hops = append(hops, hop)
		}
		lists = append(lists, hops)
	}
	return lists
}

// forwardedFor is the value of "for" in one element of a Forwarded header, RFC
// 7239: `for="[2001:db8::1]:443";proto=https`.
func forwardedFor(element string) string {
	for pair := range strings.SplitSeq(element, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if strings.EqualFold(name, "for") {
			return strings.Trim(value, `"`)
		}
	}
	return ""
}

// parseHop reads an address that may have a port, which may be hidden: 1.2.3.4,
// 1.2.3.4:5, ::1, [::1], [::1]:5, [::1]:_hidden.
func parseHop(text string) (netip.Addr, bool) {
	if inner, ok := strings.CutPrefix(text, "["); ok {
		inner, port, ok := strings.Cut(inner, "]")
		if !ok || port != "" && port[0] != ':' {
			return netip.Addr{}, false
		}
		text = inner
	} else if host, port, _ := strings.Cut(text, ":"); !strings.Contains(port, ":") {
		text = host
	}
	address, err := netip.ParseAddr(text)
	return address.Unmap().WithZone(""), err == nil
}

// addressBlock is what counts as one party: an IPv4 address, or an IPv6 /64, since
// everybody who has one of these has all of it.
func addressBlock(address netip.Addr) netip.Prefix {
	bits := 32
	if address.Is6() {
		bits = 64
	}
	block, _ := address.Prefix(bits)
	return block
}
