package npm

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// violations are what axe finds in the page. That it has judged colours at all is
// part of it.
func violations(t *testing.T, tab context.Context) []string {
	t.Helper()
	axe, err := os.ReadFile("node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	// The animations of the badge change its colours.
	script := string(axe) + `;(async () => {
		for (const animation of document.getAnimations()) animation.finish();
		const { violations, passes, incomplete } = await axe.run(document);
		const found = violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => id + " " + JSON.stringify(target) + ": " + failureSummary));
		return passes.some(({ id }) => id === "color-contrast") ? found : [...found, "no colour was judged: " + JSON.stringify([document.readyState, incomplete.map(({ id, nodes }) => [id, nodes[0].any])])];
	})()`
	found, err := chromedp.Run(tab, chromedp.Evaluate[[]string](script, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// until waits until an expression holds in the page.
func until(t *testing.T, tab context.Context, expression string) {
	t.Helper()
	script := fmt.Sprintf(`new Promise((done, failed) => {
		const limit = setTimeout(() => failed(new Error(%q + " did not come about in a minute")), 60_000);
		const look = () => (%s) ? (clearTimeout(limit), done()) : setTimeout(look, 50);
		look();
	})`, expression, expression)
	if err := chromedp.Do(tab, chromedp.Evaluate[chromedp.Void](script, chromedp.EvalAwaitPromise)); err != nil {
		t.Fatal(err)
	}
}

// inBoth judges a page in both color schemes.
func inBoth(t *testing.T, tab context.Context, name string) {
	t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		emulateScheme(t, tab, scheme)
		for _, violation := range violations(t, tab) {
			t.Errorf("%s, %s: %s", name, scheme, violation)
		}
	}
}

func emulateScheme(t *testing.T, tab context.Context, scheme string) {
	t.Helper()
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}
	if _, err := chromedp.Call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
		t.Fatal(err)
	}
}

// badges serves the page that shows the badge in every state.
func badges(t *testing.T) *site {
	t.Helper()
	files := t.TempDir()
	if err := os.CopyFS(filepath.Join(files, "wakesocket"), os.DirFS(installed)); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(files, "badges"), os.DirFS("badges")); err != nil {
		t.Fatal(err)
	}
	return newSite(t, files)
}

// The badge in every state, also in dark and compact.
func TestAccessibleBadge(t *testing.T) {
	t.Parallel()
	tab := openIn(t, browser(t), badges(t).URL+"/badges/")
	until(t, tab, "globalThis.shown?.()")
	inBoth(t, tab, "the badge")
}
