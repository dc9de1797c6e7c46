package delimited

import "testing"

func TestFieldsAreCountedFromTheFirst(t *testing.T) {
	f := Fields{Rest: []byte("PID|1||a^b&c"), Sep: '|'}
	if a, b, c, d := f.At(0), f.At(2), f.At(3), f.At(4); string(a) != "PID" || len(b) != 0 || string(c) != "a^b&c" || d != nil {
		t.Errorf("got %q %q %q %q", a, b, c, d)
	}
}

func TestParts(t *testing.T) {
	for _, c := range []struct {
		what string
		sep  byte
		n    int
		want string
	}{
		{"the first", '^', 0, "a"},
		{"the last", '^', 2, "c"},
		{"one behind the last", '^', 3, ""},
		{"nothing separates", 0, 0, "a^b^c"},
		{"nothing separates, the second", 0, 1, ""},
	} {
		if got := Part([]byte("a^b^c"), c.sep, c.n); string(got) != c.want {
			t.Errorf("%s: got %q, want %q", c.what, got, c.want)
		}
	}
}
