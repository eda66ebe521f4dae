package main

import (
	"slices"
	"strings"
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

func (c *checker) checkReplays() {
	for _, full := range c.modes() {
		oldest, newest := c.oldest(), c.history.len()-1
		for _, from := range []struct {
			rule  string
			place int
		}{{"replay-last", newest}, {"replay-middle", (oldest + newest) / 2}, {"replay-first", oldest}} {
			k := c.connect(from.rule, query(full, c.history.at(from.place).id))
			if k == nil {
				continue
			}
			c.expect(from.rule, modeName(full)+", after="+c.history.at(from.place).id, k, from.place, newest-from.place+3)
			k.close()
		}
	}
}

// unknown ids look like those of the server, and like nothing at all.
func (c *checker) unknown() []string {
	id := c.history.newest()
	return []string{"conform-" + id, strings.Repeat("9", 15), "\u00e9 &=/"}
}

func (c *checker) checkGap() {
	for _, id := range c.unknown() {
		if k := c.connect("gap", query(false, id)); k != nil {
			if _, err := k.nextEvent(c.patience); err != nil {
				c.fail("gap", "plain mode, after=%s: %s before the first event", id, closeText(err))
			}
			k.close()
		}
		if k := c.connect("gap", query(true, id)); k != nil {
			c.gapTold("gap", id, k)
			k.close()
		}
	}
}

// gapTold reads the hello of a client whose cursor is not in the log, and returns
// the oldest event that it says is left.
func (c *checker) gapTold(rule, after string, k *conn) (earliest string) {
	_, err := k.next(c.patience)
	switch {
	case err != nil:
		c.fail(rule, "after=%s: %s instead of a hello with a gap", after, closeText(err))
	case k.hello == nil:
		c.fail(rule, "after=%s: the first frame is not a hello with a gap", after)
	case k.hello.Gap == nil:
		c.fail(rule, "after=%s: the hello has no gap", after)
	case k.hello.Resumed:
		c.fail(rule, `after=%s: "resumed" is true`, after)
	case k.hello.Gap.After != after:
		c.fail(rule, `after=%s: the gap says "after":%q`, after, k.hello.Gap.After)
	case !slices.Contains(wire.GapReasons, k.hello.Gap.Reason):
		c.fail(rule, "after=%s: the reason of the gap is %q, not one of %q", after, k.hello.Gap.Reason, wire.GapReasons)
	default:
		return k.hello.Gap.Earliest
	}
	return ""
}

func (c *checker) checkTrimmed() {
	if c.keeps == 0 {
		c.skip("trimmed", "tell how many events the log holds with -keeps")
		return
	}
	if !c.history.wait(c.keeps+enough, time.Duration(c.keeps)*c.patience) {
		c.skip("trimmed", "too few events came to fill the log")
		return
	}
	first := c.history.at(0).id
	k := c.connect("trimmed", query(true, first))
	if k == nil {
		return
	}
	defer k.close()
	earliest := c.gapTold("trimmed", first, k)
	place, known := c.history.find(earliest)
	if !known {
		c.fail("trimmed", `after=%s: "earliest" is %q, which was never sent`, first, earliest)
		return
	}
	c.expect("trimmed", "after=<an event that was removed>", k, place-1, 5)
}

func (c *checker) checkRestart() {
	if c.restart == nil {
		c.skip("restart", "give a command that restarts the server with -restart")
		return
	}
	k := c.connect("restart", query(true, ""))
	if k == nil {
		return
	}
	place, ok := c.first("restart", "before the restart", k)
	k.close()
	// What comes after this event is published before the restart for certain.
	if !ok || !c.history.wait(place+4, c.patience) {
		return
	}
	last := c.history.at(place).id
	c.history.pause(true)
	defer c.history.pause(false)
	if err := c.options.restart(); err != nil {
		c.skip("restart", "the command failed: "+err.Error())
		return
	}
	back, err := c.dial(query(true, last))
	for deadline := time.Now().Add(10 * c.patience); err != nil && time.Now().Before(deadline); {
		time.Sleep(50 * time.Millisecond)
		back, err = c.dial(query(true, last))
	}
	if err != nil {
		c.fail("restart", "not reachable after the restart: %v", err)
		return
	}
	defer back.close()
	f, _ := back.next(c.patience)
	back.pending = f.events
	if back.hello == nil || back.hello.Gap == nil {
		c.expect("restart", "after=<an event before the restart>", back, place, 4)
		return
	}
	for range 3 {
		e, err := back.nextEvent(c.patience)
		if at, known := c.history.find(e.id); err == nil && known && !sameJSON(e.raw, c.history.at(at).raw) {
			c.fail("unique", "after the restart the id %q came for another event", e.id)
		}
	}
}
