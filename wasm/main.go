//go:build js && wasm

// Command wasm is client.wasm: the brain of a connection, for the page's shim.js.
package main

import "github.com/wakesocket/wakesocket/wasm/bridge"

func main() {
	panic(bridge.Run())
}
