package feed

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// rawClient speaks WebSocket frame by frame, also wrongly.
type rawClient struct {
	t testing.TB
	net.Conn
	r      *bufio.Reader
	answer *http.Response
}

// raw shakes hands; the lines are further headers, or Host.
func (s *server) raw(query string, lines ...string) *rawClient {
	s.t.Helper()
	return rawDial(s.t, strings.TrimPrefix(s.url, "http://"), query, "", lines...)
}

// rawDial sends the extra bytes in one packet with the handshake.
func rawDial(t testing.TB, address, query, extra string, lines ...string) *rawClient {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c := &rawClient{t: t, Conn: conn, r: bufio.NewReader(conn)}
	conn.SetDeadline(time.Now().Add(patience))
	if !strings.HasPrefix(strings.Join(lines, "\n"), "Host:") {
		lines = append([]string{"Host: " + address}, lines...)
	}
	fmt.Fprint(conn, handshake(query, lines...)+extra)
	if c.answer, err = http.ReadResponse(c.r, nil); err != nil {
		t.Fatal(err)
	}
	return c
}

// handshake is a request for a WebSocket with further headers.
func handshake(query string, lines ...string) string {
	return fmt.Sprintf("GET /?%s HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n\r\n", query, strings.Join(lines, "\r\n"))
}

// frame is a masked frame; first holds the fin bit and the opcode.
func frame(first byte, payload string) string {
	head := []byte{first, 0x80 | byte(min(len(payload), 126))}
	if len(payload) >= 126 {
		head = binary.BigEndian.AppendUint16(head, uint16(len(payload)))
	}
	return string(head) + "\x00\x00\x00\x00" + payload // a mask of zeros
}

const (
	textFrame         = 0x81
	emptyContinuation = 0x00
	pingFrame         = 0x89
	pongFrame         = 0x8a
)

// next returns the payload of the next frame, or the code and reason of a close.
func (c *rawClient) next() (payload string, code int, err error) {
	var head [2]byte
	if _, err := io.ReadFull(c.r, head[:]); err != nil {
		return "", 0, err
	}
	size := int(head[1] & 0x7f)
	if extended := map[int]int{126: 2, 127: 8}[size]; extended > 0 {
		var long [8]byte
		if _, err := io.ReadFull(c.r, long[8-extended:]); err != nil {
			return "", 0, err
		}
		size = int(binary.BigEndian.Uint64(long[:]))
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(c.r, body); err != nil {
		return "", 0, err
	}
	if head[0]&0xf == 8 {
		return string(body[2:]), int(binary.BigEndian.Uint16(body)), nil
	}
	return string(body), 0, nil
}

// closed reads to the close frame.
func (c *rawClient) closed() (code int, reason string) {
	c.t.Helper()
	for {
		payload, code, err := c.next()
		if err != nil {
			c.t.Fatal(err)
		}
		if code != 0 {
			return code, payload
		}
	}
}

// fakeConn notes that it was closed.
type fakeConn struct {
	net.Conn
	closed bool
}

func (c *fakeConn) Close() error {
	c.closed = true
	return nil
}
