package redis

import (
	"strconv"
	"strings"
)

// sameSlot returns a prefix for keys that a cluster keeps in the same slot as a
// key, and that are not the key itself.
func sameSlot(key string) string {
	if tag := hashTag(key); tag != key {
		return key // what is appended does not change the tag
	}
	if !strings.Contains(key, "}") {
		return "{" + key + "}"
	}
	// A key with a brace but no tag cannot be a tag. Some number is in the same slot.
	for n := 0; ; n++ {
		if tag := strconv.Itoa(n); slot(tag) == slot(key) {
			return "{" + tag + "}" + key
		}
	}
}

// hashTag is the part of a key that chooses its slot: what is between the first
// brace and the next closing one, or all of the key if that is nothing.
func hashTag(key string) string {
	if _, rest, ok := strings.Cut(key, "{"); ok {
		if tag, _, ok := strings.Cut(rest, "}"); ok && tag != "" {
			return tag
		}
	}
	return key
}

// slot is the CRC16 (XMODEM) of a tag, modulo the number of slots.
func slot(tag string) uint16 {
	var crc uint16
	for i := range len(tag) {
		crc ^= uint16(tag[i]) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return crc % 16384
}
