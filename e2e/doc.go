// Package e2e tests the built product from outside: the page in a real Chromium,
// the feed behind a proxy that fails on request.
//
//   - faultproxy loses bytes the way networks do, and keeps a record of who dialed.
//   - levers does to a browser what the world does: sleep, hide, freeze, offline.
//   - matrix_test.go is the table of what may happen to a page. Each row asserts
//     that every event came once and in order, that one socket is alive, what the
//     page was told and what its badge says, and the time to the next dial.
//   - figures and report show what the scenarios measured.
//   - badlink is a cable between two hosts that is as bad as it is told to be.
//   - lab pulls the levers on any page with WebSockets: wakelab on one of your
//     choice, peers on pages with other people's clients.
//
// The tests need dist/ (make build) and Chromium. Times are asserted with slack;
// BenchmarkFigures measures them:
//
//	go test ./e2e/...
//	go test ./e2e/ -run '^$' -bench . -benchtime 5x
//	go test ./e2e/ -tags long -run SlowLinkForLong -timeout 20m
package e2e
