package main

import (
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// answers are tables, in the order in which they are shown.
type answers struct{ tables []*table }

// Titles of what is asked of every log, in their order.
const (
	publishing = "Events a second into the log, by how many publish at the same time"
	following  = "From Publish until a follower of the log has the event, in ms"
	resuming   = "1,000 clients come back at once to a feed that has to read the 1,000 events that each missed from the log, in s"
	restarting = "Restart with 1,000,000 events in the log, until the first page from its middle is read, in s"
	nodes      = "Over HTTP to one process, until a client of another has it"
)

// titles are those of other benchmarks.
var titles = map[string]string{
	"IdleMemory":      "Memory of a client on the server, in kB",
	"Fanout":          "Publishing flat out, by number of clients",
	"Paced":           "100 events a second to 1,000 clients",
	"Resume":          "1,000 clients come back to a server that has the 1,000 events that each missed in memory",
	"Topics":          "2,000 clients with a topic each, 1,000 events a second, by number of topics",
	"PongUnderReplay": "From ping to pong while 48 MB are replayed to the client",
	"Follow":          "Go clients: events a second",
	"Share":           "A feed that reads its share, for each event of the log",
	"ShareProcesses":  "Three feeds in processes of their own, for each event of the log",
	"ShareChange":     "To follow one more topic, by the number of those that are followed",
	"PublishBatched":  "32 processes that publish",
	"Disk":            "The disk of the logs",
}

// logs are the names of logs, by the folder of the store and the benchmark.
var logs = map[string]string{
	"memory Log":     "memory",
	"redis Log":      "Redis, in memory only",
	"redis Synced":   "Redis, each event synced",
	"postgres Log":   "PostgreSQL, each event synced",
	"nats Directory": "a directory, each event synced",
	"nats Server":    "one NATS server, synced now and then",
	"nats Cluster":   "three NATS servers, three copies, synced now and then",
}

var (
	ofLog   = regexp.MustCompile(`^(\w+)/(publish|follow|resume|restart)(?:/(.+))?$`)
	ofNodes = regexp.MustCompile(`^Nodes/(.+)/(publish|follow|resume)(?:/(\d+))?$`)
)

// add takes one figure of a benchmark.
func (a *answers) add(folder, name, unit, value string) {
	if m := ofNodes.FindStringSubmatch(name); m != nil {
		a.table(nodes).put(m[1], nodesColumn(m[2], m[3], unit), value)
		return
	}
	m := ofLog.FindStringSubmatch(name)
	if m == nil {
		benchmark, row, _ := strings.Cut(name, "/")
		title := titles[benchmark]
		if title == "" {
			title = folder + ": " + benchmark
		}
		if row == "" {
			row = folder
		}
		if ns, err := strconv.ParseFloat(value, 64); unit == "ns/op" && err == nil && ns >= 1e6 {
			unit, value = "ms", strconv.FormatFloat(ns/1e6, 'f', -1, 64)
		}
		a.table(title).put(row, unit, value)
		return
	}
	row := logs[folder+" "+m[1]]
	if row == "" {
		row = folder + ", " + m[1]
	}
	switch m[2] {
	case "publish":
		a.table(publishing).put(row, m[3], value)
	case "follow":
		a.table(following).put(row, strings.TrimSuffix(unit, "-ms"), value)
	case "resume":
		a.table(resuming).put(row, "s", value)
	case "restart":
		a.table(restarting).put(row, restarts[m[3]], value)
	}
}

var restarts = map[string]string{
	"feed":    "only the feed's process",
	"stopped": "the log too, stopped in order",
	"killed":  "the log too, killed",
}

// nodesColumns are in the order in which they are shown.
var nodesColumns = []string{"1 publisher, events/s", "32 publishers, events/s", "512 publishers, events/s", "arrived, %", "p50, ms", "p99, ms", "resume, s"}

func nodesColumn(question, publishers, unit string) string {
	switch {
	case unit == "%arrived":
		return "arrived, %"
	case question == "publish" && publishers == "1":
		return "1 publisher, events/s"
	case question == "publish":
		return publishers + " publishers, events/s"
	case question == "follow":
		return strings.Replace(unit, "-ms", ", ms", 1)
	}
	return "resume, s"
}

func (a *answers) table(title string) *table {
	for _, t := range a.tables {
		if t.title == title {
			return t
		}
	}
	t := &table{title: title}
	if title == nodes {
		t.columns = slices.Clone(nodesColumns)
	}
	a.tables = append(a.tables, t)
	return t
}

// write begins with what is asked of every log.
func (a *answers) write(w io.Writer) {
	first := []string{publishing, following, resuming, restarting, nodes}
	place := func(t *table) int {
		if i := slices.Index(first, t.title); i >= 0 {
			return i
		}
		return len(first)
	}
	slices.SortStableFunc(a.tables, func(x, y *table) int { return place(x) - place(y) })
	for _, t := range a.tables {
		t.write(w)
	}
}
