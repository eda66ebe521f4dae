package native

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Errors of a [Client].
var (
	// ErrNotLive says that there is no connection to send on. Nothing is queued.
	ErrNotLive = errors.New("native: not sent: there is no connection; wait until Ready returns or the state is live")
	// ErrTooLarge says that a message is larger than the server accepts.
	ErrTooLarge = errors.New("native: not sent: the message is larger than the server accepts")
	// ErrClosed says that Close was called.
	ErrClosed = errors.New("native: the client was closed")
	// ErrRunning says that the client runs already: Run and Events start it, and so
	// does Connect.
	ErrRunning = errors.New("native: the client runs already")
	// ErrSlowConsumer says that events waited longer than Options.MaxLag for the
	// callback. Nothing is lost; the state is not live until it has caught up.
	ErrSlowConsumer = errors.New("native: slow consumer: events wait longer than MaxLag; make the callback faster")
	// ErrWaitInCallback says that Wait or Ready was called in a callback, which would
	// wait for itself.
	ErrWaitInCallback = errors.New("native: a callback must not wait for itself; call Wait and Ready in another goroutine")
	// ErrBinary says that the server sent a binary message. Events are JSON text.
	ErrBinary = errors.New("native: the server sent a binary message; events are JSON text")
)

// What a server answered instead of a connection. Test a [DialError] with
// errors.Is.
var (
	ErrUnauthorized    = errors.New("unauthorized")      // 401, or close code 4401
	ErrForbidden       = errors.New("forbidden")         // 403, or close code 4403
	ErrNotFound        = errors.New("not found")         // 404 or 410
	ErrTooManyRequests = errors.New("too many requests") // 429, or close code 4429
	ErrUnavailable     = errors.New("unavailable")       // 502, 503 or 504
	ErrNotWebSocket    = errors.New("not a WebSocket server")
	ErrDialTimeout     = errors.New("no answer")
)

// DialError is a connection attempt that failed. Err and what it wraps is the
// cause: *net.DNSError, *tls.CertificateVerificationError, syscall.ECONNREFUSED,
// or one of the errors above.
type DialError struct {
	URL        string        // without user and query, which may hold secrets
	Status     int           // of the HTTP answer; 0 when there was none
	Text       string        // the first line of the HTTP answer, when that is plain text
	RetryAfter time.Duration // advice of the server; negative for none
	Attempt    int           // failures in a row before this one
	Err        error
}

func (e *DialError) Error() string {
	text := fmt.Sprintf("native: cannot connect to %s: %v", e.URL, e.Err)
	if e.Status != 0 && e.Status != http.StatusSwitchingProtocols {
		text = fmt.Sprintf("native: %s answered %d %s", e.URL, e.Status, http.StatusText(e.Status))
		if e.Text != "" {
			text += fmt.Sprintf(": %q", e.Text)
		}
		if hint := hints[e.Status]; hint != "" {
			text += "; " + hint
		}
	}
	return text
}

var hints = map[int]string{
	http.StatusUnauthorized: "Options.Header or Options.Resolve must give credentials that the server accepts",
	http.StatusForbidden:    "these credentials, or this Origin, may not connect",
	http.StatusNotFound:     "check the path of the address",
	http.StatusOK:           "the address is not that of a feed",
}

func (e *DialError) Unwrap() error { return e.Err }

// Is makes errors.Is know the status.
func (e *DialError) Is(target error) bool {
	kind := statusErrors[e.Status]
	return kind != nil && kind == target || e.Status != 0 && kind == nil && e.Status < 400 && target == ErrNotWebSocket
}

var statusErrors = map[int]error{
	http.StatusUnauthorized:       ErrUnauthorized,
	http.StatusForbidden:          ErrForbidden,
	http.StatusNotFound:           ErrNotFound,
	http.StatusGone:               ErrNotFound,
	http.StatusTooManyRequests:    ErrTooManyRequests,
	http.StatusBadGateway:         ErrUnavailable,
	http.StatusServiceUnavailable: ErrUnavailable,
	http.StatusGatewayTimeout:     ErrUnavailable,
}

// dialError describes a failed dial; response may be nil.
func dialError(address *url.URL, attempt int, response *http.Response, err error) *DialError {
	shown := *address
	shown.User, shown.RawQuery, shown.Fragment = nil, "", ""
	var request *url.Error
	if errors.As(err, &request) {
		err = request.Err // the rest is the address with its query
	}
	e := &DialError{URL: shown.String(), RetryAfter: -1, Attempt: attempt, Err: err}
	if response != nil {
		e.Status = response.StatusCode
		e.Text = firstLine(response)
		e.RetryAfter = retryAfter(response.Header.Get("Retry-After"), time.Now())
	}
	if errors.Is(err, context.DeadlineExceeded) {
		e.Err = fmt.Errorf("%w: %w", ErrDialTimeout, err)
	}
	return e
}

// maxText is how much of an answer an error shows, in bytes.
const maxText = 200

// firstLine is what the server says of itself. A page of HTML says little in a line.
func firstLine(response *http.Response) string {
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type")) // a TLS server that is asked for HTTP names none
	if kind != "text/plain" && kind != "" || response.Body == nil || response.StatusCode == http.StatusSwitchingProtocols {
		return ""
	}
	begin, _ := io.ReadAll(io.LimitReader(response.Body, maxText)) // what has come by then is shown
	line, _, _ := strings.Cut(strings.TrimSpace(string(begin)), "\n")
	return strings.ToValidUTF8(strings.TrimSpace(line), "")
}

// refuses reports whether the answer says that this client may not, or cannot,
// connect here: trying again seldom helps.
func (e *DialError) refuses() bool {
	switch e.Status {
	case http.StatusUnauthorized, http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return e.Status >= 400 && e.Status <= 499
}

// retryAfter reads the header: seconds or a date. Negative means none.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return -1
}

// CloseError is a connection that the server closed with a code that ends the
// client or asks for new credentials.
type CloseError struct {
	Code   int
	Reason string
}

func (e *CloseError) Error() string {
	text := fmt.Sprintf("native: the server closed with code %d", e.Code)
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	return text
}

// Is makes errors.Is know the codes that have the meaning of a status.
func (e *CloseError) Is(target error) bool {
	kind := closeErrors[e.Code]
	return kind != nil && kind == target
}

var closeErrors = map[int]error{4401: ErrUnauthorized, 4403: ErrForbidden, 4404: ErrNotFound, 4429: ErrTooManyRequests}

// FrameError is a frame that cannot be read. What else it holds is delivered.
type FrameError struct {
	Frame []byte // its beginning, at most 200 bytes
	Err   error
}

func (e *FrameError) Error() string {
	return fmt.Sprintf("native: cannot read %v: %q", e.Err, e.Frame)
}

func (e *FrameError) Unwrap() error { return e.Err }

// ServerError is the answer to a message that the server did not accept.
type ServerError struct {
	Code    string // one of wire.ErrorCodes
	Message string
}

func (e *ServerError) Error() string {
	return fmt.Sprintf("native: the server did not accept a message: %s (%s)", e.Message, e.Code)
}

// URLError says that Options.Resolve or Options.Header failed.
type URLError struct{ Err error }

func (e *URLError) Error() string { return fmt.Sprintf("native: no address to connect to: %v", e.Err) }
func (e *URLError) Unwrap() error { return e.Err }
