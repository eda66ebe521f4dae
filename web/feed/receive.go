package feed

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/wakesocket/wakesocket/web/store"
)

// Receive lets programs without a client for the store publish over HTTP:
//
//	curl -H "Authorization: Bearer $TOKEN" -d '{"load":0.7}' 'https://…/publish?topic=cpu'
//
// The body is the event's data, the answer {"id":"…"}. It is 401 for another token,
// 400 for what is no event, 413 for one that is too large, 503 while the store
// fails. Then the body says whether the event was not stored, or may have been: with
// a header "Idempotency-Key: …" it is safe to send it again, and the answer is the
// id of the first. It is 202 without an id when the event was stored but its id
// could not be read. An empty token lets nobody publish. A browser never sends the token by
// itself, so pages of other sites cannot publish with a visitor's rights.
func (f *Feed) Receive(token string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok || token == "" || subtle.ConstantTimeCompare([]byte(given), []byte(token)) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "the token is missing or wrong", http.StatusUnauthorized)
			return
		}
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "method not allowed; use POST", http.StatusMethodNotAllowed)
			return
		}
		data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(f.options.MaxEvent)))
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			http.Error(w, "the event is too large", http.StatusRequestEntityTooLarge)
			return
		}
		topic := ""
		if err == nil {
			topic, err = topicOf(r.URL.RawQuery)
		}
		if err == nil {
			err = f.check(topic, data)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		var options []store.PublishOption
		if keys := r.Header.Values("Idempotency-Key"); len(keys) > 0 {
			if err := store.CheckKey(keys[0]); err != nil || len(keys) > 1 {
				http.Error(w, fmt.Sprintf("Idempotency-Key must be one text of 1 to %d bytes without control characters", store.MaxKey), http.StatusBadRequest)
				return
			}
			options = append(options, store.IdempotencyKey(keys[0]))
		}
		id, err := f.Publish(r.Context(), topic, data, options...)
		if err != nil {
			f.options.Logger.Error("publish failed", "topic", topic, "error", err)
			answerFailed(w, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]string{"id": id})
	})
}

// topicOf refuses a query that is ambiguous, rather than guess at a topic.
func topicOf(query string) (string, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", fmt.Errorf("query string: %w", err)
	}
	if n := len(values["topic"]); n != 1 {
		return "", fmt.Errorf("query string: %d topics; name one", n)
	}
	return values.Get("topic"), nil
}

// answerFailed tells a publisher what became of its event.
func answerFailed(w http.ResponseWriter, err error) {
	if errors.Is(err, store.ErrStored) {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	text := "it is unknown whether the event was stored; send it again with the same Idempotency-Key"
	if errors.Is(err, store.ErrNotStored) {
		text = "the event was not stored; send it again"
	}
	w.Header().Set("Retry-After", "1")
	http.Error(w, text, http.StatusServiceUnavailable)
}

// check says what is wrong with an event.
func (f *Feed) check(topic string, data []byte) error {
	if err := store.CheckTopic(topic); err != nil {
		return fmt.Errorf("%w: %v", ErrInvalidTopic, err)
	}
	if topic == controlTopic || store.IsMilestone(topic) {
		return fmt.Errorf("%w: %q is reserved", ErrInvalidTopic, topic)
	}
	if len(data) > f.options.MaxEvent {
		return fmt.Errorf("%w: %d bytes, at most %d are allowed", ErrTooLarge, len(data), f.options.MaxEvent)
	}
	if !valid(data) {
		return ErrInvalidEvent
	}
	return nil
}
