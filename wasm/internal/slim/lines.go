package slim

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
)

// A Go program finds the function, the file and the line of an instruction in
// tables of its runtime. They begin with a header: the magic number of Go 1.20 and
// later, two zeros, the sizes of the smallest instruction and of a pointer, and
// then eight words, of which we need these. See pcHeader in runtime/symtab.go.
const (
	wordSize      = 8
	functionCount = 0
	unitsOffset   = 4 // by compilation unit, which files it has
	filesOffset   = 5 // names of files
	pcsOffset     = 6 // tables of what holds from which instruction on: a line, a stack size
	listOffset    = 7 // where each function begins, and where its record is
	headerSize    = 8 + 8*wordSize
)

var tablesMagic = []byte{0xf1, 0xff, 0xff, 0xff, 0, 0, 1, wordSize}

// A function's record has these places of 32 bits, and after them more tables.
// See _func in runtime/runtime2.go.
const (
	stackTable = 16
	fileTable  = 20
	lineTable  = 24
	moreCount  = 28
	unit       = 32
	startLine  = 36
	moreTables = 44
)

var errNoTables = errors.New("its line tables are not those of Go 1.20 to 1.26; adapt wasm/internal/slim/lines.go to this version of Go")

// dropLines takes the tables of files and lines from a program's memory. Zeros
// stand in their place: the runtime then says "?" where it would tell a line.
func dropLines(memory []byte) error {
	for at := 0; ; at++ {
		next := bytes.Index(memory[at:], tablesMagic)
		if next < 0 {
			return errNoTables
		}
		at += next
		if t, ok := findTables(memory[at:]); ok {
			t.dropLines()
			return nil
		}
	}
}

// tables are the parts of memory that dropLines changes.
type tables struct {
	files   []byte   // of units, and names
	pcs     []byte   // tables by instruction
	records [][]byte // of the functions
}

// findTables reads the header of the tables; false when it cannot be one.
func findTables(memory []byte) (*tables, bool) {
	if len(memory) < headerSize {
		return nil, false
	}
	word := func(i int) int {
		return int(min(binary.LittleEndian.Uint64(memory[8+i*wordSize:]), maxMemory))
	}
	count, units, files, pcs, list := word(functionCount), word(unitsOffset), word(filesOffset), word(pcsOffset), word(listOffset)
	inOrder := headerSize <= units && units <= files && files <= pcs && pcs < list && list+8*count <= len(memory)
	if count == 0 || !inOrder {
		return nil, false
	}
	t := &tables{files: memory[units:pcs], pcs: memory[pcs:list]}
	for i := range count {
		at := list + number(memory[list:], 8*i+4)
		if at+moreTables > len(memory) {
			return nil, false
		}
		record := memory[at:]
		if number(record, moreCount) > (len(record)-moreTables)/4 {
			return nil, false
		}
		t.records = append(t.records, record)
	}
	return t, true
}

func (t *tables) dropLines() {
	clear(t.files)
	kept, dropped := map[int]bool{0: true}, map[int]bool{}
	for _, record := range t.records {
		kept[number(record, stackTable)] = true
		for i := range number(record, moreCount) {
			kept[number(record, moreTables+4*i)] = true
		}
		for _, place := range []int{fileTable, lineTable} {
			dropped[number(record, place)] = true
		}
		for _, place := range []int{fileTable, lineTable, unit, startLine} {
			clear(record[place : place+4])
		}
	}
	var starts []int
	for at := range kept {
		starts = append(starts, at)
	}
	for at := range dropped {
		starts = append(starts, at)
	}
	slices.Sort(starts)
	starts = append(starts, len(t.pcs))
	for i, at := range starts[:len(starts)-1] {
		if !kept[at] && at < len(t.pcs) {
			clear(t.pcs[at:min(starts[i+1], len(t.pcs))])
		}
	}
}

// number reads 32 bits.
func number(b []byte, at int) int { return int(binary.LittleEndian.Uint32(b[at:])) }
