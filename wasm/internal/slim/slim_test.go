package slim

import (
	"bytes"
	"debug/gosym"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// words are 32-bit numbers as they stand in memory.
func words(numbers ...uint32) []byte {
	var b []byte
	for _, n := range numbers {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	return b
}

// record is the _func of a function whose tables by instruction are these.
func record(stack, file, line uint32, more ...uint32) []byte {
	b := words(1, 2, 3, 4, stack, file, line, uint32(len(more)), 7, 8, 9)
	return append(b, words(more...)...)
}

// program is the memory of a program with two functions, from the header of its
// tables on.
func program() []byte {
	const names, units, files, pcs = 4, 8, 12, 16
	list := append(words(10, 24, 20, 24+48), words(30, 0)...)
	list = append(list, record(1, 4, 6, 9)...)
	list = append(list, record(11, 4, 13)...)
	b := bytes.Clone(tablesMagic)
	at := uint64(headerSize)
	for _, word := range []uint64{2, 1, 0, at, at + names, at + names + units, at + names + units + files, at + names + units + files + pcs} {
		b = binary.LittleEndian.AppendUint64(b, word)
	}
	b = append(b, "main"...)
	b = append(b, "12345678"...)
	b = append(b, "main.go\x00x.go"...)
	b = append(b, "\x00SssFfLllM\x00SsLlm"[:pcs]...)
	return append(append(b, list...), "other data"...)
}

func TestDropLinesKeepsAllOtherTables(t *testing.T) {
	want := program()
	got := append([]byte("before"), program()...)
	if err := dropLines(got); err != nil {
		t.Fatal(err)
	}
	at := headerSize + 4
	clear(want[at : at+20])
	copy(want[at+20:], "\x00Sss\x00\x00\x00\x00\x00M\x00Ss\x00\x00\x00")
	for _, r := range []int{at + 36 + 24, at + 36 + 24 + 48} {
		clear(want[r+20 : r+28])
		clear(want[r+32 : r+40])
	}
	if !bytes.Equal(got, append([]byte("before"), want...)) {
		t.Errorf("memory is\n%q, want\n%q", got[6:], want)
	}
}

func TestATableOfLinesThatIsAlsoOneOfAnotherKindStays(t *testing.T) {
	memory := program()
	second := headerSize + 4 + 36 + 24 + 48
	copy(memory[second+lineTable:], words(9)) // which the first function has as its third table
	if err := dropLines(memory); err != nil {
		t.Fatal(err)
	}
	if pcs := memory[headerSize+24 : headerSize+40]; string(pcs) != "\x00Sss\x00\x00\x00\x00\x00M\x00SsLlm" {
		t.Errorf("the tables are %q", pcs)
	}
}

func TestDropLinesFindsTheTablesAfterAFalseMagic(t *testing.T) {
	memory := append(bytes.Repeat(tablesMagic, 20), program()...)
	if err := dropLines(memory); err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(memory, bytes.Repeat(tablesMagic, 20)) || bytes.Contains(memory, []byte("main.go")) {
		t.Errorf("memory is %q", memory)
	}
}

func TestDropLinesRefusesTablesThatItDoesNotKnow(t *testing.T) {
	change := func(at int, with ...byte) []byte {
		memory := program()
		copy(memory[at:], with)
		return memory
	}
	for name, memory := range map[string][]byte{
		"no memory":                nil,
		"another magic":            change(0, 0xf2),
		"only the header":          program()[:headerSize-1],
		"no function":              change(8, 0),
		"too many functions":       change(8, 200),
		"parts in another order":   change(8+8*unitsOffset, 200),
		"parts before the header":  change(8+8*unitsOffset, headerSize-1),
		"a record after the end":   change(headerSize+4+36+4, 255),
		"more tables than memory":  change(headerSize+4+36+24+moreCount, 255, 255),
		"numbers beyond all bound": change(8+8*listOffset, 255, 255, 255, 255, 255, 255, 255, 255),
	} {
		before := bytes.Clone(memory)
		if err := dropLines(memory); err == nil {
			t.Errorf("%s: no error", name)
		}
		if !bytes.Equal(memory, before) {
			t.Errorf("%s: the memory has changed", name)
		}
	}
}

func TestSegments(t *testing.T) {
	long := strings.Repeat("\x00", longZeros)
	for _, c := range []struct {
		name   string
		memory string
		want   int // segments
	}{
		{"nothing", "", 0},
		{"one byte", "a", 1},
		{"few zeros", "a" + long[1:] + "b", 1},
		{"many zeros", "a" + long + "b", 2},
		{"zeros at the beginning", long + "a", 1},
		{"zeros at the end", "a\x00\x00", 1},
		{"only zeros", long + long, 0},
		{"many runs", strings.Repeat("a"+long, 300), 300},
	} {
		m := &memory{start: 4096, bytes: []byte(c.memory)}
		content := writeSegments(m)
		back, err := readSegments(content)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if r := (reader{content, nil}); r.uint() != c.want {
			t.Errorf("%s: another number of segments than %d", c.name, c.want)
		}
		zeros := len(c.memory) - len(strings.TrimLeft(c.memory, "\x00"))
		if want := strings.Trim(c.memory, "\x00"); string(back.bytes) != want || want != "" && back.start != 4096+zeros {
			t.Errorf("%s: came back as %q at %d", c.name, back.bytes, back.start)
		}
	}
}

func TestReadSegmentsRefusesOtherForms(t *testing.T) {
	for name, content := range map[string][]byte{
		"empty":                 {},
		"passive":               {1, 1, i32Const, 0, end, 0},
		"a global as offset":    {1, 0, 0x23, 0, end, 0},
		"a sum as offset":       {1, 0, i32Const, 0, 0x6a, 0},
		"a negative offset":     {1, 0, i32Const, 0x7f, end, 0},
		"an offset too large":   {1, 0, i32Const, 0x80, 0x80, 0x80, 0x80, 0x01, end, 1, 0},
		"a truncated segment":   {1, 0, i32Const, 0, end, 5, 1},
		"a truncated offset":    {1, 0, i32Const, 0x80},
		"a number without end":  {1, 0, i32Const, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, end, 0},
		"fewer than it says":    {2, 0, i32Const, 0, end, 0},
		"a count without bound": {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	} {
		if m, err := readSegments(content); err == nil {
			t.Errorf("%s: read as %d bytes", name, len(m.bytes))
		}
	}
}

func TestSignedNumbersComeBack(t *testing.T) {
	for _, n := range []int{0, 1, 63, 64, 127, 128, 8191, 8192, 1 << 20, 1<<31 - 1, -1, -64, -65, -8193, -1 << 31} {
		r := reader{append(appendInt(nil, n), 0xaa), nil}
		if got := r.int(); got != n || r.err != nil || len(r.rest) != 1 {
			t.Errorf("%d came back as %d (%v), %d bytes left", n, got, r.err, len(r.rest))
		}
	}
}

func TestUnsignedNumbersHave32Bits(t *testing.T) {
	for _, n := range []uint64{0, 127, 128, 1<<32 - 1} {
		r := reader{append(binary.AppendUvarint(nil, n), 0xaa), nil}
		if got := r.uint(); uint64(got) != n || r.err != nil || len(r.rest) != 1 {
			t.Errorf("%d came back as %d (%v), %d bytes left", n, got, r.err, len(r.rest))
		}
	}
	r := reader{binary.AppendUvarint(nil, 1<<32), nil}
	if got := r.uint(); got != 0 || r.err == nil {
		t.Errorf("a number of 33 bits came back as %d", got)
	}
}

func TestAPassedEndOfMemoryIsRefused(t *testing.T) {
	if _, err := readSegments(writeSegments(&memory{maxMemory - 1, []byte("a")})); err != nil {
		t.Errorf("the last byte of memory: %v", err)
	}
	if _, err := readSegments(writeSegments(&memory{maxMemory, []byte("a")})); err == nil {
		t.Error("a byte after the last one was read")
	}
}

// module has a data section with a program between two others and a custom one.
func module(data []byte) []byte {
	b := bytes.Clone(header)
	b = section{1, []byte("types")}.append(b)
	b = section{customSection, []byte("names")}.append(b)
	b = section{dataSection, data}.append(b)
	return section{12, bytes.Repeat([]byte("c"), 200)}.append(b)
}

func TestSlimLeavesOtherSectionsAlone(t *testing.T) {
	got, err := Slim(module(writeSegments(&memory{4096, program()})))
	if err != nil {
		t.Fatal(err)
	}
	after := program()
	if err := dropLines(after); err != nil {
		t.Fatal(err)
	}
	want := bytes.Clone(header)
	want = section{1, []byte("types")}.append(want)
	want = section{dataSection, writeSegments(&memory{4096, after})}.append(want)
	want = section{12, bytes.Repeat([]byte("c"), 200)}.append(want)
	if !bytes.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSlimRefusesWhatIsNoGoProgram(t *testing.T) {
	for name, m := range map[string][]byte{
		"empty":            {},
		"text":             []byte("<!doctype html>"),
		"another version":  append([]byte("\x00asm\x02\x00\x00\x00"), module(nil)[8:]...),
		"no line tables":   module(writeSegments(&memory{0, []byte("data")})),
		"a damaged data":   module([]byte{1, 2, 3}),
		"a cut section":    module(nil)[:20],
		"a section's size": append(bytes.Clone(header), 1),
	} {
		if _, err := Slim(m); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// goMemory is the memory of the data section of a program.
func goMemory(t *testing.T, module []byte) *memory {
	t.Helper()
	sections, err := readSections(module)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sections {
		if s.id == dataSection {
			m, err := readSegments(s.content)
			if err != nil {
				t.Fatal(err)
			}
			return m
		}
	}
	t.Fatal("no data section")
	return nil
}

// The line tables of the real program, as another reader of them sees them.
func TestTheRealProgramKeepsItsFunctions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "client.wasm")
	build := exec.Command("go", "build", "-o", path, "../..")
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	after, err := Slim(before)
	if err != nil {
		t.Fatal(err)
	}
	old, slim := functions(t, before), functions(t, after)
	if len(old.Funcs) != len(slim.Funcs) || len(old.Funcs) < 1000 {
		t.Fatalf("%d functions, and %d before", len(slim.Funcs), len(old.Funcs))
	}
	withLine := 0
	for i, f := range old.Funcs {
		if g := slim.Funcs[i]; f.Name != g.Name || f.Entry != g.Entry {
			t.Fatalf("%s at %d is now %s at %d", f.Name, f.Entry, g.Name, g.Entry)
		}
		if _, line, _ := old.PCToLine(f.Entry); line > 0 {
			withLine++
		}
		if file, line, _ := slim.PCToLine(f.Entry); line > 0 || file != "" {
			t.Fatalf("%s has line %d of %q", f.Name, line, file)
		}
	}
	if withLine < 1000 {
		t.Errorf("only %d functions had a line before", withLine)
	}
	if len(after) < len(before)/2 {
		t.Errorf("%d bytes, and %d before: something is missing", len(after), len(before))
	}
}

func functions(t *testing.T, module []byte) *gosym.Table {
	t.Helper()
	m := goMemory(t, module)
	at := bytes.Index(m.bytes, tablesMagic)
	if at < 0 {
		t.Fatal("no tables")
	}
	table, err := gosym.NewTable(nil, gosym.NewLineTable(m.bytes[at:], 0))
	if err != nil {
		t.Fatal(err)
	}
	return table
}
