package wire

import (
	"strconv"
	"strings"
	"time"
)

// Was is what a returning client tells of the connection that it lost.
type Was struct {
	Cause string        // one of [Causes], or CauseOther
	Up    time.Duration // how long it was open
	Down  time.Duration // from the loss, or from the last sign of life, to this dial
}

// Causes of a loss as a client sees it.
const (
	CauseClosed  = "closed"  // the server closed it in order
	CauseReset   = "reset"   // it broke, close code 1006
	CauseSilence = "silence" // no answer to a ping
	CauseSleep   = "sleep"   // found dead after the machine or page slept
	CauseWake    = "wake"    // found dead when somebody came back to the page
	CauseNetwork = "network" // the network changed or came back
	CauseUser    = "user"    // reconnect() was called
	CauseOther   = "other"
)

// Causes lists every known cause, so that a server can bound its metric labels.
var Causes = []string{CauseClosed, CauseReset, CauseSilence, CauseSleep, CauseWake, CauseNetwork, CauseUser, CauseOther}

// String is the value of [QueryWas]: "<cause>,<ms up>,<ms down>".
func (w Was) String() string {
	return w.Cause + "," + strconv.FormatInt(w.Up.Milliseconds(), 10) + "," + strconv.FormatInt(w.Down.Milliseconds(), 10)
}

// ParseWas reads a [QueryWas]; ok is false when the text is not one. An unknown
// cause becomes CauseOther.
func ParseWas(text string) (w Was, ok bool) {
	parts := strings.Split(text, ",")
	if len(parts) != 3 {
		return Was{}, false
	}
	up, err1 := strconv.ParseUint(parts[1], 10, 40)
	down, err2 := strconv.ParseUint(parts[2], 10, 40)
	if err1 != nil || err2 != nil {
		return Was{}, false
	}
	w = Was{CauseOther, time.Duration(up) * time.Millisecond, time.Duration(down) * time.Millisecond}
	for _, c := range Causes {
		if c == parts[0] {
			w.Cause = c
		}
	}
	return w, true
}
