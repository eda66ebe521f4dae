package feed

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// originAllowed keeps pages of other sites out. A request without an Origin does
// not come from a browser, and nothing could stop it from inventing one.
func (f *Feed) originAllowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if len(r.Header.Values("Origin")) > 1 {
		return false // no browser sends two, and each hop could take another for the true one
	}
	if origin == "" {
		return true
	}
	scheme, host, ok := splitOrigin(origin)
	if ok && host != "" && (scheme == "http" || scheme == "https") && host == withoutDefaultPort(scheme, strings.ToLower(f.requestHost(r))) {
		return true
	}
	for _, pattern := range f.origins {
		if pattern.match(origin, scheme, host, ok) {
			return true
		}
	}
	return false
}

// requestHost is the host that the page's browser asked for: a trusted proxy may
// say in X-Forwarded-Host what it was, and proxies behind it add what they were
// asked for. A page cannot set that header.
func (f *Feed) requestHost(r *http.Request) string {
	if forwarded, _, _ := strings.Cut(r.Header.Get("X-Forwarded-Host"), ","); forwarded != "" {
		if peer, ok := peerAddress(r); f.peerTrusted(peer, ok) {
			return strings.TrimSpace(forwarded)
		}
	}
	return r.Host
}

// splitOrigin cuts "https://example.com:443" into "https" and "example.com"; ok is
// false for what has no scheme, such as "null".
func splitOrigin(origin string) (scheme, host string, ok bool) {
	scheme, host, ok = strings.Cut(strings.ToLower(origin), "://")
	return scheme, withoutDefaultPort(scheme, host), ok
}

func withoutDefaultPort(scheme, host string) string {
	switch scheme {
	case "http":
		return strings.TrimSuffix(host, ":80")
	case "https":
		return strings.TrimSuffix(host, ":443")
	}
	return host
}

// originPattern is one of Options.OriginPatterns in lower case.
type originPattern struct {
	scheme, host string // scheme is "" for a pattern of hosts
	whole        string // of a pattern that is compared with the whole Origin
}

func (p originPattern) match(origin, scheme, host string, hasScheme bool) bool {
	if p.whole != "" {
		return p.whole == "*" || p.whole == strings.ToLower(origin)
	}
	if !hasScheme || p.scheme != "" && !matches(p.scheme, scheme) {
		return false
	}
	if p.scheme == "" && scheme != "http" && scheme != "https" {
		return false // apps are allowed by their scheme
	}
	return matches(p.host, host)
}

func matches(pattern, text string) bool {
	ok, _ := path.Match(pattern, text)
	return ok
}

// parseOriginPattern refuses a pattern that no browser's Origin can match.
func parseOriginPattern(pattern string) (originPattern, error) {
	lower := strings.ToLower(pattern)
	switch lower {
	case "":
		return originPattern{}, errors.New("is empty")
	case "*", "null", "file://":
		return originPattern{whole: lower}, nil
	}
	for _, r := range lower {
		if r > 0x7e {
			return originPattern{}, errors.New("holds characters outside of ASCII; browsers send such hosts as xn--…")
		}
		if r <= ' ' {
			return originPattern{}, errors.New("holds a space or a control character")
		}
	}
	scheme, host, hasScheme := strings.Cut(lower, "://")
	if !hasScheme {
		scheme, host = "", lower
	}
	switch {
	case scheme == "ws" || scheme == "wss":
		return originPattern{}, fmt.Errorf("begins with %s://; the Origin is that of the page, http:// or https://", scheme)
	case hasScheme && scheme == "", host == "":
		return originPattern{}, errors.New("has no scheme or no host")
	case strings.ContainsAny(host, "/?#@"):
		return originPattern{}, errors.New("holds more than a host and a port; an Origin has no path, query or user")
	}
	if class, _, _ := strings.Cut(host, "]"); host[0] == '[' && strings.Contains(class, ":") {
		host = `\` + host // an IPv6 address, not a class of characters
	}
	for _, part := range []string{scheme, host} {
		if _, err := path.Match(part, ""); err != nil {
			return originPattern{}, err
		}
	}
	return originPattern{scheme: scheme, host: withoutDefaultPort(scheme, host)}, nil
}

func parseOriginPatterns(patterns []string) (parsed []originPattern, err error) {
	for _, pattern := range patterns {
		p, err := parseOriginPattern(pattern)
		if err != nil {
			return nil, fmt.Errorf("feed: Options.OriginPatterns: %q %w", pattern, err)
		}
		parsed = append(parsed, p)
	}
	return parsed, nil
}

// logRefusedOrigin says what the operator can change.
func (f *Feed) logRefusedOrigin(r *http.Request) {
	origin := r.Header.Get("Origin")
	advice := fmt.Sprintf("if pages of %q may connect, add it to Options.OriginPatterns", origin)
	if u, err := url.Parse(origin); err == nil && u.Host != "" {
		advice = fmt.Sprintf("if pages of %[1]q may connect, add %[1]q to Options.OriginPatterns; if they are your own, "+
			"a proxy has changed Host: let it send the browser's (nginx: proxy_set_header Host $http_host)", u.Host)
	}
	f.options.Logger.Warn("origin refused", "origin", origin, "host", r.Host,
		"forwarded_host", r.Header.Get("X-Forwarded-Host"), "advice", advice)
}
