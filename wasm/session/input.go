package session

import "time"

// Input is something that happened to the connection or around it.
type Input interface{ input() }

// Inputs of the user.
type (
	// Start opens the connection; without effect while running.
	Start struct{}
	// Stop closes it for good: no wake signal opens it again.
	Stop struct{}
	// Reconnect dials now. It ends waiting, stopped and failed, and probes a
	// connection that looks alive.
	Reconnect struct{}
)

// Inputs of the driver and its sockets. An input whose Generation the session
// does not hold is ignored.
type (
	// Tick says that the deadline may have passed.
	Tick struct{}
	// Looked stands for the ticks of the watch on the clocks since the last input:
	// each came in time, no time was missing, and nothing was due. It is handed in
	// with the moment of the last of them, before the next input. See [Session.Due].
	Looked struct{}
	// URLReady says that the address is known and the socket is being made.
	URLReady struct{ Generation int }
	// URLFailed says that the url function gave no address.
	URLFailed struct {
		Generation int
		Reason     string // what failed, for the page
	}
	// Opened says that the handshake is complete.
	Opened struct{ Generation int }
	// Closed says that a socket ended, with the code and reason as received;
	// 1006 when there was no close frame. Server advice is read from the reason.
	Closed struct {
		Generation int
		Code       int
		Reason     string
		Hopeless   bool // the browser refused the address, and will refuse it again
	}
	// Hello is the first frame of a feed that knows our protocol.
	Hello struct {
		Generation       int
		Resumed          bool
		Position         string
		Live             bool
		Heartbeat        time.Duration // between pings, as the server asks for; 0 for none
		FirstRetryWindow time.Duration // window of the first retry after a loss
		Gap              *Gap          // nil or null for none
	}
	// Position says up to where the feed has sent what there is for this client.
	Position struct {
		Generation int
		Position   string
		Live       bool // nothing is left to replay
	}
	// Events is a burst of events.
	Events struct {
		Generation int
		IDs        []string // "" for an event without an id
		Contents   []string // for each, a digest of what it says, "" if not known; may be empty
	}
	// Expiring says that the permission of the client ends soon.
	Expiring struct {
		Generation int
		In         time.Duration // until the server ends the connection
	}
	// Pong answers a ping.
	Pong struct{ Generation int }
	// Frame is any other inbound frame: a sign of life.
	Frame struct{ Generation int }
)

// Inputs of the page and the machine.
type (
	// Wake is a hint that time may have been lost: focus, pageshow, resume.
	Wake struct{}
	// Network says that the network changed under the connection.
	Network struct{}
	// Visible says whether somebody looks at the page; true is itself a wake.
	Visible struct{ On bool }
	// Online says what the browser believes of its network; true is itself a wake.
	Online struct{ On bool }
	// Away says that the browser takes the page away and may bring it back. The
	// connection is closed in order; the next sign of a wake dials.
	Away struct{}
)

func (Start) input()     {}
func (Stop) input()      {}
func (Reconnect) input() {}
func (Tick) input()      {}
func (Looked) input()    {}
func (URLReady) input()  {}
func (URLFailed) input() {}
func (Opened) input()    {}
func (Closed) input()    {}
func (Hello) input()     {}
func (Position) input()  {}
func (Events) input()    {}
func (Expiring) input()  {}
func (Pong) input()      {}
func (Frame) input()     {}
func (Wake) input()      {}
func (Network) input()   {}
func (Visible) input()   {}
func (Online) input()    {}
func (Away) input()      {}
