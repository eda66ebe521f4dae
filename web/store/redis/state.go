package redis

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/rueidis"

	"github.com/wakesocket/wakesocket/web/store"
)

// state is what the stream looked like at one moment.
type state struct {
	store.Bounds
	events []store.Event // from the id that was asked for on, inclusive
}

// looking reads the ends of the stream and a page of it in one step, so that they
// belong together. A stream that does not exist is an empty one.
var looking = rueidis.NewLuaScriptReadOnly(`
local epoch = redis.call('GET', KEYS[2])
if redis.call('EXISTS', KEYS[1]) == 0 then
	return {epoch, '0-0', '0-0', 0, {}}
end
local info = redis.call('XINFO', 'STREAM', KEYS[1])
local field = {}
for i = 1, #info, 2 do field[info[i]] = info[i + 1] end
local first = field['first-entry'] and field['first-entry'][1] or field['last-generated-id']
local whole = field['entries-added'] == field['length'] and 1 or 0
local page = {}
if ARGV[1] ~= '' then
	page = redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', ARGV[2])
end
return {epoch, field['last-generated-id'], first, whole, page}`)

// look reads the stream's ends, and up to limit entries behind an inclusive id
// unless that is "".
func (s *Store) look(ctx context.Context, client rueidis.Client, from string, limit int) (state, error) {
	keys := []string{s.options.Key, s.epochOf}
	for range 2 {
		answer := looking.Exec(ctx, client, keys, []string{from, strconv.Itoa(limit + 1)})
		parts, err := answer.ToArray()
		if err != nil {
			return state{}, fmt.Errorf("redis: the stream cannot be read: %w", err)
		}
		if len(parts) != 5 {
			return state{}, fmt.Errorf("redis: the stream's script gave %d parts", len(parts))
		}
		epoch, err := parts[0].ToString()
		if rueidis.IsRedisNil(err) {
			if _, err := s.epoch(ctx, client); err != nil {
				return state{}, fmt.Errorf("redis: the epoch cannot be made: %w", err)
			}
			continue
		}
		if err != nil {
			return state{}, fmt.Errorf("redis: the epoch cannot be read: %w", err)
		}
		return read(epoch, parts)
	}
	return state{}, fmt.Errorf("redis: the epoch does not stay")
}

func read(epoch string, parts []rueidis.RedisMessage) (s state, err error) {
	last, err1 := parts[1].ToString()
	first, err2 := parts[2].ToString()
	whole, err3 := parts[3].AsInt64()
	entries, err4 := parts[4].AsXRange()
	for _, err := range []error{err1, err2, err3, err4} {
		if err != nil {
			return state{}, fmt.Errorf("redis: the stream's script gave something else: %w", err)
		}
	}
	if s.Top, err = parse(epoch, last); err != nil {
		return state{}, err
	}
	// The oldest entry of a trimmed stream only proves the place before the rest.
	s.Base = store.ID{Epoch: epoch}
	if whole == 0 {
		if s.Base, err = parse(epoch, first); err != nil {
			return state{}, err
		}
	}
	s.events = make([]store.Event, len(entries))
	for i, entry := range entries {
		id, err := parse(epoch, entry.ID)
		if err != nil {
			return state{}, err
		}
		s.events[i] = store.Event{ID: id, Topic: entry.FieldValues["topic"], Data: []byte(entry.FieldValues["data"])}
	}
	return s, nil
}

// parse makes an id of one of the stream's.
func parse(epoch, text string) (store.ID, error) {
	ms, seq, ok := strings.Cut(text, "-")
	major, err1 := strconv.ParseUint(ms, 10, 64)
	minor, err2 := strconv.ParseUint(seq, 10, 64)
	if !ok || err1 != nil || err2 != nil {
		return store.ID{}, fmt.Errorf("redis: %q is not the id of an entry", text)
	}
	return store.ID{Epoch: epoch, Major: major, Minor: minor}, nil
}

// place is the id as the stream knows it.
func place(id store.ID) string {
	return strconv.FormatUint(id.Major, 10) + "-" + strconv.FormatUint(id.Minor, 10)
}
