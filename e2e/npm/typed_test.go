package npm

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/e2e/internal/program"
	"github.com/wakesocket/wakesocket/web/feed"
)

type host struct {
	Name string     `json:"name"`
	Addr netip.Addr `json:"addr"`
	Up   *time.Time `json:"up,omitempty"`
	Next *host      `json:"next"`
}

type reading struct {
	host
	*Extra
	Load   map[string]float64 `json:"load"`
	Disks  []host             `json:"disks"`
	Tags   []string           `json:"tags,omitempty"`
	Serial int64              `json:"serial,string"`
	Raw    []byte             `json:"raw"`
	Any    any                `json:"any"`
}

type Extra struct {
	Note string `json:"note"`
}

// What feed.WriteTypes writes is what encoding/json writes: tsc accepts the JSON
// of every value, and connect<Topics>() finds wrong uses.
func TestTypedTopics(t *testing.T) {
	t.Parallel()
	folder := program.Folder(t)
	file, err := os.Create(filepath.Join(folder, "topics.d.ts"))
	if err != nil {
		t.Fatal(err)
	}
	err = feed.WriteTypes(file, "Topics", feed.Typed[reading]{Topic: "reading"}, feed.Typed[*host]{Topic: "host"}, feed.Typed[int]{Topic: "price.eur"})
	if err != nil || file.Close() != nil {
		t.Fatal(err)
	}
	now := time.Now()
	up := host{Name: "a", Addr: netip.MustParseAddr("::1"), Up: &now, Next: &host{}}
	values := map[string][]any{
		"reading": {
			reading{},
			reading{host: up, Extra: &Extra{"n"}, Load: map[string]float64{"a": 0.5}, Disks: []host{up}, Tags: []string{"t"}, Serial: 7, Raw: []byte{1}, Any: 3},
		},
		"host":      {up, (*host)(nil)},
		"price.eur": {7},
	}
	var ts strings.Builder
	ts.WriteString("import { connect } from \"wakesocket\";\nimport type { Topics } from \"./topics.js\";\n\n")
	n := 0
	for topic, list := range values {
		for _, value := range list {
			text, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			n++
			fmt.Fprintf(&ts, "export const value%d: Topics[%q] = %s;\n", n, topic, text)
		}
	}
	ts.WriteString(`
const feed = connect<Topics>("/feed");
feed.subscribe("reading", ({ data }) => [data.name, data.serial.length, data.note?.length, data.next?.next?.addr]);
feed.subscribe("price.eur", ({ data }) => data.toFixed(2));
// @ts-expect-error no such topic
feed.subscribe("price.usd", () => {});
// @ts-expect-error a nil slice is null
feed.subscribe("reading", ({ data }) => data.disks.length);
// @ts-expect-error it may be missing
feed.subscribe("reading", ({ data }) => data.note.length);
// @ts-expect-error a text
feed.subscribe("reading", ({ data }) => data.serial.toFixed());
// @ts-expect-error no such field
feed.subscribe("reading", ({ data }) => data.Load);
`)
	if err := os.WriteFile(filepath.Join(folder, "use.ts"), []byte(ts.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	compile(t, folder)
}
