package nats_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/wakesocket/wakesocket/web/store"
)

// A loss of power takes what was not synced: the end of the newest block is missing or
// zero, and the index, which is never synced, is missing, old, or torn. What had
// been acknowledged before the sync is there, in every case; what is gone is reported.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "log")
	messages := filepath.Join("jetstream", "$G", "streams", "wakesocket", "msgs")
	block, index := filepath.Join(messages, "1.blk"), filepath.Join(messages, "index.db")
	s := directory(t, dir, 1000)
	var acknowledged, later []store.ID
	for n := range 20 {
		acknowledged = append(acknowledged, publish(t, s, n))
	}
	s.Close() // writes an index
	s = directory(t, dir, 1000)
	for n := 20; n < 40; n++ {
		acknowledged = append(acknowledged, publish(t, s, n))
	}
	synced := size(t, filepath.Join(dir, block))
	for n := 40; n < 50; n++ {
		later = append(later, publish(t, s, n))
	}
	written := size(t, filepath.Join(dir, block))
	snapshot := filepath.Join(t.TempDir(), "snapshot")
	copyDir(t, dir, snapshot)
	s.Close()
	newest, err := os.ReadFile(filepath.Join(dir, index)) // knows of all 50
	if err != nil {
		t.Fatal(err)
	}
	for name, damage := range map[string]func(index string) error{
		"as it was":        func(string) error { return nil },
		"no index":         os.RemoveAll,
		"a newer index":    func(index string) error { return os.WriteFile(index, newest, 0o600) },
		"a torn index":     func(index string) error { return os.WriteFile(index, newest[:len(newest)/2], 0o600) },
		"an index of zero": func(index string) error { return os.WriteFile(index, make([]byte, len(newest)), 0o600) },
	} {
		for _, zeros := range []bool{false, true} {
			for _, cut := range []int64{synced, synced + (written-synced)/2} {
				torn := filepath.Join(t.TempDir(), "torn")
				copyDir(t, snapshot, torn)
				path := filepath.Join(torn, block)
				if err := os.Truncate(path, cut); err != nil {
					t.Fatal(err)
				}
				if zeros {
					if err := os.Truncate(path, written); err != nil {
						t.Fatal(err)
					}
				}
				if err := damage(filepath.Join(torn, index)); err != nil {
					t.Fatal(err)
				}
				s := directory(t, torn, 1000)
				log := everything(t, s)
				for n, id := range acknowledged {
					if _, ok := log[id.String()]; !ok {
						t.Errorf("%s, cut at %d of %d to %d, zeros %v: event %d was acknowledged and is lost", name, cut, synced, written, zeros, n)
						break
					}
				}
				lost := slices.IndexFunc(later, func(id store.ID) bool { _, ok := log[id.String()]; return !ok })
				if lost < 0 {
					t.Errorf("%s, cut at %d: nothing is lost", name, cut)
				} else {
					wantGap(t, s, later[lost], store.Future)
					next := publish(t, s, -1)
					wantGap(t, s, later[lost], store.Invalid, store.Trimmed, store.Future)
					if after(t, s, acknowledged[len(acknowledged)-1]) == "" || next == later[lost] {
						t.Errorf("%s, cut at %d: the log does not go on", name, cut)
					}
				}
				s.Close()
			}
		}
	}
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func copyDir(t *testing.T, from, to string) {
	t.Helper()
	if out, err := exec.Command("cp", "-a", from, to).CombinedOutput(); err != nil {
		t.Fatalf("%s", out)
	}
}
