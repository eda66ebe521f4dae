package feed

import (
	"net/http"
	"net/netip"
	"strings"
)

// clientAddress is the peer's address, or, when the peer is a trusted proxy, the
// last address in X-Forwarded-For that is not one: those further left could have
// been written by the client.
func (f *Feed) clientAddress(r *http.Request) netip.Addr {
	port, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	address := port.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && f.trusted(address); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		address = hop.Unmap().WithZone("")
	}
	return address
}

func (f *Feed) trusted(address netip.Addr) bool {
	for _, proxy := range f.options.TrustedProxies {
		if proxy.Contains(address) {
			return true
		}
	}
	return false
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
