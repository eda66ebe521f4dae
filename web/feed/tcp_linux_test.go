package feed

import (
	"testing"

	"golang.org/x/sys/unix"
)

// unsent is how many bytes may wait in the kernel of the only client's connection.
func (s *server) unsent() (bytes int) {
	s.t.Helper()
	all := s.snapshot()
	if len(all) != 1 {
		s.t.Fatalf("%d clients", len(all))
	}
	control(all[0].network.Conn, func(fd int) { bytes, _ = unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT) })
	return bytes
}

// Few bytes may wait for a client of newest events, however it comes to want them;
// more for the others.
func TestHowMuchMayWaitInTheKernel(t *testing.T) {
	for name, test := range map[string]struct {
		query, message string
		want           int
	}{
		"every event":        {"topic=a", `{"wakesocket":"add","n":1,"topics":["b"]}`, unsentMost},
		"newest events":      {"topic=a&latest=50,a", "", unsentLatest},
		"newest events soon": {"topic=a", `{"wakesocket":"add","n":1,"topics":["b"],"latest":{"b":50}}`, unsentLatest},
		"list to come":       {"topics=later", `{"wakesocket":"topics","n":1,"topics":["b"],"latest":{"b":50}}`, unsentLatest},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, Options{}).ready()
			p := s.knowing("", test.query)
			if test.message != "" {
				p.followed(test.message, 1)
			}
			if got := s.unsent(); got != test.want {
				t.Errorf("%d bytes, want %d", got, test.want)
			}
		})
	}
}
