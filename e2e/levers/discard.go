package levers

import (
	"context"
	"fmt"
	"time"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// Discard throws a hidden tab out of memory, as a browser does when that is
// short; its page is loaded again when somebody looks at it. The context is that
// of [Launch]. Browsers spare a tab that is debugged, so it must have been opened
// without (Target.createTarget) and not be attached to. Here it goes by its
// address. What is left of it is a target with an id of its own.
func Discard(ctx context.Context, url string) (target.ID, error) {
	tab, cancel := chromedp.NewContext(ctx)
	defer cancel()
	tab, cancelWait := context.WithTimeout(tab, 20*time.Second)
	defer cancelWait()
	steps := []chromedp.Action[chromedp.Void]{
		chromedp.Navigate("chrome://chrome-urls/"),
		script(showDebugPages),
		chromedp.Navigate("chrome://discards/"),
		script(fmt.Sprintf(discard, url)),
	}
	if err := chromedp.Do(tab, steps...); err != nil {
		return "", fmt.Errorf("levers: discard %s: %w", url, err)
	}
	all, err := chromedp.CallBrowser(ctx, target.GetTargets, target.GetTargetsParams{})
	if err != nil {
		return "", err
	}
	for _, t := range all.TargetInfos {
		if t.Type == "page" && t.URL == url {
			return t.TargetID, nil
		}
	}
	return "", fmt.Errorf("levers: nothing is left of %s", url)
}

func script(source string) chromedp.Action[chromedp.Void] {
	return chromedp.Evaluate[chromedp.Void](until+source, chromedp.EvalAwaitPromise)
}

// The browser's pages build themselves, and tell nobody when they have.
const until = `const until = async (find) => {
	for (;;) {
		const found = find();
		if (found) return found;
		await new Promise((later) => setTimeout(later, 50));
	}
};
`

const showDebugPages = `(async () => {
	const page = await until(() => document.querySelector("chrome-urls-app")?.shadowRoot);
	const button = await until(() => page.querySelector("cr-button"));
	if (/enable/i.test(button.textContent)) button.click();
})()`

const discard = `(async () => {
	const row = () => {
		const tab = document.querySelector("discards-main")?.shadowRoot.querySelector("discards-tab")?.shadowRoot;
		return [...(tab?.querySelectorAll("tbody tr") ?? [])].find((row) => row.querySelector(".tab-url-cell").textContent === %q);
	};
	const action = () => [...(row()?.querySelectorAll(".actions-cell div") ?? [])].find((div) => div.textContent.includes("Urgent Discard"));
	(await until(action)).click();
	await until(() => row()?.textContent.includes("discarded"));
})()`
