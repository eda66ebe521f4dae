package main

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// safejs is the only package of client.wasm that imports fmt, for texts of errors.
const safejs = "github.com/hack-pad/safejs"

//go:embed fmt/fmt.go
var small embed.FS

// withoutFmt copies safejs to a folder, with our small fmt instead of the standard
// one, and returns the path of a go.mod that builds with this copy.
func withoutFmt(folder string) (string, error) {
	if _, err := output("go", "mod", "download", safejs); err != nil {
		return "", err
	}
	original, err := output("go", "list", "-m", "-f", "{{.Dir}}", safejs)
	if err != nil {
		return "", err
	}
	module, err := output("go", "env", "GOMOD")
	if err != nil {
		return "", err
	}
	lean := filepath.Join(folder, "safejs")
	if err := copySources(lean, os.DirFS(original)); err != nil {
		return "", err
	}
	own, err := small.ReadFile("fmt/fmt.go")
	if err != nil {
		return "", err
	}
	if err := write(filepath.Join(lean, "internal", "fmt", "fmt.go"), own); err != nil {
		return "", err
	}
	for _, ext := range []string{".mod", ".sum"} {
		text, err := os.ReadFile(strings.TrimSuffix(module, ".mod") + ext)
		if err != nil {
			return "", err
		}
		if ext == ".mod" {
			from, err := relative(filepath.Dir(module), lean)
			if err != nil {
				return "", err
			}
			text = fmt.Appendf(text, "\nreplace %s => %s\n", safejs, from)
		}
		if err := write(filepath.Join(folder, "lean"+ext), text); err != nil {
			return "", err
		}
	}
	return filepath.Join(folder, "lean.mod"), nil
}

// copySources copies a module, but for its tests and commands. What imports fmt
// imports the module's internal/fmt instead.
func copySources(to string, from fs.FS) error {
	return fs.WalkDir(from, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		isSource := strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") || path == "go.mod"
		if !isSource {
			return nil
		}
		text, err := fs.ReadFile(from, path)
		if err != nil {
			return err
		}
		lean := strings.Replace(string(text), "\t\"fmt\"\n", "\t\""+safejs+"/internal/fmt\"\n", 1)
		return write(filepath.Join(to, filepath.FromSlash(path)), []byte(lean))
	})
}

// relative returns the path of target as go.mod names a folder, from the folder base.
func relative(base, target string) (string, error) {
	target, err := filepath.Abs(target)
	if err != nil {
		return "", err
	}
	path, err := filepath.Rel(base, target)
	return "./" + filepath.ToSlash(path), err
}

func write(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o644)
}

func output(name string, args ...string) (string, error) {
	out, err := exec.Command(name, args...).Output()
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		return "", fmt.Errorf("%s %s: %s", name, strings.Join(args, " "), failed.Stderr)
	}
	return strings.TrimSpace(string(out)), err
}
