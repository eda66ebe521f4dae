package feed

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/wakesocket/wakesocket/web/store"
)

// Receive lets programs without a client for the store publish over HTTP:
//
//	curl -H "Authorization: Bearer $TOKEN" -d '{"load":0.7}' 'https://…/publish?topic=cpu'
//
// The body is the event's data, the answer {"id":"…"}. It is 401 for another token,
// 400 for what is no event, 413 for one that is too large, 503 while the store
// fails. An empty token lets nobody publish. A browser never sends the token by
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
		topic := r.URL.Query().Get("topic")
		if err == nil {
			err = f.check(topic, data)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		id, err := f.Publish(r.Context(), topic, data)
		if err != nil {
			f.options.Logger.Error("publish failed; the event may not be in the log", "topic", topic, "error", err)
			w.Header().Set("Retry-After", "1")
			http.Error(w, "the log cannot be written", http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]string{"id": id})
	})
}

// check says what is wrong with an event.
func (f *Feed) check(topic string, data []byte) error {
	if err := store.CheckTopic(topic); err != nil {
		return fmt.Errorf("%w: %v", ErrInvalidTopic, err)
	}
	if len(data) > f.options.MaxEvent {
		return fmt.Errorf("%w: %d bytes, at most %d are allowed", ErrTooLarge, len(data), f.options.MaxEvent)
	}
	if !valid(data) {
		return ErrInvalidEvent
	}
	return nil
}
