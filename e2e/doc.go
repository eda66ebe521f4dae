// Package e2e tests the built product from outside: the page in a real Chromium,
// the feed behind a proxy that fails on request.
//
//   - faultproxy loses bytes the way networks do, and keeps a record of who dialed.
//   - levers does to a browser what the world does: sleep, hide, freeze, offline.
//   - matrix_test.go is the table of what may happen to a page. Each row asserts
//     that every event came once and in order, that one socket is alive, what the
//     page was told and what its badge says, and the time to the next dial.
//   - figures and report show what the scenarios measured.
//   - wakelab does the same to the WebSocket clients of any page.
//
// The tests need dist/ (make build) and Chromium. Times are asserted with slack;
// BenchmarkFigures measures them:
//
//	go test ./e2e/...
//	go test ./e2e/ -run '^$' -bench . -benchtime 5x
//	go test ./e2e/ -run Throttling -long
package e2e
