// Package bridge hands the calls of the page's shim to sessions and their
// effects back. Payloads never cross it: a burst of events is one call that
// carries their ids.
//
// It runs in client.wasm only. What crosses is generated from the types of
// package session, see wasm/internal/boundary.
package bridge

//go:generate go run ../boundary
