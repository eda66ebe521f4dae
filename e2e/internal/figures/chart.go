package figures

import (
	"fmt"
	"html"
	"math"
	"strings"
)

const (
	labelWidth = 560
	plotWidth  = 470
	rowHeight  = 26
	top        = 54
	least      = 0.001 // seconds at the left edge
	most       = 300   // seconds at the right edge
)

// Chart draws the summaries that have an aim: a bar up to the next dial, a dot
// where the page is live again, a tick at the aim, on a logarithmic scale. It is
// an SVG that follows the reader's light or dark mode.
func Chart(all []Summary) string {
	var rows strings.Builder
	y := top
	group := ""
	for _, s := range all {
		if s.Figure == 0 {
			continue
		}
		if s.Group != group {
			group = s.Group
			y += rowHeight / 2
			fmt.Fprintf(&rows, `<text x="%d" y="%d" class="group">%s</text>`+"\n", labelWidth-12, y+rowHeight/2+4, html.EscapeString(group))
			y += rowHeight
		}
		mid := y + rowHeight/2
		fmt.Fprintf(&rows, `<text x="%d" y="%d" class="name">%s</text>`+"\n", labelWidth-12, mid+4, html.EscapeString(s.Scenario))
		fmt.Fprintf(&rows, `<rect x="%d" y="%d" width="%.1f" height="10" rx="2" class="dial"/>`+"\n", labelWidth, mid-5, x(s.Dial)-labelWidth)
		fmt.Fprintf(&rows, `<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" class="aim"/>`+"\n", x(s.Figure), x(s.Figure), mid-9, mid+9)
		if s.Live > 0 {
			fmt.Fprintf(&rows, `<circle cx="%.1f" cy="%d" r="4" class="live"/>`+"\n", x(s.Live), mid)
		}
		y += rowHeight
	}
	var grid strings.Builder
	for _, tick := range []struct {
		at   float64
		name string
	}{{0.001, "1 ms"}, {0.01, "10 ms"}, {0.1, "0.1 s"}, {1, "1 s"}, {10, "10 s"}, {100, "100 s"}} {
		fmt.Fprintf(&grid, `<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" class="grid"/>`, x(tick.at), x(tick.at), top-6, y)
		fmt.Fprintf(&grid, `<text x="%.1f" y="%d" class="tick">%s</text>`+"\n", x(tick.at), top-12, tick.name)
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="Time to the next dial in each scenario">
<style>
svg { color: #1f2328; font: 13px system-ui, sans-serif }
text { fill: currentColor } .name, .group { text-anchor: end } .group { font-weight: 600 } .tick { text-anchor: middle; font-size: 11px; opacity: .7 }
.grid { stroke: currentColor; opacity: .12 } .aim { stroke: #cf222e; stroke-width: 2 } .dial { fill: #0969da } .live { fill: #1a7f37 }
@media (prefers-color-scheme: dark) { svg { color: #e6edf3 } .dial { fill: #4493f8 } .live { fill: #3fb950 } .aim { stroke: #f85149 } }
</style>
<text x="%d" y="16">bar: time to the next dial · dot: live again · red: the aim</text>
%s%s</svg>
`, labelWidth+plotWidth+30, y+10, labelWidth, grid.String(), rows.String())
}

// x is where a time lies.
func x(seconds float64) float64 {
	at := math.Log(min(max(seconds, least), most)/least) / math.Log(most/least)
	return labelWidth + at*plotWidth
}
