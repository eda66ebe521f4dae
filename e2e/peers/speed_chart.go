package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

const (
	chartLabels = 330 // width of the names
	chartPlot   = 560
	chartRow    = 24
	chartTop    = 60
	chartSpan   = 5 // powers of two at each side of a plain WebSocket
)

// chart draws each client as a dot in the row of each measure: to the right of the
// middle it is better than a plain WebSocket, to the left worse.
func (f *figures) chart(measures []measure, clients []string) string {
	var dots strings.Builder
	y := chartTop
	for _, m := range measures {
		y += chartRow
		fmt.Fprintf(&dots, `<text x="%d" y="%d" class="name">%s</text>`+"\n", chartLabels-12, y+4, html.EscapeString(m.name))
		for _, c := range clients {
			better := m.times(f.median(plain.name, m.name), f.median(c, m.name))
			if math.IsNaN(better) {
				continue
			}
			class := "peer"
			if c == ours {
				class = "ours"
			}
			fmt.Fprintf(&dots, `<circle cx="%.1f" cy="%d" r="5" class="%s"><title>%s: %.3g times as good as %s</title></circle>`+"\n",
				chartX(better), y, class, html.EscapeString(c), better, html.EscapeString(plain.name))
		}
	}
	var grid strings.Builder
	for power := -chartSpan; power <= chartSpan; power++ {
		x := chartX(math.Pow(2, float64(power)))
		fmt.Fprintf(&grid, `<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" class="grid"/><text x="%.1f" y="%d" class="tick">%s</text>`+"\n",
			x, x, chartTop-6, y+chartRow/2, x, chartTop-12, ratio(power))
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="Speed of each client beside a plain WebSocket">
<style>
svg { color: #1f2328; font: 13px system-ui, sans-serif }
text { fill: currentColor } .name { text-anchor: end } .tick { text-anchor: middle; font-size: 11px; opacity: .7 }
.grid { stroke: currentColor; opacity: .15 } .peer { fill: #8c959f; opacity: .7 } .ours { fill: #0969da }
@media (prefers-color-scheme: dark) { svg { color: #e6edf3 } .ours { fill: #4493f8 } }
</style>
<text x="%d" y="16">blue: wakesocket · grey: other clients · 1×: a plain WebSocket · right is better</text>
%s%s</svg>
`, chartLabels+chartPlot+40, y+chartRow, chartLabels, grid.String(), dots.String())
}

// chartX is the place of a ratio; what is out of the chart stands at its edge.
func chartX(ratio float64) float64 {
	power := max(-chartSpan, min(chartSpan, math.Log2(ratio)))
	return chartLabels + (power+chartSpan)/(2*chartSpan)*chartPlot
}

func ratio(power int) string {
	if power < 0 {
		return fmt.Sprintf("1/%d", 1<<-power)
	}
	return fmt.Sprintf("%d×", 1<<power)
}
