//go:build unix && !linux

package storetest

import "syscall"

// dieWithTest has no means here: only Stop ends the server.
func dieWithTest(*syscall.SysProcAttr) {}
