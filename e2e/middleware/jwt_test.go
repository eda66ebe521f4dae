package middleware

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"

	"github.com/wakesocket/wakesocket/web/feed"
)

// claims are what the site's login puts into a token.
type claims struct {
	jwt.RegisteredClaims
	Topics []string `json:"topics"`
}

// authorizeJWT lets a client in by a token that the page puts into the URL, since a
// browser cannot send headers with a WebSocket. The page's url function fetches a
// new token for each connection:
//
//	connect(async () => "/feed?token=" + (await (await fetch("/token")).text()))
//
// The feed announces the end of the token, so the client changes over to a new one
// before it is cut.
func authorizeJWT(key []byte) func(*http.Request) (*feed.Grant, error) {
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired(), jwt.WithAudience("feed"))
	return func(r *http.Request) (*feed.Grant, error) {
		var c claims
		_, err := parser.ParseWithClaims(r.URL.Query().Get("token"), &c, func(*jwt.Token) (any, error) { return key, nil })
		switch {
		case errors.Is(err, jwt.ErrTokenExpired):
			return nil, fmt.Errorf("%w: %v", feed.ErrUnauthorized, err) // a new token helps
		case err != nil:
			return nil, fmt.Errorf("%w: %v", feed.ErrForbidden, err)
		case c.Topics == nil:
			c.Topics = []string{} // a token without topics is no right to all of them
		}
		return &feed.Grant{User: c.Subject, Topics: c.Topics, Expires: c.ExpiresAt.Time}, nil
	}
}

func sign(key []byte, subject string, life time.Duration, topics ...string) string {
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Subject: subject, Audience: []string{"feed"}, ExpiresAt: jwt.NewNumericDate(time.Now().Add(life)),
		},
		Topics: topics,
	})
	signed, err := token.SignedString(key)
	if err != nil {
		panic(err)
	}
	return signed
}

func Example_jwt() {
	key := []byte("a key of at least 32 bytes, kept secret")
	f, err := feed.New(feed.Options{Authorize: authorizeJWT(key), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	defer f.Close()
	server := httptest.NewServer(f)
	defer server.Close()

	ctx := context.Background()
	token := sign(key, "ann", time.Hour, "price.*")
	client, _, err := websocket.Dial(ctx, server.URL+"?token="+token, nil)
	if err != nil {
		panic(err)
	}
	defer client.CloseNow()
	for f.Connected() == 0 {
		time.Sleep(time.Millisecond)
	}
	for _, topic := range []string{"secret", "price.gold"} {
		if _, err := f.Publish(ctx, topic, []byte("1")); err != nil {
			panic(err)
		}
	}
	_, event, err := client.Read(ctx)
	fmt.Println(strings.Contains(string(event), "price.gold"), err)
	// Output: true <nil>
}

func TestJWT(t *testing.T) {
	key := []byte("a key of at least 32 bytes, kept secret")
	unsigned, err := jwt.NewWithClaims(jwt.SigningMethodNone, claims{}).SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		token string
		want  error
	}{
		"good":     {sign(key, "ann", time.Hour, "cpu"), nil},
		"expired":  {sign(key, "ann", -time.Hour, "cpu"), feed.ErrUnauthorized},
		"forged":   {sign([]byte("another key"), "ann", time.Hour, "cpu"), feed.ErrForbidden},
		"unsigned": {unsigned, feed.ErrForbidden},
		"none":     {"", feed.ErrForbidden},
	} {
		grant, err := authorizeJWT(key)(httptest.NewRequest("GET", "/feed?token="+test.token, nil))
		if !errors.Is(err, test.want) || (grant != nil) != (test.want == nil) {
			t.Errorf("%s: %+v, %v", name, grant, err)
		}
	}
	grant, err := authorizeJWT(key)(httptest.NewRequest("GET", "/feed?token="+sign(key, "ann", time.Hour), nil))
	if err != nil || grant.User != "ann" || grant.Topics == nil || len(grant.Topics) != 0 {
		t.Errorf("a token without topics: %+v, %v", grant, err)
	}
}
