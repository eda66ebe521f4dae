package timeline

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestEarliestFirstAndInOrderOfAdding(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	type thing struct {
		at    time.Duration
		order int
	}
	for range 200 {
		var q Queue[int]
		var want []thing
		for order := range r.IntN(60) {
			at := time.Duration(r.IntN(10))
			q.Add(at, order)
			want = append(want, thing{at, order})
		}
		slices.SortStableFunc(want, func(a, b thing) int { return int(a.at - b.at) })
		for i, w := range want {
			next, ok := q.Next()
			at, order := q.Pop()
			if !ok || next != w.at || at != w.at || order != w.order {
				t.Fatalf("thing %d is %d at %v (announced for %v, %v), want %d at %v", i, order, at, next, ok, w.order, w.at)
			}
		}
		if _, ok := q.Next(); ok {
			t.Fatal("something is left")
		}
	}
}

func TestAddingWhileThingsHappen(t *testing.T) {
	var q Queue[string]
	q.Add(2, "last")
	q.Add(1, "first")
	if _, what := q.Pop(); what != "first" {
		t.Fatalf("got %q", what)
	}
	q.Add(2, "after it")
	q.Add(0, "late, but earlier")
	for _, want := range []string{"late, but earlier", "last", "after it"} {
		if _, what := q.Pop(); what != want {
			t.Errorf("got %q, want %q", what, want)
		}
	}
}

func TestWhatIsPoppedIsReleased(t *testing.T) {
	var q Queue[*int]
	q.Add(1, new(int))
	q.Add(2, new(int))
	q.Pop()
	q.Pop()
	if left := q.heap[:2]; left[0].what != nil || left[1].what != nil {
		t.Error("the queue holds what was popped")
	}
	if at, ok := q.Next(); at != 0 || ok {
		t.Errorf("an empty queue announces something for %v", at)
	}
}
