package main

import "testing"

func TestLogAt(t *testing.T) {
	for place, ok := range map[string]bool{
		"memory": true, "redis://127.0.0.1:6379": true, "rediss://h": true, "postgres://u@127.0.0.1/d": true,
		"": false, "mysql://h": false, "postgres://h:port": false, "redis://%": false,
	} {
		open, err := logAt(place)
		if (err == nil) != ok {
			t.Errorf("%q: %v", place, err)
			continue
		}
		if !ok {
			continue
		}
		first, err1 := open()
		again, err2 := open()
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		// A crash loses what was in memory and nothing else.
		if same := first == again; same != (place != "memory") {
			t.Errorf("%q: the same log after a crash: %v", place, same)
		}
	}
}
