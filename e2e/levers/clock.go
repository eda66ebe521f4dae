package levers

import (
	"context"
	"fmt"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// ClockScript puts both clocks of a page or a worker under the control of [Clock]:
// each reads the real one plus an offset. It must run before the code of the page.
const ClockScript = `(() => {
	const offset = { wall: 0, mono: 0 };
	const RealDate = Date, realNow = Date.now, perf = performance.now.bind(performance);
	globalThis.Date = class Date extends RealDate {
		constructor(...args) { args.length ? super(...args) : super(Date.now()); }
		static now() { return realNow() + offset.wall; }
	};
	performance.now = () => perf() + offset.mono;
	Object.defineProperty(globalThis, "leverClock", { value: (wall, mono) => { offset.wall += wall; offset.mono += mono; } });
})()`

// PatchClock must run before the page is loaded; [Clock] then moves its clocks.
func PatchClock() chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: ClockScript})
		return err
	})
}

// Clock moves the wall clock (Date) and the monotonic one (performance.now) of a
// page. A wall clock that runs ahead alone is what a page sees of true sleep,
// and of a clock that was set.
func Clock(wall, mono time.Duration) chromedp.Action[chromedp.Void] {
	return chromedp.Evaluate[chromedp.Void](MoveClock(wall, mono))
}

// MoveClock is the JavaScript of [Clock].
func MoveClock(wall, mono time.Duration) string {
	return fmt.Sprintf("leverClock(%d, %d)", wall.Milliseconds(), mono.Milliseconds())
}
