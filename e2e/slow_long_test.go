//go:build long

package e2e

import (
	"testing"
	"time"
)

// TestSlowLink for ten minutes: go test -tags long -timeout 20m -run SlowLinkForLong ./e2e/
func TestSlowLinkForLong(t *testing.T) {
	t.Parallel()
	slowLink(t, 10*time.Minute)
}
