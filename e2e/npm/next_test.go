package npm

import (
	"os"
	"path/filepath"
	"testing"
)

// Next.js imports the package on the server, renders with it there, takes the
// page over without a warning, and copies client.wasm by itself. The site has a
// base path.
func TestNext(t *testing.T) {
	t.Parallel()
	run(t, nil, "node_modules/.bin/esbuild", "pages/told.js", "--bundle", "--format=iife", "--global-name=told", "--outfile=next/public/told.js", "--log-level=error")
	run(t, []string{"NEXT_TELEMETRY_DISABLED=1"}, "node_modules/.bin/next", "build", "next")
	built, err := filepath.Abs("next/out")
	if err != nil {
		t.Fatal(err)
	}
	files := t.TempDir()
	if err := os.Symlink(built, filepath.Join(files, "next")); err != nil {
		t.Fatal(err)
	}
	s := newSite(t, files)
	openIn(t, browser(t), s.URL+"/next/")
	s.works(t, "next")
}
