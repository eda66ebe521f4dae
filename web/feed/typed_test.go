package feed_test

//lint:file-ignore SA5008 encoding/json accepts these tags, so the types of the page must, too
//lint:file-ignore U1000 what encoding/json leaves out is here on purpose

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/web/feed"
	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

type load struct {
	User   float64 `json:"user"`
	System float64 `json:"system"`
}

func TestTypedPublish(t *testing.T) {
	log := memory.New(memory.Options{Events: 10})
	f, err := feed.New(feed.Options{Store: log, Logger: silent})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cpu := feed.Typed[load]{Topic: "cpu"}
	for range 2 { // with one key it is stored once
		if id, err := cpu.Publish(t.Context(), f, load{0.5, 0.25}, store.IdempotencyKey("a")); id == "" || err != nil {
			t.Fatal(id, err)
		}
	}
	bounds, err := log.Bounds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	events, err := log.After(t.Context(), bounds.Base, 10)
	if err != nil || len(events) != 1 || events[0].Topic != "cpu" || string(events[0].Data) != `{"user":0.5,"system":0.25}` {
		t.Fatalf("the log holds %v (%v)", events, err)
	}
	if _, err := (feed.Typed[float64]{Topic: "cpu"}).Publish(t.Context(), f, math.NaN()); !errors.Is(err, feed.ErrInvalidEvent) || !strings.Contains(err.Error(), `topic "cpu"`) {
		t.Errorf("NaN: %v", err)
	}
	if _, err := (feed.Typed[load]{}).Publish(t.Context(), f, load{}); !errors.Is(err, feed.ErrInvalidTopic) {
		t.Errorf("without a topic: %v", err)
	}
}

type (
	tree struct {
		Name     string
		Children []*tree
	}
	level          int
	pair[A, B any] struct {
		A A
		B B
	}
	base struct {
		ID     string `json:"id"`
		Shadow int
		Twice  int
	}
	other struct {
		Twice  int
		Tagged int
	}
	tagger struct {
		Renamed string `json:"Tagged"`
	}
	color struct{ R, G, B uint8 }
	stamp struct{ time.Time }
	late  struct{ V int }

	nested  []nested
	byName  map[string]byName
	itself  *itself
	around  []struct{ More around }
	through []branch
	branch  struct {
		Left through
		Pair [2]through
	}

	// Names that mean something else in TypeScript.
	Array  struct{ V []int }
	Record struct{ V map[string]Array }
)

func (color) TypeScript() string             { return "`#${string}`" }
func (c color) MarshalJSON() ([]byte, error) { return json.Marshal("#102030") }
func (*late) MarshalText() ([]byte, error)   { return []byte("x"), nil }

type embedding struct {
	base
	*other
	tagger
	Shadow string
}

type all struct {
	Bool      bool
	Level     level  `json:"level"`
	Text      string `json:"a-b"`
	Quoted    int    `json:"quoted,string"`
	QuotedPtr *bool  `json:",string"`
	Number    json.Number
	Raw       json.RawMessage
	Any       any
	Error     error
	At        time.Time
	Until     time.Time  `json:",omitzero"`
	Never     time.Time  `json:",omitempty"`
	Maybe     *time.Time `json:",omitempty"`
	Pointer   *int
	PointPtr  **int
	PointMay  **int  `json:",omitempty"`
	SliceMay  *[]int `json:",omitzero"`
	Count     int    `json:",omitempty"`
	Bytes     []byte
	BytesMay  []byte `json:",omitempty"`
	Digest    [2]byte
	None      [0]int `json:",omitempty"`
	Two       [2]int `json:",omitempty"`
	List      []string
	Lists     [][]int
	ListMay   []int            `json:",omitempty"`
	ListZero  []int            `json:",omitzero"`
	Map       map[string]*load `json:"map"`
	MapMay    map[level]bool   `json:",omitempty"`
	ByAddr    map[netip.Addr]int
	Addr      netip.Addr
	Tree      tree
	Pair      pair[load, map[string]int]
	Color     color
	ColorPtr  *color
	Anonymous struct {
		X, Y int
	}
	Skipped func() `json:"-"`
}

