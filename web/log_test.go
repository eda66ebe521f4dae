package main

import "testing"

func TestACrashLosesOnlyWhatWasInMemory(t *testing.T) {
	for place, lost := range map[string]bool{"memory": true, "redis://127.0.0.1:1": false, "postgres://a@127.0.0.1:1/b": false} {
		open, shut, err := logAt(place)
		if err != nil {
			t.Fatal(err)
		}
		first, err1 := open()
		again, err2 := open()
		if err1 != nil || err2 != nil || (first != again) != lost {
			t.Errorf("%s: another log: %v, want %v; %v %v", place, first != again, lost, err1, err2)
		}
		if err := shut(); err != nil {
			t.Errorf("%s: %v", place, err)
		}
	}
	if _, _, err := logAt("mysql://x"); err == nil {
		t.Error("mysql is mistaken for a log")
	}
}
