package feed_test

import (
	"context"
	"fmt"
	"os"

	"github.com/wakesocket/wakesocket/web/feed"
)

// CPU is what the topic "cpu" tells.
type CPU struct {
	User   float64   `json:"user"`
	System float64   `json:"system"`
	Cores  []float64 `json:"cores,omitempty"`
}

// Cpu and Note are the topics of a feed, declared once.
var (
	Cpu  = feed.Typed[CPU]{Topic: "cpu"}
	Note = feed.Typed[string]{Topic: "note"}
)

func ExampleTyped() {
	f, err := feed.New(feed.Options{})
	if err != nil {
		panic(err)
	}
	defer f.Close()
	id, err := Cpu.Publish(context.Background(), f, CPU{User: 0.3, System: 0.1})
	fmt.Println(id != "", err)
	// Output: true <nil>
}

// A program that writes topics.d.ts, and that go generate runs:
//
//	//go:generate go run ./types
//
// In the page, connect<Topics>("/feed") then knows the topics and their data.
func ExampleWriteTypes() {
	if err := feed.WriteTypes(os.Stdout, "Topics", Cpu, Note); err != nil {
		panic(err)
	}
	// Output:
	// // Code generated from the Go types of the feed's topics. DO NOT EDIT.
	//
	// export interface CPU {
	//   user: number;
	//   system: number;
	//   cores?: Array<number>;
	// }
	//
	// export interface Topics {
	//   cpu: CPU;
	//   note: string;
	// }
}
