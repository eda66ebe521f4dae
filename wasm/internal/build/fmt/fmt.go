// Package fmt has of the standard fmt what github.com/hack-pad/safejs uses: the
// build of client.wasm puts it in that place. The standard one brings reflection
// and files, which makes client.wasm a sixth larger, for texts of rare errors.
package fmt

import (
	"errors"
	"io"
	"strconv"
)

// State is what a Formatter writes to.
type State interface {
	io.Writer
	Flag(c int) bool
}

// Errorf returns an error with the text of Sprintf.
func Errorf(format string, args ...any) error { return errors.New(Sprintf(format, args...)) }

// Fprintf writes the text of Sprintf.
func Fprintf(w io.Writer, format string, args ...any) (int, error) {
	return io.WriteString(w, Sprintf(format, args...))
}

// Fprint writes the text of each value.
func Fprint(w io.Writer, args ...any) (int, error) {
	var text string
	for _, value := range args {
		text += textOf(value)
	}
	return io.WriteString(w, text)
}

// Sprintf puts the text of a value in place of each verb; %q quotes it, and any
// other verb, flags included, is treated as %v.
func Sprintf(format string, args ...any) string {
	var out []byte
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			out = append(out, format[i])
			continue
		}
		for i++; i < len(format)-1 && !isVerb(format[i]); i++ {
		}
		if i >= len(format) || len(args) == 0 {
			return string(out) + "%!(BADFORMAT)"
		}
		text := textOf(args[0])
		args = args[1:]
		if format[i] == 'q' {
			text = strconv.Quote(text)
		}
		out = append(out, text...)
	}
	return string(out)
}

func isVerb(c byte) bool { return 'a' <= c && c <= 'z' }

func textOf(value any) string {
	switch value := value.(type) {
	case error:
		return value.Error()
	case interface{ String() string }:
		return value.String()
	case string:
		return value
	case int:
		return strconv.Itoa(value)
	}
	return "(a value without a text)"
}