// The file that a page has matches what encoding/json writes; end to end, tsc judges that.
func TestWriteTypes(t *testing.T) {
	var b strings.Builder
	err := feed.WriteTypes(&b, "Topics", feed.Typed[all]{Topic: "all"}, feed.Typed[embedding]{Topic: "embedded"}, feed.Typed[load]{Topic: "price.eur"},
		feed.Typed[*load]{Topic: "maybe"}, feed.Typed[[]string]{Topic: "names"})
	if err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/types.d.ts"
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("%s differs; UPDATE=1 go test ./web/feed -run TestWriteTypes writes it anew. Now it is:\n%s", golden, &b)
	}
}

func TestWriteTypesThatNameEachOther(t *testing.T) {
	var b strings.Builder
	if err := feed.WriteTypes(&b, "Topics", feed.Typed[through]{Topic: "tree"}, feed.Typed[Record]{Topic: "record"}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"interface Branch {\n  Left: Array<Branch> | null;\n  Pair: Array<Array<Branch> | null>;\n}",
		"interface Array2 {\n  V: Array<number> | null;\n}",
		"interface Record2 {\n  V: Record<string, Array2> | null;\n}",
		"interface Topics {\n  tree: Array<Branch> | null;\n  record: Record2;\n}",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%s\nlacks\n%s", &b, want)
		}
	}
}

func TestWriteTypesRefuses(t *testing.T) {
	cpu := feed.Typed[int]{Topic: "cpu"}
	for _, c := range []struct {
		name   string
		topics []feed.TypedTopic
		want   string
	}{
		{"Two words", []feed.TypedTopic{cpu}, `"Two words" cannot be the name of an interface`},
		{"Topics", []feed.TypedTopic{cpu, feed.Typed[string]{Topic: "cpu"}}, `topic "cpu" is empty, or there twice`},
		{"Topics", []feed.TypedTopic{feed.Typed[int]{}}, `topic "" is empty`},
		{"Topics", []feed.TypedTopic{feed.Typed[chan int]{Topic: "a"}}, `topic "a": type chan int has no JSON`},
		{"Topics", []feed.TypedTopic{feed.Typed[[]complex128]{Topic: "a"}}, `type complex128 has no JSON`},
		{"Topics", []feed.TypedTopic{feed.Typed[[2]func()]{Topic: "a"}}, `type func() has no JSON`},
		{"Topics", []feed.TypedTopic{feed.Typed[struct{ F func() }]{Topic: "a"}}, `.F: type func() has no JSON`},
		{"Topics", []feed.TypedTopic{feed.Typed[map[load]int]{Topic: "a"}}, `a map with keys of type feed_test.load has no JSON`},
		{"Topics", []feed.TypedTopic{feed.Typed[map[float64]int]{Topic: "a"}}, `keys of type float64`},
		{"Topics", []feed.TypedTopic{feed.Typed[map[bool]int]{Topic: "a"}}, `keys of type bool`},
		{"Topics", []feed.TypedTopic{feed.Typed[stamp]{Topic: "a"}}, `type feed_test.stamp writes its own JSON: give it a method TypeScript() string`},
		{"Topics", []feed.TypedTopic{feed.Typed[*big.Int]{Topic: "a"}}, `type big.Int writes its own JSON`},
		{"Topics", []feed.TypedTopic{feed.Typed[late]{Topic: "a"}}, `type feed_test.late writes its own text only behind a pointer`},
		{"Topics", []feed.TypedTopic{feed.Typed[nested]{Topic: "a"}}, `type feed_test.nested holds itself: put a struct with a name between`},
		{"Topics", []feed.TypedTopic{feed.Typed[byName]{Topic: "a"}}, `type feed_test.byName holds itself`},
		{"Topics", []feed.TypedTopic{feed.Typed[itself]{Topic: "a"}}, `type feed_test.itself holds itself`},
		{"Topics", []feed.TypedTopic{feed.Typed[around]{Topic: "a"}}, `type feed_test.around holds itself`},
		{"Array", []feed.TypedTopic{cpu}, `"Array" cannot be the name of an interface`},
		{"Record", []feed.TypedTopic{cpu}, `"Record" cannot be the name of an interface`},
	} {
		var b strings.Builder
		if err := feed.WriteTypes(&b, c.name, c.topics...); err == nil || !strings.Contains(err.Error(), c.want) || b.Len() > 0 {
			t.Errorf("%s %v: %v, %q; want an error with %q and nothing written", c.name, c.topics, err, &b, c.want)
		}
	}
}
