package herd

// event is something that happens to a client.
type event struct {
	who  int32
	dial int32 // of that client, when the event belongs to one
	kind kind
}

type kind uint8

const (
	lost kind = iota
	due
	arrives // at the server
	answered
	refusedNow
	online
	awake
)
