package wire

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Previous is what a client reports about the connection that it lost.
type Previous struct {
	Cause string        // one of [Causes]
	Up    time.Duration // from its opening to its last sign of life
	Down  time.Duration // from its last sign of life to this dial
}

// Causes of a loss, as the client sees them.
const (
	CauseClosed  = "closed"  // the server closed it in order
	CauseReset   = "reset"   // it broke, close code 1006
	CauseSilence = "silence" // a ping was not answered
	CauseSleep   = "sleep"   // found dead after the machine or the page slept
	CauseWake    = "wake"    // found dead when somebody came back to the page
	CauseNetwork = "network" // the network changed or came back
	CauseUser    = "user"    // the page asked for a new connection
	CauseOther   = "other"   // none of these
)

// Causes lists every cause, so that a server can bound its metric labels.
var Causes = []string{CauseClosed, CauseReset, CauseSilence, CauseSleep, CauseWake, CauseNetwork, CauseUser, CauseOther}

// String is the value of [QueryPrevious]: "<cause>,<ms up>,<ms down>".
func (p Previous) String() string {
	return p.Cause + "," + strconv.FormatInt(p.Up.Milliseconds(), 10) + "," + strconv.FormatInt(p.Down.Milliseconds(), 10)
}

// ParsePrevious reads the value of [QueryPrevious]; ok is false when the text is
// not one. A cause that is not known becomes [CauseOther].
func ParsePrevious(text string) (p Previous, ok bool) {
	parts := strings.Split(text, ",")
	if len(parts) != 3 {
		return Previous{}, false
	}
	up, err1 := strconv.ParseUint(parts[1], 10, 40)
	down, err2 := strconv.ParseUint(parts[2], 10, 40)
	if err1 != nil || err2 != nil {
		return Previous{}, false
	}
	p = Previous{Cause: parts[0], Up: time.Duration(up) * time.Millisecond, Down: time.Duration(down) * time.Millisecond}
	if !slices.Contains(Causes, p.Cause) {
		p.Cause = CauseOther
	}
	return p, true
}
