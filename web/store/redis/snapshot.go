package redis

import (
	"context"
	"crypto/sha1"
	_ "embed"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/wakesocket/wakesocket/web/store"
)

//go:embed read.lua
var readSource string

var readScript = rueidis.NewLuaScript(readSource)

// snapshot is what the stream looked like at one moment.
type snapshot struct {
	store.Bounds
	proof  string // checksum of the entry that was asked for; "" when there is none
	events []store.Event
}

// read reads the ends of the stream, and a page of at most limit events after id.
func (s *Store) read(ctx context.Context, client rueidis.Client, id store.ID, limit int) (snapshot, error) {
	bytes, _ := s.pages.Limits()
	from := ""
	if limit > 0 {
		from = entryID(id)
	}
	began := time.Now()
	answer := readScript.Exec(ctx, client, s.keys, []string{store.NewEpoch(), from, strconv.Itoa(limit), strconv.Itoa(bytes)})
	parts, err := answer.ToArray()
	s.pages.Ended(ctx, began, err)
	if err != nil {
		return snapshot{}, fmt.Errorf("redis: the stream cannot be read: %w", err)
	}
	found, err := parse(parts)
	if err != nil {
		return snapshot{}, fmt.Errorf("redis: the stream %q cannot be understood: %w", s.options.Key, err)
	}
	return found, nil
}

// parse reads the answer of the script.
func parse(parts []rueidis.RedisMessage) (s snapshot, err error) {
	if len(parts) != 7 {
		return s, fmt.Errorf("the script gave %d parts", len(parts))
	}
	var text [6]string
	for i := range text {
		if text[i], err = parts[i].ToString(); err != nil {
			return s, err
		}
	}
	epoch := text[0]
	if s.Top, err = parseID(epoch, text[1], text[2]); err != nil {
		return s, err
	}
	if s.Base, err = parseID(epoch, text[3], text[4]); err != nil {
		return s, err
	}
	s.proof = text[5]
	entries, err := parts[6].ToArray()
	if err != nil {
		return s, err
	}
	s.events = make([]store.Event, len(entries))
	for i, entry := range entries {
		if s.events[i], err = parseEvent(epoch, entry); err != nil {
			return s, err
		}
	}
	return s, nil
}

func parseEvent(epoch string, entry rueidis.RedisMessage) (e store.Event, err error) {
	fields, err := entry.ToArray()
	if err != nil || len(fields) != 4 {
		return e, fmt.Errorf("an entry has %d parts, %w", len(fields), err)
	}
	id, err1 := fields[0].ToString()
	topic, err2 := fields[1].ToString()
	data, err3 := fields[2].ToString()
	repeated, err4 := fields[3].AsInt64()
	for _, err := range []error{err1, err2, err3, err4} {
		if err != nil {
			return e, err
		}
	}
	if e.ID, err = parseID(epoch, id, checksum(topic, data)); err != nil {
		return e, err
	}
	e.Time = time.UnixMilli(int64(e.ID.Major))
	if repeated == 0 { // else it keeps its place and is sent to nobody
		e.Topic, e.Data = topic, []byte(data)
	}
	return e, nil
}

// after proves that the events that were read are those after id.
func (s snapshot) after(id store.ID) ([]store.Event, error) {
	gap := func(reason string) ([]store.Event, error) { return nil, &store.GapError{Reason: reason} }
	beginning := store.ID{Epoch: id.Epoch}
	switch {
	case id.Epoch != s.Top.Epoch:
		return gap(store.Epoch)
	case id == s.Top:
		return nil, nil
	case compare(id, s.Top) > 0:
		return gap(store.Future)
	case id == s.Base && id == beginning:
		return s.events, nil // nothing was ever trimmed, and the epoch is the stream's own
	case compare(id, s.Base) < 0:
		return gap(store.Trimmed)
	case s.proof == "" || s.proof != sumOf(id):
		return gap(store.Invalid)
	}
	return s.events, nil
}

// The minor part of an id has the sequence number of its entry in the upper half,
// and the checksum of its event in the lower.
const sumBits = 32

// checksum is that of the scripts: the first 8 hex digits of the SHA-1.
func checksum(topic, data string) string {
	h := sha1.New()
	h.Write([]byte(topic))
	h.Write([]byte{0})
	h.Write([]byte(data))
	return fmt.Sprintf("%08x", binary.BigEndian.Uint32(h.Sum(nil)))
}

// parseID makes an id of one of the stream's and a checksum, which is "" where there
// is no entry.
func parseID(epoch, text, sum string) (store.ID, error) {
	ms, seq, ok := strings.Cut(text, "-")
	major, err1 := strconv.ParseUint(ms, 10, 64)
	minor, err2 := strconv.ParseUint(seq, 10, 64-sumBits)
	check, err3 := uint64(0), error(nil)
	if sum != "" {
		check, err3 = strconv.ParseUint(sum, 16, sumBits)
	}
	if !ok || err1 != nil || err2 != nil || err3 != nil {
		return store.ID{}, fmt.Errorf("%q is not an id that XADD gave to *, with checksum %q", text, sum)
	}
	return store.ID{Epoch: epoch, Major: major, Minor: minor<<sumBits | check}, nil
}

// entryID is the id as the stream knows it.
func entryID(id store.ID) string {
	return strconv.FormatUint(id.Major, 10) + "-" + strconv.FormatUint(id.Minor>>sumBits, 10)
}

func sumOf(id store.ID) string { return fmt.Sprintf("%08x", uint32(id.Minor)) }

// compare orders two ids by their entries.
func compare(a, b store.ID) int {
	a.Minor >>= sumBits
	b.Minor >>= sumBits
	return a.Compare(b)
}
