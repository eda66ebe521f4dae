package herd

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// Sizes of the chart, in pixels.
const (
	panelWidth  = 640
	labelWidth  = 204
	barWidth    = 170
	rowHeight   = 22
	panelTop    = 58
	panelGap    = 28
	margin      = 32
	titleHeight = 76
	decades     = 3 // that the bars span
)

// Chart is the results as an SVG: a panel a scenario, a bar a way of retrying.
func Chart(scenarios []Scenario, results [][]Result) string {
	rows := len(results[0])
	panelHeight := panelTop + rows*rowHeight + 14
	width := 2*margin + 2*panelWidth + panelGap
	height := titleHeight + (len(scenarios)+1)/2*(panelHeight+panelGap) + margin
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="system-ui, sans-serif" font-size="13">`+"\n", width, height, width, height)
	b.WriteString(`<style>
.page{fill:#fbfbfa}.panel{fill:#fff;stroke:#e3e3df}.title{font-size:22px;font-weight:650;fill:#1b1c1a}.name{font-size:15px;font-weight:600;fill:#1b1c1a}
.text{fill:#3c3f3a}.dim{fill:#7b7f77;font-size:12px}.bar{fill:#b9bdb4}.best{fill:#0a7d54}.ours{font-weight:650;fill:#0a7d54}.bad{fill:#b3261e}.number{text-anchor:end;font-variant-numeric:tabular-nums}
@media (prefers-color-scheme:dark){.page{fill:#161716}.panel{fill:#1e201e;stroke:#30332f}.title,.name{fill:#f0f1ee}.text{fill:#c9ccc5}.dim{fill:#8d9188}.bar{fill:#555a52}.best{fill:#36b98a}.ours{fill:#36b98a}.bad{fill:#f28b82}}
</style>` + "\n")
	fmt.Fprintf(&b, `<rect class="page" width="%d" height="%d"/>`+"\n", width, height)
	fmt.Fprintf(&b, `<text class="title" x="%d" y="42">When the herd comes back</text>`+"\n", margin)
	fmt.Fprintf(&b, `<text class="dim" x="%d" y="63">peak dials in 100 ms (the bars are logarithmic), dials a client, handshakes completed for nobody, time until the last is back</text>`+"\n", margin)
	for i, s := range scenarios {
		x := margin + i%2*(panelWidth+panelGap)
		y := titleHeight + i/2*(panelHeight+panelGap)
		panel(&b, x, y, panelHeight, s, results[i])
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func panel(b *strings.Builder, x, y, height int, s Scenario, results []Result) {
	most := 1.0
	for _, r := range results {
		most = max(most, float64(r.Peak))
	}
	text := func(class string, dx, dy int, words string) {
		fmt.Fprintf(b, `<text class="%s" x="%d" y="%d">%s</text>`+"\n", class, x+dx, y+dy, html.EscapeString(words))
	}
	fmt.Fprintf(b, `<rect class="panel" x="%d" y="%d" width="%d" height="%d" rx="10"/>`+"\n", x, y, panelWidth, height)
	text("name", 16, 28, fmt.Sprintf("%s, %s clients", s.Name, thousands(s.Clients)))
	const dials, wasted, back = labelWidth + barWidth + 72, labelWidth + barWidth + 158, panelWidth - 14
	for column, head := range map[int]string{labelWidth + 8: "peak", dials: "dials", wasted: "wasted", back: "back"} {
		class := "dim number"
		if column == labelWidth+8 {
			class = "dim"
		}
		text(class, column, 48, head)
	}
	for i, r := range results {
		at := panelTop + i*rowHeight + 15
		label, bar, number := "text", "bar", "text number"
		if r.ours() {
			label, bar, number = "ours", "best", "ours number"
		}
		text(label, 16, at, r.Way)
		length := 1 + int((barWidth-52)*max(0, decades+math.Log10(float64(r.Peak)/most))/decades)
		fmt.Fprintf(b, `<rect class="%s" x="%d" y="%d" width="%d" height="12" rx="3"/>`+"\n", bar, x+labelWidth+8, y+at-11, length)
		text("dim", labelWidth+14+length, at, thousands(r.Peak))
		text(number, dials, at, fmt.Sprintf("%.1f", r.Attempts))
		text(number, wasted, at, thousands(r.Wasted))
		ending := number
		if r.Missing > 0 {
			ending = "bad number"
		}
		text(ending, back, at, r.back(s))
	}
}
