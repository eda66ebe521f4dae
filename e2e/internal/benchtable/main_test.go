package main

import (
	"strings"
	"testing"
)

func TestTables(t *testing.T) {
	const run = `goos: linux
pkg: github.com/wakesocket/wakesocket/web/store/memory
BenchmarkLog/publish/1-2         	 1000000	      1052 ns/op	    950570 events/s
BenchmarkLog/publish/512-2       	 1000000	      1052 ns/op	    1234.5678 events/s
BenchmarkLog/follow-2            	   10000	    105200 ns/op	         0.10449 p50-ms	         3.200 p99-ms
PASS
ok  	github.com/wakesocket/wakesocket/web/store/memory	12.3s
pkg: github.com/wakesocket/wakesocket/web/store/nats
BenchmarkDirectory/publish/1     	     400	   2700000 ns/op	       366.4 events/s
BenchmarkCluster/resume-2        	       1	8000000000 ns/op	         8.012 s/resume
BenchmarkDisk/sync_of_256_B-2    	     500	   2000000 ns/op	       499.6 syncs/s
BenchmarkPlain-2                 	     500	        99.96 ns/op
`
	const want = `
| | memory | nats, directory | nats, cluster |
|---|---|---|---|
| publish/1, events/s | 950570 | 366 |  |
| publish/512, events/s | 1235 |  |  |
| follow, p50-ms | 0.104 |  |  |
| follow, p99-ms | 3.2 |  |  |
| resume, s/resume |  |  | 8.01 |

| | syncs/s | ns/op |
|---|---|---|
| nats: Disk/sync_of_256_B | 500 |  |
| nats: Plain |  | 100 |
`
	var out strings.Builder
	failed, err := tables(strings.NewReader(run), &out)
	if failed || err != nil || out.String() != run+want {
		t.Errorf("%v, %v\n%s", failed, err, out.String())
	}
}

func TestFailedBenchmarks(t *testing.T) {
	for line, want := range map[string]bool{
		"FAIL\tgithub.com/wakesocket/wakesocket/web/store/nats [build failed]": true,
		"--- FAIL: BenchmarkLog/follow":                                        true,
		"ok  \tgithub.com/wakesocket/wakesocket/web/store\t0.1s":               false,
	} {
		var out strings.Builder
		failed, err := tables(strings.NewReader(line+"\n"), &out)
		if failed != want || err != nil || out.String() != line+"\n" {
			t.Errorf("%q: %v, %v, %q", line, failed, err, out.String())
		}
	}
}

// A number that cannot be read is shown as it is.
func TestShort(t *testing.T) {
	for text, want := range map[string]string{"NaNs": "NaNs", "100": "100", "99.999": "100", "0": "0", "12345.6": "12346", "1.2349": "1.23"} {
		if got := short(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
