package npm

import (
	"slices"
	"strings"
	"testing"
)

// What goes wrong with a bundle is told, with what to do, and the page gets its
// data all the same.
func testBroken(t *testing.T, s *site, open func(page string)) {
	for page, want := range map[string]string{
		"missing":  "client.wasm cannot be loaded (the server answers 404): put the client.wasm of this version there, or set wasmURL",
		"fallback": "is not the client.wasm of this shim.js",
		"versions": "wakesocket: this page loads two versions, 0.0.1 and ",
	} {
		t.Run(page, func(t *testing.T) {
			open(page)
			var told []string
			s.eventually(t, page+" telling that it works, and what is wrong", func() bool {
				s.mu.Lock()
				defer s.mu.Unlock()
				told = slices.Clone(s.told[page])
				return slices.Contains(told, "works") && slices.ContainsFunc(told, func(text string) bool { return strings.Contains(text, want) })
			})
			for _, text := range told {
				if text != "works" && !strings.Contains(text, want) && !strings.Contains(text, "is asked for once more") {
					t.Errorf("%s also told %q", page, text)
				}
			}
		})
	}
}
