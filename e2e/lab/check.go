package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"
)

// check returns host:port of the page, or an error that says what to do when
// nothing can be loaded from there.
func check(page string) (host string, err error) {
	if page == "" {
		return "", errors.New("the address of the page is missing; give one that starts with http:// or https://")
	}
	u, err := url.Parse(page)
	if err != nil {
		return "", fmt.Errorf("%q is not an address: %w", page, err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return "", fmt.Errorf("%q is not the address of a page; give one that starts with http:// or https:// and names a host", page)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	host = address(u)
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", host)
	if err == nil {
		conn.Close()
		return host, nil
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return "", fmt.Errorf("the name %s cannot be resolved (%s); check the address %s", u.Hostname(), dns.Err, page)
	}
	return "", fmt.Errorf("nothing answers at %s (%w); is the server of %s running?", host, err, page)
}

// loadError says what to do about a page that the browser did not load.
func loadError(page string, err error) error {
	text := err.Error()
	switch i := strings.Index(text, "net::ERR_"); {
	case i >= 0 && strings.Contains(text, "CERT"):
		return fmt.Errorf("the browser does not trust the certificate of %s (%s); use the option for insecure pages if you do", page, text[i:])
	case i >= 0 && strings.Contains(text, "SSL"):
		return fmt.Errorf("%s does not speak TLS as a browser needs it (%s); is it an http address?", page, text[i:])
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s did not finish loading; give it more time with the wait option", page)
	}
	return fmt.Errorf("%s could not be loaded: %w", page, err)
}
