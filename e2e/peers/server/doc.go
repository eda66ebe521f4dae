// Package server measures a feed beside the Go library centrifuge with its memory
// broker, and two processes of a feed beside two of centrifugo, in one run. The
// clients live in a process of their own and do as little as they can, so that what is
// measured is the server:
//
//	go test -run '^$' -bench . -benchtime 1x ./server
package server
