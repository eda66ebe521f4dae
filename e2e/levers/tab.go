package levers

import (
	"context"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// Hide opens another tab in the window of the page, in front of it. The
// returned id is for [Show].
func Hide(ctx context.Context) (target.ID, error) {
	c := chromedp.FromContext(ctx)
	res, err := chromedp.CallBrowser(ctx, target.CreateTarget, target.CreateTargetParams{
		URL:              "about:blank",
		BrowserContextID: c.BrowserContextID,
		NewWindow:        new(false),
	})
	return res.TargetID, err
}

// Show brings the page to the front again and closes the tab that [Hide] opened.
func Show(ctx context.Context, front target.ID) error {
	id := chromedp.FromContext(ctx).Target.TargetID
	if _, err := chromedp.CallBrowser(ctx, target.ActivateTarget, target.ActivateTargetParams{TargetID: id}); err != nil {
		return err
	}
	_, err := chromedp.CallBrowser(ctx, target.CloseTarget, target.CloseTargetParams{TargetID: front})
	return err
}

// Minimize minimizes the window of the page, Restore brings it back.
func Minimize(ctx context.Context) error { return window(ctx, browser.WindowStateMinimized) }

// Restore undoes [Minimize].
func Restore(ctx context.Context) error { return window(ctx, browser.WindowStateNormal) }

func window(ctx context.Context, state browser.WindowState) error {
	id := chromedp.FromContext(ctx).Target.TargetID
	win, err := chromedp.CallBrowser(ctx, browser.GetWindowForTarget, browser.GetWindowForTargetParams{TargetID: id})
	if err != nil {
		return err
	}
	_, err = chromedp.CallBrowser(ctx, browser.SetWindowBounds, browser.SetWindowBoundsParams{
		WindowID: win.WindowID,
		Bounds:   &browser.Bounds{WindowState: state},
	})
	return err
}

// Freeze suspends the page as a browser does with tabs that nobody looks at: the
// page hears freeze, and then nothing of it runs.
func Freeze(ctx context.Context) error { return lifecycle(ctx, page.SetWebLifecycleStateStateFrozen) }

// Resume undoes [Freeze].
func Resume(ctx context.Context) error { return lifecycle(ctx, page.SetWebLifecycleStateStateActive) }

func lifecycle(ctx context.Context, state page.SetWebLifecycleStateState) error {
	_, err := chromedp.Call(ctx, page.SetWebLifecycleState, page.SetWebLifecycleStateParams{State: state})
	return err
}

// emulateNetworkConditions is deprecated and no longer generated, but unlike its
// successors it stalls sockets that are open, and tells the page.
var emulateNetworkConditions = cdp.Command[networkConditions, cdp.Empty]{Method: "Network.emulateNetworkConditions"}

type networkConditions struct {
	Offline            bool    `json:"offline"`
	Latency            float64 `json:"latency"`
	DownloadThroughput float64 `json:"downloadThroughput"`
	UploadThroughput   float64 `json:"uploadThroughput"`
}

// Offline takes the network from the page and tells it so.
func Offline(ctx context.Context) error { return network(ctx, true) }

// Online undoes [Offline].
func Online(ctx context.Context) error { return network(ctx, false) }

func network(ctx context.Context, offline bool) error {
	_, err := chromedp.Call(ctx, emulateNetworkConditions, networkConditions{
		Offline: offline, DownloadThroughput: -1, UploadThroughput: -1,
	})
	return err
}
