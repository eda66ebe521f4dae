package wire

import (
	"strconv"
	"strings"
	"time"
)

// Close codes that a feed uses, RFC 6455 section 7.4 and our own.
const (
	CloseNormal       = 1000 // the client left
	CloseGoingAway    = 1001 // the page was closed
	CloseAbnormal     = 1006 // never sent: the connection vanished
	CloseRestart      = 1012 // the server restarts; carries advice
	CloseTryLater     = 1013 // refused for now; carries advice
	CloseAbandoned    = 4000 // sent by clients for a socket they gave up on
	CloseUnauthorized = 4401 // a fresh url or token may help
	CloseForbidden    = 4403 // nothing will help
	CloseTooMany      = 4429 // refused for this client; carries advice
)

// MaxAdvice bounds how long a server may send a client away.
const MaxAdvice = 10 * time.Minute

const advicePrefix = "retry="

// Advice is the reason of a close frame that tells the client when to come back:
// "retry=1500 draining". The text is cut to the 123 bytes of UTF-8 that a close
// frame holds.
func Advice(after time.Duration, text string) string {
	reason := advicePrefix + strconv.FormatInt(max(0, after.Milliseconds()), 10)
	if text != "" {
		reason += " " + text
	}
	return strings.ToValidUTF8(reason[:min(len(reason), 123)], "")
}

// ParseAdvice reads the advice of a close reason; ok is false when it holds none.
// Advice above [MaxAdvice] is cut to it.
func ParseAdvice(reason string) (after time.Duration, ok bool) {
	rest, found := strings.CutPrefix(reason, advicePrefix)
	if !found {
		return 0, false
	}
	digits, _, _ := strings.Cut(rest, " ")
	ms, err := strconv.ParseUint(digits, 10, 63)
	if err != nil {
		return 0, false
	}
	return time.Duration(min(ms, uint64(MaxAdvice.Milliseconds()))) * time.Millisecond, true
}
