//go:build js && wasm

// Command wasm is client.wasm: the brain of a connection, for the page's shim.js.
package main

import "github.com/wakesocket/wakesocket/wasm/internal/bridge"

func main() {
	panic(bridge.Run())
}
