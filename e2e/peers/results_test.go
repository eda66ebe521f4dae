package main

import (
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/e2e/lab"
)

func TestTable(t *testing.T) {
	var r results
	add := func(client, column string, dials ...time.Duration) {
		for _, d := range dials {
			r.add(client, column, d)
		}
	}
	add("wakesocket", "a", 3*time.Second, time.Second, 2110*time.Millisecond)
	add("phoenix", "a", 40*time.Second, lab.Never, lab.Never)
	add("wakesocket", "f", 6*time.Millisecond)
	add("phoenix", "f", 9*time.Millisecond)
	add("partysocket", "f", 30*time.Millisecond)
	add("wakesocket", needless, lab.Never, lab.Never)
	add("phoenix", needless, lab.Never, time.Second)
	pinned, err := versions()
	if err != nil {
		t.Fatal(err)
	}
	want := "| | a | f | needless |\n|---|--:|--:|--:|\n" +
		"| wakesocket | **2.11** | **0.006** | 0 of 2 |\n" +
		"| phoenix " + pinned["phoenix"] + " | > 60 | **0.009** | 1 of 2 |\n" +
		"| partysocket " + pinned["partysocket"] + " | – | 0.030 | – |\n"
	if got := r.table([]string{"wakesocket", "phoenix", "partysocket"}, []string{"a", "f", needless}, time.Minute); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Each client has its script, and those that are packages are pinned.
func TestClients(t *testing.T) {
	pinned, err := versions()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range clients {
		if _, err := pages.ReadFile("pages/" + c.script); err != nil {
			t.Error(err)
		}
		if delete(pinned, c.name); c.serve == nil {
			t.Errorf("%s has no server", c.name)
		}
	}
	delete(pinned, "socket.io") // a server
	if len(pinned) > 0 {
		t.Errorf("nobody uses %v", pinned)
	}
}
