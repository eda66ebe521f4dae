package session

import "time"

// A changeover replaces a live socket whose permission ends soon, before the server
// cuts it: a second socket is dialed with a new token, and takes over as a
// challenger does. The page notices a short replay at most.

// expiring is the server's notice that the permission of a socket ends.
func (s *Session) expiring(in Expiring) {
	k := s.received(in.Generation, false)
	if k == nil || k.expiresAt != 0 {
		return
	}
	s.changeOver(k, s.now.Mono+max(in.In, time.Second))
}

// changeOver plans to replace a socket before its permission ends. Many permissions
// may end at the same moment.
func (s *Session) changeOver(k *socket, end time.Duration) {
	k.expiresAt = end
	k.changeAt = s.now.Mono + time.Duration(s.random()*float64(end-s.now.Mono)/4)
}

// changing reports whether the live socket is to be replaced, though it works.
func (s *Session) changing() bool { return s.live != nil && s.live.expiresAt != 0 }

// dialAt is when the next dial is due; never when none is wanted or one is under way.
func (s *Session) dialAt() time.Duration {
	at := never
	if s.dial != nil {
		return at
	}
	if s.wantsDial() {
		at = s.retry.at
	}
	if s.changing() && s.online {
		at = min(at, s.live.changeAt)
	}
	return at
}

// tried notes a dial of the changeover. The next one, if this fails, has half of the
// time that is left. In the end the server cuts the socket, which asks for a new
// token, too.
func (k *socket) tried(now time.Duration) {
	if wait := (k.expiresAt - now) / 2; wait >= dialGap/2 {
		k.changeAt = now + wait
	} else {
		k.changeAt = never
	}
}
