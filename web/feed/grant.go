package feed

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"time"
	"unicode/utf8"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// Grant is what [Options.Authorize] lets a client do.
type Grant struct {
	// User names the user, in UTF-8: [Client] has it, and [Feed.Disconnect] finds the
	// user's connections by it. Empty for an unknown user.
	User string
	// Topics are the topics and patterns that may be read: "price.*" stands for
	// every topic that begins with "price.". Nil allows all; an empty slice none.
	Topics []string
	// Expires is when the grant ends. The client is told in time to connect anew,
	// with a fresh URL, and is closed with 4401 then. Zero for never.
	Expires time.Time
	// Data is the caller's own; [Client] has it.
	Data any
}

// visit ends when a client has left. Without a Topics hook nobody needs it.
func (f *Feed) visit() (ctx context.Context, leave func()) {
	if f.options.Topics == nil {
		return nil, func() {}
	}
	return context.WithCancel(context.Background())
}

// permission asks the hooks of the application what the client may do.
func (f *Feed) permission(r *http.Request, visit context.Context, block netip.Prefix) (*Grant, *access, error) {
	if f.options.Authorize == nil && f.options.Topics == nil {
		return &Grant{}, &access{}, nil
	}
	type answer struct {
		grant *Grant
		allow func(topic string) bool
		err   error
	}
	got, err := run(r.Context(), f.hooks, "Authorize or Topics", block, func(ctx context.Context) (a answer) {
		r := r.Clone(ctx) // of its own: a hook may change it, and may still do so after its time
		if f.options.Authorize != nil {
			a.grant, a.err = f.options.Authorize(r)
		}
		if a.err == nil && f.options.Topics != nil {
			a.allow = f.options.Topics(during(r, visit))
		}
		return a
	})
	if err == nil {
		err = got.err
	}
	switch {
	case err == nil:
	case errors.Is(err, ErrUnauthorized):
		return nil, nil, &refusal{wire.CloseUnauthorized, "unauthorized", refusedUnauthorized}
	case errors.Is(err, errHook), r.Context().Err() != nil:
		return nil, nil, f.rightsUnknown()
	case errors.Is(err, ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		f.options.Logger.Warn("client refused: its rights are unknown; see why Authorize fails", "error", err, "address", block.String())
		return nil, nil, f.rightsUnknown()
	default:
		f.options.Logger.Info("client forbidden", "error", err, "address", block.String())
		return nil, nil, &refusal{wire.CloseForbidden, "forbidden", refusedForbidden}
	}
	grant := got.grant
	if grant == nil {
		grant = &Grant{}
	}
	if !grant.Expires.IsZero() && !time.Now().Before(grant.Expires) {
		return nil, nil, &refusal{wire.CloseUnauthorized, "the grant has expired", refusedUnauthorized}
	}
	if !utf8.ValidString(grant.User) {
		f.options.Logger.Error("Authorize returned a grant whose user is not UTF-8; encode it, for example as hex", "user", grant.User)
		return nil, nil, f.rightsUnknown()
	}
	for _, name := range grant.Topics {
		if err := store.CheckName(name); err != nil {
			f.options.Logger.Error("Authorize returned a grant with an invalid topic", "topic", name, "user", grant.User, "error", err)
			return nil, nil, f.rightsUnknown()
		}
		if wire.CheckName(name) != nil {
			f.options.Logger.Warn(`a grant names a topic that looks like a pattern and is none; "price.*" stands for the topics that begin with "price.", and Topics nil for all`,
				"topic", name, "user", grant.User)
		}
	}
	return grant, &access{topics: grant.Topics, hook: got.allow}, nil
}

// during returns the request as the Topics hook gets it. What the hook returns is
// asked when the handshake is done, which ends the context that net/http has made;
// this one ends with the visit: also when the hook has taken too long.
func during(r *http.Request, visit context.Context) *http.Request {
	ctx, end := context.WithCancel(context.WithoutCancel(r.Context()))
	context.AfterFunc(visit, end)
	return r.WithContext(ctx)
}

// rightsUnknown refuses a client whose rights cannot be told now.
func (f *Feed) rightsUnknown() *refusal {
	return &refusal{wire.CloseTryLater, f.later(5*time.Second, "authorization failed"), refusedHook}
}

// access decides which topics a client may read: those of its grant, if the Topics
// hook allows them too. See filter.
type access struct {
	topics []string // names and patterns; nil allows all
	hook   func(topic string) bool
}

// mayWant reports whether a topic or pattern that a client asks for can bring it
// anything: patterns that overlap are narrowed by look.
func (a *access) mayWant(name string) bool {
	if a.topics == nil {
		return true
	}
	for _, granted := range a.topics {
		if granted == name || wire.MatchTopic(granted, name) || wire.MatchTopic(name, granted) {
			return true
		}
	}
	return false
}

// checkWant returns an error for the first name of which the grant holds nothing.
func (a *access) checkWant(names []string) error {
	for _, name := range names {
		if !a.mayWant(name) {
			return fmt.Errorf("topic %q %w", name, errTopicForbidden)
		}
	}
	return nil
}

// grants reports whether the grant holds the topic.
func (a *access) grants(topic string) bool { return a.topics == nil || matchesAny(a.topics, topic) }

func matchesAny(names []string, topic string) bool {
	for _, name := range names {
		if wire.MatchTopic(name, topic) {
			return true
		}
	}
	return false
}
