//go:build linux

// Package deploy has no code, only files to start from.
package deploy

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
)

// read returns one of the files here.
func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// project reads the compose file as Docker Compose does, which checks its schema.
func project(t *testing.T) *types.Project {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	p, err := loader.LoadWithContext(context.Background(), types.ConfigDetails{
		WorkingDir: here, ConfigFiles: []types.ConfigFile{{Filename: "compose.yaml"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestComposeNamesFilesThatExist(t *testing.T) {
	for _, service := range project(t).Services {
		if service.Build != nil {
			if _, err := os.Stat(filepath.Join(service.Build.Context, service.Build.Dockerfile)); err != nil {
				t.Errorf("%s: %v", service.Name, err)
			}
		}
		for _, volume := range service.Volumes {
			if _, err := os.Stat(volume.Source); volume.Type == types.VolumeTypeBind && err != nil {
				t.Errorf("%s: %v", service.Name, err)
			}
		}
	}
}

// build makes the program with the commands of the Dockerfile's line.
func build(t *testing.T) (program string) {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	command := regexp.MustCompile(`(?m)^RUN (GOWORK=.*)$`).FindStringSubmatch(read(t, "Dockerfile"))
	if command == nil {
		t.Fatal("the Dockerfile does not build the program")
	}
	program = filepath.Join(t.TempDir(), "wakesocket")
	line := strings.NewReplacer("/src/", root+"/", "-o /wakesocket", "-o "+program).Replace(command[1])
	cmd := exec.Command("sh", "-c", line)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", line, err, out)
	}
	return program
}

func TestUnit(t *testing.T) {
	verify, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	unit := filepath.Join(t.TempDir(), "wakesocket.service")
	// The program has to exist.
	text := strings.ReplaceAll(read(t, "wakesocket.service"), "/usr/local/bin/wakesocket", "/bin/true")
	if err := os.WriteFile(unit, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(verify, "verify", "--man=no", unit).CombinedOutput()
	if err != nil || bytes.Contains(out, []byte("wakesocket.service")) {
		t.Errorf("%v\n%s", err, out)
	}
}
