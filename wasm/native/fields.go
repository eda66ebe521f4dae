package native

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// fields are what the client reads of an event or a control frame, as it stands
// there; nil for what is missing. Their names are exact, while encoding/json takes
// "ID" for "id".
type fields struct{ control, at, id, topic, time, data, skipped, count json.RawMessage }

// splitObject reads the fields of an object in one pass; the text must be valid JSON.
// It is false for any other value. Of a name that is there twice, the last one counts.
func splitObject(text []byte) (f fields, ok bool) {
	i := skipSpace(text, 0)
	if i == len(text) || text[i] != '{' {
		return f, false
	}
	for i = skipSpace(text, i+1); text[i] != '}'; i = next(text, i) {
		end := skipValue(text, i)
		name := text[i:end]
		i = skipSpace(text, skipSpace(text, end)+1) // after the colon
		end = skipValue(text, i)
		f.set(name, text[i:end:end])
		i = end
	}
	return f, true
}

func (f *fields) set(quoted, value []byte) {
	if bytes.IndexByte(quoted, '\\') >= 0 {
		name, _ := unquote(quoted)
		quoted = []byte(`"` + name + `"`)
	}
	switch string(quoted[1 : len(quoted)-1]) {
	case "wakesocket":
		f.control = value
	case "at":
		f.at = value
	case "id":
		f.id = value
	case "topic":
		f.topic = value
	case "time":
		f.time = value
	case "data":
		f.data = value
	case "skipped":
		f.skipped = value
	case "count":
		f.count = value
	}
}

// splitArray returns the elements of an array, which must be valid JSON.
func splitArray(text []byte) (elements []json.RawMessage) {
	for i := skipSpace(text, 1); text[i] != ']'; {
		end := skipValue(text, i)
		elements = append(elements, text[i:end:end])
		i = next(text, end)
	}
	return elements
}

// next is the place after a value and the comma that may follow it.
func next(text []byte, i int) int {
	if i = skipSpace(text, i); text[i] == ',' {
		i = skipSpace(text, i+1)
	}
	return i
}

func skipSpace(text []byte, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\t' || text[i] == '\n' || text[i] == '\r') {
		i++
	}
	return i
}

// skipValue returns the end of the value that begins at i, within an object or array.
func skipValue(text []byte, i int) int {
	depth := 0
	for ; ; i++ {
		switch text[i] {
		case '"':
			for i++; text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i // of what holds a number or a word
			}
			depth--
		case ',', ':', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return i
			}
			continue
		default:
			continue
		}
		if depth == 0 {
			return i + 1
		}
	}
}

// unquote is the text of a JSON string, and false for any other value.
func unquote(value []byte) (text string, ok bool) {
	if !isText(value) {
		return "", false
	}
	if bytes.IndexByte(value, '\\') < 0 && utf8.Valid(value) {
		return string(value[1 : len(value)-1]), true
	}
	return text, json.Unmarshal(value, &text) == nil
}
