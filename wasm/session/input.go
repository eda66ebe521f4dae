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
	// Reconnect dials now: it ends waiting, stopped and failed, and puts a
	// connection that looks alive to the test.
	Reconnect struct{}
)

// Inputs of the driver and its sockets. An input whose Gen the session does not
// hold is ignored.
type (
	// Tick says that the deadline may have passed.
	Tick struct{}
	// URLReady says that the address is known and the socket is being made.
	URLReady struct{ Gen int }
	// URLFailed says that no address could be had.
	URLFailed struct {
		Gen int
		Err string
	}
	// Opened says that the handshake is complete.
	Opened struct{ Gen int }
	// Closed says that a socket ended, with the code and reason as received;
	// 1006 when there was no close frame.
	Closed struct {
		Gen        int
		Code       int
		Reason     string
		RetryAfter time.Duration // advice of the server, negative for none
	}
	// Hello is the first frame of a feed that knows our protocol.
	Hello struct {
		Gen     int
		Resumed bool
		At      string
		Live    bool
		Beat    time.Duration // heartbeat that the server asks for, 0 for none
		Spread  time.Duration
		Gap     *Gap
	}
	// At is a position told by the feed.
	At struct {
		Gen  int
		At   string
		Live bool
	}
	// Events is a burst of events; "" stands for an event without an id.
	Events struct {
		Gen int
		IDs []string
	}
	// Pong answers a ping.
	Pong struct{ Gen int }
	// Frame is any other inbound frame: a sign of life.
	Frame struct{ Gen int }
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
)

func (Start) input()     {}
func (Stop) input()      {}
func (Reconnect) input() {}
func (Tick) input()      {}
func (URLReady) input()  {}
func (URLFailed) input() {}
func (Opened) input()    {}
func (Closed) input()    {}
func (Hello) input()     {}
func (At) input()        {}
func (Events) input()    {}
func (Pong) input()      {}
func (Frame) input()     {}
func (Wake) input()      {}
func (Network) input()   {}
func (Visible) input()   {}
func (Online) input()    {}
