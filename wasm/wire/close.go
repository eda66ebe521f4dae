package wire

import (
	"strconv"
	"strings"
	"time"
)

// Close codes that feeds and clients use: those of RFC 6455 section 7.4.1, and our
// own from 4000 on.
const (
	CloseNormal        = 1000 // the client left
	CloseGoingAway     = 1001 // the page was closed
	CloseProtocolError = 1002
	CloseUnsupported   = 1003 // not text
	CloseAbnormal      = 1006 // never sent: the connection ended without a close frame
	CloseInvalidText   = 1007 // not UTF-8
	ClosePolicy        = 1008 // the client broke a rule of the server
	CloseTooBig        = 1009 // a message was larger than the server reads
	CloseExtension     = 1010 // the client misses an extension
	CloseInternal      = 1011 // an error in the server
	CloseRestart       = 1012 // the server restarts; carries advice
	CloseTryLater      = 1013 // refused for now; carries advice
	CloseAbandoned     = 4000 // sent by a client that gave the socket up
	CloseUnauthorized  = 4401 // a new address or token may help
	CloseForbidden     = 4403 // nothing will help
	CloseTooMany       = 4429 // too many connections of this client; carries advice
)

// Permanent reports whether a close code says that trying again cannot help:
// errors of protocol or policy, and every 44xx except those that a new token
// (4401) or time (4429) cures.
func Permanent(code int) bool {
	switch code {
	case CloseProtocolError, CloseUnsupported, CloseInvalidText, ClosePolicy, CloseExtension:
		return true
	case CloseUnauthorized, CloseTooMany:
		return false
	}
	return code >= 4400 && code <= 4499
}

// MaxAdvice bounds how long a client waits on the advice of a server.
const MaxAdvice = 10 * time.Minute

const advicePrefix = "retry="

// Advice is the reason of a close frame that tells the client when to dial again:
// "retry=1500 draining". It is cut to the 123 bytes of UTF-8 that a close frame
// holds.
func Advice(after time.Duration, text string) string {
	reason := advicePrefix + strconv.FormatInt(max(0, after.Milliseconds()), 10)
	if text != "" {
		reason += " " + text
	}
	return strings.ToValidUTF8(reason[:min(len(reason), 123)], "")
}

// ParseAdvice reads the advice in the reason of a close frame; ok is false when
// there is none. Advice above [MaxAdvice] becomes MaxAdvice.
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
