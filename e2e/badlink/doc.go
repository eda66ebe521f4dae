// Package badlink is a cable between two hosts with a quality that you set:
// latency, rate and loss. It carries real IP packets between two TUN
// interfaces, which may be in network namespaces of their own, so that everything
// above IP is the kernel's: retransmissions, congestion control, timeouts.
//
//	page, err := badlink.NewHost() // and a server in the same way
//	near, err := page.Plug("cable0", "10.0.0.1", "10.0.0.2")
//	far, err := server.Plug("cable0", "10.0.0.2", "10.0.0.1")
//	cable := badlink.Connect(near, far, seed)
//	defer cable.Close()
//	cable.Set(badlink.Quality{Latency: 150 * time.Millisecond, Loss: 0.05, Rate: 20_000})
//
// Plug without a host is for namespaces of your own: addresses, routes and setting
// the interface up are then the caller's.
package badlink
