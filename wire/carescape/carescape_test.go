package carescape

import (
	"errors"
	"testing"
)

// announcement is built after the descriptions that the package names; no capture of such a network is public.
func announcement(place, name string) []byte {
	p := make([]byte, 88)
	copy(p, "\x01\x04\x00\x00\x0a\x00\x00\x07\x5a\x40\xcd\xc0")
	copy(p[placeAt:], place)
	copy(p[nameAt:], name)
	copy(p[tailAt-1:], "\x07\x00\x03\x07\xd0\x00\x11\x00\x20")
	return p
}

func TestParse(t *testing.T) {
	var m Message
	if err := Parse(announcement("ICU|BED-07", "DURAND,PAUL"), &m); err != nil {
		t.Fatal(err)
	}
	if string(m.Unit) != "ICU" || string(m.Bed) != "BED-07" || string(m.Name) != "DURAND,PAUL" || m.Address != [4]byte{10, 0, 0, 7} || m.Counter != 0x5a40cdc0 {
		t.Errorf("got %q %q %q %v %x", m.Unit, m.Bed, m.Name, m.Address, m.Counter)
	}
	if err := Parse(announcement("ICU|BED-07", ""), &m); err != nil || len(m.Name) > 0 {
		t.Errorf("an empty bed: %v, name %q", err, m.Name)
	}
}

func TestOtherDatagramsAreNone(t *testing.T) {
	var m Message
	bad := announcement("ICU|BED", "")
	bad[0] = 2
	broken := announcement("ICU|BED", "")
	broken[placeAt+10] = 'x' // behind zeros
	for name, p := range map[string][]byte{"nothing": nil, "zeros": make([]byte, 88), "another version": bad, "text behind the end of text": broken,
		"a place without its bar": announcement("ICU-BED", ""), "a place of two bars": announcement("A|B|C", ""), "a name that is no text": announcement("A|B", "\x02\x03")} {
		if err := Parse(p, &m); !errors.Is(err, ErrOther) {
			t.Errorf("%s: got %v, want %v", name, err, ErrOther)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(announcement("ICU|BED-07", "DURAND,PAUL"))
	var m Message
	f.Fuzz(func(t *testing.T, p []byte) {
		if err := Parse(p, &m); (err == nil) != Looks(p) {
			t.Errorf("error %v, recognised %v", err, Looks(p))
		}
	})
}
