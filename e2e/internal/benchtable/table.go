package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// table answers one question: it has a row for each log or server.
type table struct {
	title         string
	rows, columns []string
	cells         map[[2]string]string // by row and column
}

func (t *table) put(row, column, value string) {
	if !slices.Contains(t.rows, row) {
		t.rows = append(t.rows, row)
	}
	if !slices.Contains(t.columns, column) {
		t.columns = append(t.columns, column)
	}
	if t.cells == nil {
		t.cells = map[[2]string]string{}
	}
	t.cells[[2]string{row, column}] = short(value)
}

func (t *table) write(w io.Writer) {
	fmt.Fprintf(w, "\n**%s**\n\n| | %s |\n|---|%s\n", t.title, strings.Join(t.columns, " | "), strings.Repeat("--:|", len(t.columns)))
	for _, row := range t.rows {
		fmt.Fprintf(w, "| %s |", row)
		for _, column := range t.columns {
			cell := t.cells[[2]string{row, column}]
			if cell == "" {
				cell = "–"
			}
			fmt.Fprintf(w, " %s |", cell)
		}
		fmt.Fprintln(w)
	}
}

// short is a number with three digits that count.
func short(text string) string {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return text
	}
	if value < 100 {
		return strconv.FormatFloat(value, 'g', 3, 64)
	}
	unit := math.Pow(10, math.Floor(math.Log10(value))-2)
	digits := strconv.FormatFloat(math.Round(value/unit)*unit, 'f', 0, 64)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
