package session

import "fmt"

const (
	codeTryLater     = 1013
	codeAbnormal     = 1006
	codeUnauthorized = 4401
	codeTooMany      = 4429
)

// permanent reports whether trying again cannot help: protocol and policy
// errors, and every 44xx but those that a new token (4401) or patience (4429) mends.
func permanent(code int) bool {
	switch code {
	case 1002, 1003, 1007, 1008, 1010:
		return true
	case codeUnauthorized, codeTooMany:
		return false
	}
	return code >= 4400 && code <= 4499
}

func refusal(code int, reason string) string {
	if reason == "" {
		return fmt.Sprintf("the server closed with code %d", code)
	}
	return fmt.Sprintf("the server closed with code %d: %s", code, reason)
}
