package npm

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/wakesocket/wakesocket/e2e/internal/program"
)

// compile lets tsc judge the sources of a folder.
func compile(t *testing.T, folder string) {
	t.Helper()
	config := `{"extends": "../types/bundler.json", "files": [], "include": ["*.ts", "*.tsx"], "compilerOptions": {"skipLibCheck": false}}`
	if err := os.WriteFile(filepath.Join(folder, "tsconfig.json"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, nil, "node_modules/.bin/tsc", "-p", folder)
}

// blocks are the snippets of a page in some languages, in order: language, text.
func blocks(t *testing.T, page, languages string) [][2]string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var found [][2]string
	for _, block := range regexp.MustCompile("(?s)```("+languages+")\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		found = append(found, [2]string{block[1], block[2]})
	}
	if len(found) == 0 {
		t.Fatalf("%s has no block of %s", page, languages)
	}
	return found
}

// Every snippet of the package's README compiles, each as a module of its own.
// That they run is tested in snippets.test.jsx.
func TestSnippetsCompile(t *testing.T) {
	t.Parallel()
	folder := program.Folder(t)
	program.Write(t, folder+"/vite-env.d.ts", `/// <reference types="vite/client" />`)
	for i, block := range blocks(t, "../../shim/README.md", "js|tsx?") {
		extension := strings.Replace(block[0], "js", "ts", 1) // the same, with types
		program.Write(t, fmt.Sprintf("%s/snippet%d.%s", folder, i, extension), block[1])
	}
	compile(t, folder)
}

// The page and the server under "Install" in the README of the repository, as a
// stranger copies them.
func TestInstall(t *testing.T) {
	t.Parallel()
	const readme = "../../README.md"
	pages := blocks(t, readme, "html")
	if len(pages) != 2 {
		t.Fatalf("there are %d blocks of HTML; want the page, and what its head may have", len(pages))
	}
	folder := program.Folder(t)
	address := program.FreeAddress(t)
	source := blocks(t, readme, "go")[0][1]
	program.Write(t, folder+"/main.go", strings.ReplaceAll(source, "127.0.0.1:8080", address))
	if err := os.CopyFS(folder+"/dist", os.DirFS("../../dist")); err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(pages[0][1], "<wakesocket-badge>")
	program.Write(t, folder+"/dist/index.html", head+pages[1][1]+"<wakesocket-badge>"+rest)
	run(t, nil, "go", "build", "-o", folder+"/program", "./"+folder)
	command := exec.Command("./program")
	command.Dir = folder
	program.Start(t, command)
	b := browser(t)
	program.Until(t, func() error {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
		}
		return err
	})
	tab := openIn(t, b, "http://"+address+"/")
	until(t, tab, `document.querySelector("output").textContent.startsWith("20")`)
	until(t, tab, `document.querySelector("wakesocket-badge").getAttribute("state") === "live" && document.querySelector("[data-stale]").dataset.stale === "false"`)
}

// The fragments of the README's other sections run, too.
func TestFragments(t *testing.T) {
	t.Parallel()
	found := blocks(t, "../../README.md", "go")
	if len(found) != 3 {
		t.Fatalf("there are %d Go snippets; want the program, the server and the client", len(found))
	}
	s := newSite(t, installed)
	folder := program.Folder(t)
	program.Write(t, folder+"/server/main.go", fragment(`"context"
	"log"
	"time"

	"github.com/wakesocket/wakesocket/web/feed"
	"github.com/wakesocket/wakesocket/web/store/memory"`, found[1][1]+`
	if id == "" || err != nil {
		log.Fatal(id, err)
	}`))
	run(t, nil, "go", "run", "./"+folder+"/server")

	client := strings.Replace(found[2][1], "wss://example.org/feed", strings.Replace(s.URL, "http", "ws", 1)+"/feed", 1)
	program.Write(t, folder+"/client/main.go", fragment(`"context"
	"fmt"
	"log"

	"github.com/wakesocket/wakesocket/wasm/native"`, "savedCursor := \"\"\n"+client+"\nlog.Print(err)"))
	run(t, nil, "go", "build", "-o", folder+"/program", "./"+folder+"/client")
	command := exec.Command("./program")
	command.Dir = folder
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	program.Start(t, command)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.Contains(line, `{"n":1}`) && !strings.Contains(line, `{"load":0.5}`) {
		t.Errorf("the client prints %q (%v); want an event", line, err)
	}
}

// fragment is a program whose main function is a snippet.
func fragment(imports, body string) string {
	return "package main\n\nimport (\n\t" + imports + "\n)\n\nfunc main() {\n\tctx := context.Background()\n" + body + "\n}\n"
}

// What the first lines of the README say to run is there.
func TestMakeTargets(t *testing.T) {
	for _, line := range regexp.MustCompile(`(?m)^make [a-z -]+`).FindAllString(blocks(t, "../../README.md", "sh")[0][1], -1) {
		run(t, nil, "make", "-C", "../..", "-n", strings.Fields(line)[1])
	}
}

// The versions that the package's README says are tested are those installed here.
func TestVersions(t *testing.T) {
	text, err := os.ReadFile("../../shim/README.md")
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := os.ReadFile("package.json")
	if err != nil {
		t.Fatal(err)
	}
	var installed struct{ DevDependencies map[string]string }
	if err := json.Unmarshal(manifest, &installed); err != nil {
		t.Fatal(err)
	}
	names := map[string]string{
		"Vite": "vite", "webpack": "webpack", "Rollup": "rollup", "esbuild": "esbuild", "Next.js": "next", "Vue": "vue", "Svelte": "svelte",
		"React": "react", "TanStack Query": "@tanstack/react-query", "SWR": "swr", "TypeScript": "typescript", "vitest": "vitest", "jsdom": "jsdom",
	}
	for title, name := range names {
		version := strings.TrimPrefix(installed.DevDependencies[name], "^")
		major, rest, _ := strings.Cut(version, ".")
		minor, _, _ := strings.Cut(rest, ".")
		if !strings.Contains(string(text), title+" "+major) || major == "0" && !strings.Contains(string(text), title+" 0."+minor) {
			t.Errorf("the README does not say that %s %s is tested", title, version)
		}
	}
}
