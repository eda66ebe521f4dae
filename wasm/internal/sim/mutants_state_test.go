package sim

// stateMutants are deliberate bugs in what puts a snapshot and the events after it
// together, and in what lets the newest events through.
var stateMutants = []mutant{
	{"held events are dropped", "snapshot/fit.go",
		`if len(rest) > 0 {`,
		`if len(rest) > 1<<20 {`},
	{"an event up to the position of the snapshot comes again", "snapshot/fit.go",
		`s.held[included:]`,
		`s.held[max(0, included-1):]`},
	{"the feed does not go back to the snapshot", "snapshot/fit.go",
		"\tdefault:\n\t\ts.resume()\n",
		"\tdefault:\n\t\ts.accept(0)\n"},
	{"newest events are counted from before the snapshot", "snapshot/fit.go",
		` && !s.host.Chooses()`,
		``},
	{"an older event comes after a newer one of its topic", "latest/newest.go",
		`r == position.Before || r == position.Same`,
		`r == position.Foreign`},
	{"one too many is said to be passed over by the server", "latest/newest.go",
		`count - old.count - 1`,
		`count - old.count`},
	{"the oldest event that waits is shown", "latest/conflation.go",
		"\t\tt.event = event\n",
		""},
	{"one too many is said to be passed over", "latest/conflation.go",
		`event, skipped := t.event, t.skipped`,
		`event, skipped := t.event, t.skipped+1`},
}
