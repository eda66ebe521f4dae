package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const output = `goos: linux
pkg: github.com/wakesocket/wakesocket/web/store/memory
cpu: Some Processor
BenchmarkLog/publish/1-2         	 1000000	      1052 ns/op	    950570 events/s
BenchmarkLog/publish/512-2       	 1000000	      1052 ns/op	    1234.5678 events/s
BenchmarkLog/follow-2            	   10000	    105200 ns/op	         0.10449 p50-ms	         3.200 p99-ms
PASS
ok  	github.com/wakesocket/wakesocket/web/store/memory	12.3s
pkg: github.com/wakesocket/wakesocket/web/store/nats
BenchmarkDirectory/publish/1     	     400	   2700000 ns/op	       366.4 events/s
BenchmarkDisk/sync_of_256_B-2    	     500	   2000000 ns/op	       499.6 syncs/s
BenchmarkNew/follow-2            	       1	8000000000 ns/op	         2 p50-ms
BenchmarkCluster/resume-2        	       1	8000000000 ns/op	         8.012 s
BenchmarkCluster/restart/killed-2	       1	8000000000 ns/op	         12 s
BenchmarkPlain-2                 	     500	        99.96 ns/op
BenchmarkSlow-2                  	     500	        2500000 ns/op
BenchmarkCut-2                   	     500	        5 s 7
pkg: github.com/wakesocket/wakesocket/e2e/peers/server
BenchmarkNodes/a,_b_(c)/publish/1-2   	     500	        300 events/s
BenchmarkNodes/a,_b_(c)/publish/32-2   	     500	        99.5 %arrived	 7000 events/s
BenchmarkNodes/a,_b_(c)/follow-2  	     5	        0.5 p50-ms
BenchmarkNodes/a,_b_(c)/resume-2  	     5	        1.5 s
`

const shown = `
**Events a second into the log, by how many publish at the same time**

| | 1 | 512 |
|---|--:|--:|
| memory | 951,000 | 1,230 |
| a directory, each event synced | 366 | – |

**From Publish until a follower of the log has the event, in ms**

| | p50 | p99 |
|---|--:|--:|
| memory | 0.104 | 3.2 |
| nats, New | 2 | – |

**1,000 clients come back at once to a feed that has to read the 1,000 events that each missed from the log, in s**

| | s |
|---|--:|
| three NATS servers, three copies, synced now and then | 8.01 |

**Restart with 1,000,000 events in the log, until the first page from its middle is read, in s**

| | the log too, killed |
|---|--:|
| three NATS servers, three copies, synced now and then | 12 |

**Over HTTP to one process, until a client of another has it**

| | 1 publisher, events/s | 32 publishers, events/s | 512 publishers, events/s | arrived, % | p50, ms | p99, ms | resume, s |
|---|--:|--:|--:|--:|--:|--:|--:|
| a, b (c) | 300 | 7,000 | – | 99.5 | 0.5 | – | 1.5 |

**The disk of the logs**

| | syncs/s |
|---|--:|
| sync of 256 B | 500 |

**nats: Plain**

| | ns/op |
|---|--:|
| nats | 100 |

**nats: Slow**

| | ms |
|---|--:|
| nats | 2.5 |

**nats: Cut**

| | s |
|---|--:|
| nats | 5 |
`

func TestTables(t *testing.T) {
	var out strings.Builder
	if err := run(strings.NewReader(output), &out, "", ""); err != nil || out.String() != output+"\n"+shown+"\n" {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestFailedBenchmarks(t *testing.T) {
	for line, want := range map[string]error{
		"FAIL\tgithub.com/wakesocket/wakesocket/web/store/nats [build failed]": errFailed,
		"--- FAIL: BenchmarkLog/follow":                                        errFailed,
		"ok  \tgithub.com/wakesocket/wakesocket/web/store\t0.1s":               nil,
		"testing: BenchmarkLog/follow is 1 ns/op":                              nil,
	} {
		var out strings.Builder
		if err := run(strings.NewReader(line+"\n"), &out, "", ""); !errors.Is(err, want) || out.String() != line+"\n" {
			t.Errorf("%q: %v, %q", line, err, out.String())
		}
	}
}

func TestWrite(t *testing.T) {
	const head, tail = "# Figures\n\n" + begin + "\n", end + "\n\nMore.\n"
	failed := output + "FAIL\tone\n"
	for _, c := range []struct {
		name, document, output, want, err string
	}{
		{"the first tables", head + tail, output, head + "\nof Some Processor\n" + shown + "\n" + tail, ""},
		{"others are replaced", head + "| old |\n" + tail, output, head + "\nof Some Processor\n" + shown + "\n" + tail, ""},
		{"those of a run that failed are not written", head + "| old |\n" + tail, failed, head + "| old |\n" + tail, errFailed.Error()},
		{"nothing was measured", head + "| old |\n" + tail, "PASS\n", head + "| old |\n" + tail, "no benchmark"},
		{"no place for them", "# Figures\n", output, "# Figures\n", "put the lines"},
		{"no end", head, output, head, "put the lines"},
		{"the end comes first", end + "\n" + head, output, end + "\n" + head, "put the lines"},
	} {
		file := filepath.Join(t.TempDir(), "figures.md")
		if err := os.WriteFile(file, []byte(c.document), 0o600); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time changes nothing
			var out strings.Builder
			err := run(strings.NewReader(c.output), &out, file, "of {cpu}\n")
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %v; want %q", c.name, err, c.err)
			}
			if got, err := os.ReadFile(file); err != nil || string(got) != c.want {
				t.Errorf("%s: %v\n%s", c.name, err, got)
			}
		}
	}
	// What cannot be written in the end is said before the benchmarks run.
	var out strings.Builder
	if err := run(strings.NewReader(output), &out, filepath.Join(t.TempDir(), "none.md"), ""); err == nil || out.Len() > 0 {
		t.Errorf("%v, %q", err, out.String())
	}
}

func TestMachine(t *testing.T) {
	for load, want := range map[string]string{
		"":                        "2026-11-27, 2 cores ({cpu}), go1.26.\n",
		"0.49 2.00 3.00 1/2 3\n":  "2026-11-27, 2 cores ({cpu}), go1.26; load of the machine before: 0.49.\n",
		"1.00 0.00 0.00 1/2 3\n":  "2026-11-27, 2 cores ({cpu}), go1.26; load of the machine before: 1.00.\n",
		"1.01 0.00 0.00 1/2 3\n":  "2026-11-27, 2 cores ({cpu}), go1.26; load of the machine before: 1.01: other programs kept it busy, so these are low ends.\n",
		"12.5 11.00 9.00 1/2 3\n": "2026-11-27, 2 cores ({cpu}), go1.26; load of the machine before: 12.5: other programs kept it busy, so these are low ends.\n",
	} {
		if got := machine("2026-11-27", 2, "go1.26", load); got != want {
			t.Errorf("%q: %s", load, got)
		}
	}
}

// A number that cannot be read is shown as it is.
func TestShort(t *testing.T) {
	for text, want := range map[string]string{
		"NaNs": "NaNs", "100": "100", "99.999": "100", "0": "0", "12345.6": "12,300", "12355": "12,400", "1.2349": "1.23",
		"999": "999", "999.6": "1,000", "1000": "1,000", "1235": "1,240", "9999999": "10,000,000", "123456789": "123,000,000",
	} {
		if got := short(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
