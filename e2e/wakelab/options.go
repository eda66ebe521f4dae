package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/wakesocket/wakesocket/e2e/lab"
)

// command is what the arguments ask for.
type command struct {
	options lab.Options
	trials  []lab.Trial
	limit   time.Duration
	json    bool
}

// parse reads the arguments. Its errors say what to write instead.
func parse(args []string, stderr io.Writer) (*command, error) {
	c := &command{}
	o := &c.options
	o.Header = http.Header{}
	flags := flag.NewFlagSet("wakelab", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.Page, "url", "", "`address` of the page, http or https")
	flags.DurationVar(&c.limit, "limit", time.Minute, "a client that comes back later fails")
	flags.DurationVar(&o.Watch, "watch", time.Minute, "how long to watch for a client to come back; at least the limit")
	flags.DurationVar(&o.Wait, "wait", 20*time.Second, "how long the page has to open its connections")
	flags.Func("eval", "`JavaScript` to run once the page is loaded, for example to log in; may be repeated", func(script string) error {
		o.Steps = append(o.Steps, lab.Eval(script))
		return nil
	})
	flags.Func("click", "CSS `selector` of an element to click once the page is loaded; may be repeated, in order with -eval", func(selector string) error {
		o.Steps = append(o.Steps, lab.Click(selector))
		return nil
	})
	flags.Func("cookie", "`name=value` of a cookie of the page; may be repeated", func(text string) error {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return errors.New("write it as name=value")
		}
		o.Cookies = append(o.Cookies, &http.Cookie{Name: name, Value: value})
		return nil
	})
	flags.Func("header", "`Name: value` of a header that is sent with each request; may be repeated", func(text string) error {
		name, value, ok := strings.Cut(text, ":")
		if !ok || strings.TrimSpace(name) == "" {
			return errors.New("write it as Name: value")
		}
		o.Header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
		return nil
	})
	flags.StringVar(&o.Profile, "profile", "", "`directory` of a Chromium profile, for example one that is logged in; no other browser may use it")
	flags.BoolVar(&o.Insecure, "insecure", false, "accept certificates that nobody trusts")
	flags.BoolVar(&c.json, "json", false, "write JSON instead of a table")
	only := flags.String("only", "", "`regular expression`: run only the trials whose names match")
	list := flags.Bool("list", false, "list the names of the trials and exit")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("%q is not an option; give the page as -url %s", flags.Arg(0), flags.Arg(0))
	}
	if *list {
		for _, tr := range lab.Trials {
			fmt.Fprintln(stderr, tr.Name)
		}
		return nil, flag.ErrHelp
	}
	if o.Page == "" {
		return nil, errors.New("-url is missing; give the address of a page that opens a WebSocket, an EventSource or a polling loop")
	}
	if c.limit <= 0 || o.Watch <= 0 || o.Wait <= 0 {
		return nil, errors.New("-limit, -watch and -wait must be more than 0, for example 30s")
	}
	o.Watch = max(o.Watch, c.limit)
	return c, c.choose(*only)
}

// choose keeps the trials whose names match.
func (c *command) choose(only string) error {
	chosen, err := regexp.Compile(only)
	if err != nil {
		return fmt.Errorf("-only is not a regular expression: %w", err)
	}
	var names []string
	for _, tr := range lab.Trials {
		names = append(names, tr.Name)
		if chosen.MatchString(tr.Name) {
			c.trials = append(c.trials, tr)
		}
	}
	if len(c.trials) == 0 {
		return fmt.Errorf("-only %q matches no trial; their names are: %s", only, strings.Join(names, "; "))
	}
	return nil
}
