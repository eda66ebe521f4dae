//go:build js

// A client that panics, built by TestGoPanicIsTold.
package main

import (
	"syscall/js"
	"time"
)

// when is set by the linker.
var when string

const text = "deliberate panic"

func main() {
	if when == "start" {
		panic(text)
	}
	js.Global().Get("wakesocket").Call("ready", map[string]any{
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
