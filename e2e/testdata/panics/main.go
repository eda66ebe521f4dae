//go:build js

// A client that panics, built by TestGoPanicIsTold.
package main

import (
	"syscall/js"
	"time"
)

// The linker sets when it panics, and the build that shim.js needs.
var when, build string

const text = "deliberate panic"

func main() {
	if when == "start" {
		panic(text)
	}
	js.Global().Get("wakesocket").Call("ready", map[string]any{
		"build":  build,
		"open":   js.FuncOf(func(js.Value, []js.Value) any { return 1 }),
		"cursor": js.FuncOf(func(js.Value, []js.Value) any { return "" }),
		"drop":   js.FuncOf(func(js.Value, []js.Value) any { return nil }),
		"step": js.FuncOf(func(js.Value, []js.Value) any {
			switch when {
			case "callback":
				panic(text)
			case "step":
				return text // as a recovered panic is reported
			}
			return nil
		}),
	})
	if when == "later" {
		time.Sleep(100 * time.Millisecond)
		panic(text)
	}
	select {}
}
