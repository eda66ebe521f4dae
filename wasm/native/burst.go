package native

import "github.com/wakesocket/wakesocket/wasm/session"

// gapsIn finds the gaps in the middle of a burst, and the index of the event that
// each of them comes before. A gap that is not among them comes before the burst.
func gapsIn(effects []session.Effect, burst []Event) (gaps map[session.Gap]int) {
	var found []session.Gap
	var mask []bool
	for _, e := range effects {
		switch e := e.(type) {
		case session.Gap:
			found = append(found, e)
		case session.Deliver:
			mask = e.Mask
		}
	}
	for _, gap := range found { // nearly always none
		for i := range mask {
			if gap.Earliest == "" || burst[i].ID != gap.Earliest || !mask[i] {
				continue
			}
			if i > 0 {
				if gaps == nil {
					gaps = make(map[session.Gap]int)
				}
				gaps[gap] = i
			}
			break
		}
	}
	return gaps
}
