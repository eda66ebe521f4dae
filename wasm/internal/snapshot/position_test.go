package snapshot

import "testing"

func TestRelate(t *testing.T) {
	const greeted, plain = true, false
	for _, c := range []struct {
		a, b    string
		greeted bool
		want    relation
	}{
		{"e-7", "e-7", greeted, same},
		{"e-7", "e-8", greeted, before},
		{"e-8", "e-7", greeted, after},
		{"e-9", "e-10", greeted, before},
		{"e-10", "e-9", greeted, after},
		{"e-9007199254740993", "e-9007199254740992", greeted, after},
		{"e-0", "e-1", greeted, before},
		{"e-5-1", "e-5-2", greeted, before},
		{"e-5-10", "e-5-9", greeted, after},
		{"e-5", "e-5-1", greeted, before},
		{"e-5-1", "e-5", greeted, after},
		{"e-5-9", "e-6", greeted, before},
		{"e-6", "e-5-9", greeted, after},
		{"e-7", "f-7", greeted, foreign},
		{"a0z9-7", "a0z9-8", greeted, before},
		{"7", "e-7", greeted, foreign},
		{"-7", "e-7", greeted, foreign},
		{"e-", "e-7", greeted, foreign},
		{"e-07", "e-7", greeted, foreign},
		{"E-7", "e-7", greeted, foreign},
		{"e{-7", "e-7", greeted, foreign},
		{"e`-7", "e-7", greeted, foreign},
		{"e/-7", "e-7", greeted, foreign},
		{"e:-7", "e-7", greeted, foreign},
		{"e-7-0", "e-7", greeted, foreign},
		{"e-7-", "e-7", greeted, foreign},
		{"e-7-1-1", "e-7", greeted, foreign},
		{"e-7 ", "e-7", greeted, foreign},
		{"e-7", "", greeted, unknown},
		{"12345678901234567890123456789012-7", "12345678901234567890123456789012-8", greeted, before},
		{"123456789012345678901234567890123-7", "123456789012345678901234567890123-8", greeted, foreign},
		{"7", "8", plain, before},
		{"10", "9", plain, after},
		{"0", "9", plain, before},
		{"7", "7", plain, same},
		{"07", "8", plain, unknown},
		{"", "8", plain, unknown},
		{"7", "x8", plain, unknown},
		{"/", "8", plain, unknown},
		{":", "8", plain, unknown},
		{"x", "x", plain, same},
		{"e-7", "e-8", plain, unknown},
	} {
		if got := relate(c.a, c.b, c.greeted); got != c.want {
			t.Errorf("%q seen from %q (greeted %v): %v, want %v", c.a, c.b, c.greeted, got, c.want)
		}
	}
}
