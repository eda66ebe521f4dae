package nats

import (
	"net/url"
	"strings"
)

// subject is the subject of a topic: tokens may not be empty, or hold white space or
// wildcards.
func subject(stream, topic string) string {
	b := append(make([]byte, 0, len(stream)+1+len(topic)), stream...)
	b = append(b, '.')
	for i := range len(topic) {
		c := topic[i]
		empty := c == '.' && (i == 0 || topic[i-1] == '.' || i == len(topic)-1)
		if c == ' ' || c == '*' || c == '>' || c == '%' || empty {
			const hex = "0123456789ABCDEF"
			b = append(b, '%', hex[c>>4], hex[c&15])
			continue
		}
		b = append(b, c)
	}
	return string(b)
}

// topicOf reads a subject; other programs may publish to any. What cannot be read
// is no topic.
func topicOf(stream, subject string) string {
	text, ok := strings.CutPrefix(subject, stream+".")
	if !ok {
		return ""
	}
	topic, err := url.PathUnescape(text)
	if err != nil {
		return ""
	}
	return topic
}
