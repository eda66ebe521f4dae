package position

import "testing"

func TestRelate(t *testing.T) {
	const greeted, plain = true, false
	for _, c := range []struct {
		a, b    string
		greeted bool
		want    Relation
	}{
		{"e-7", "e-7", greeted, Same},
		{"e-7", "e-8", greeted, Before},
		{"e-8", "e-7", greeted, After},
		{"e-9", "e-10", greeted, Before},
		{"e-10", "e-9", greeted, After},
		{"e-9007199254740993", "e-9007199254740992", greeted, After},
		{"e-0", "e-1", greeted, Before},
		{"e-5-1", "e-5-2", greeted, Before},
		{"e-5-10", "e-5-9", greeted, After},
		{"e-5", "e-5-1", greeted, Before},
		{"e-5-1", "e-5", greeted, After},
		{"e-5-9", "e-6", greeted, Before},
		{"e-6", "e-5-9", greeted, After},
		{"e-7", "f-7", greeted, Foreign},
		{"a0z9-7", "a0z9-8", greeted, Before},
		{"7", "e-7", greeted, Foreign},
		{"-7", "e-7", greeted, Foreign},
		{"e-", "e-7", greeted, Foreign},
		{"e-07", "e-7", greeted, Foreign},
		{"E-7", "e-7", greeted, Foreign},
		{"e{-7", "e-7", greeted, Foreign},
		{"e`-7", "e-7", greeted, Foreign},
		{"e/-7", "e-7", greeted, Foreign},
		{"e:-7", "e-7", greeted, Foreign},
		{"e-7-0", "e-7", greeted, Foreign},
		{"e-7-", "e-7", greeted, Foreign},
		{"e-7-1-1", "e-7", greeted, Foreign},
		{"e-7 ", "e-7", greeted, Foreign},
		{"e-7", "", greeted, Unknown},
		{"12345678901234567890123456789012-7", "12345678901234567890123456789012-8", greeted, Before},
		{"123456789012345678901234567890123-7", "123456789012345678901234567890123-8", greeted, Foreign},
		{"7", "8", plain, Before},
		{"10", "9", plain, After},
		{"0", "9", plain, Before},
		{"7", "7", plain, Same},
		{"07", "8", plain, Unknown},
		{"", "8", plain, Unknown},
		{"7", "x8", plain, Unknown},
		{"/", "8", plain, Unknown},
		{":", "8", plain, Unknown},
		{"x", "x", plain, Same},
		{"e-7", "e-8", plain, Unknown},
	} {
		if got := Relate(c.a, c.b, c.greeted); got != c.want {
			t.Errorf("%q seen from %q (greeted %v): %v, want %v", c.a, c.b, c.greeted, got, c.want)
		}
	}
}
