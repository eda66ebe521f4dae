// Package badlink is a cable between two hosts with a quality that you set:
// latency, rate and loss. It carries real IP packets between two TUN
// interfaces, which may be in network namespaces of their own, so that everything
// above IP is the kernel's: retransmissions, congestion control, timeouts.
//
//	near, err := badlink.Plug("cable0") // on a thread that is in one namespace
//	far, err := badlink.Plug("cable0")  // on a thread that is in the other
//	cable := badlink.Connect(near, far, seed)
//	defer cable.Close()
//	cable.Set(badlink.Quality{Latency: 150 * time.Millisecond, Loss: 0.05, Rate: 20_000})
//
// Addresses, routes and setting the interfaces up are the caller's.
package badlink
