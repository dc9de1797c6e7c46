package dicom

import (
	"bytes"
	"testing"
)

// fileOf is a file of DICOM with a data set in explicit little endian.
func fileOf(syntax string, data string) []byte {
	b := append(make([]byte, preamble), magicWord...)
	b = append(b, "\x02\x00\x01\x00OB\x00\x00\x02\x00\x00\x00\x00\x01"...)
	b = append(append(b, "\x02\x00\x10\x00UI"...), byte(len(syntax)), 0)
	return append(append(b, syntax...), data...)
}

func TestParseFile(t *testing.T) {
	explicit := "\x08\x00\x60\x00CS\x02\x00CT\x10\x00\x20\x00LO\x04\x004711"
	implicit := "\x08\x00\x60\x00\x02\x00\x00\x00CT\x10\x00\x20\x00\x04\x00\x00\x004711"
	for _, c := range []struct {
		does             string
		p                []byte
		ok               bool
		modality, number string
	}{
		{"explicit", fileOf("1.2.840.10008.1.2.1\x00", explicit), true, "CT", "4711"},
		{"implicit", fileOf("1.2.840.10008.1.2\x00", implicit), true, "CT", "4711"},
		{"a transfer syntax that was not told", append(append(make([]byte, preamble), magicWord...), explicit...), true, "CT", "4711"},
		{"its beginning only", fileOf("1.2.840.10008.1.2.1\x00", explicit[:12]), true, "CT", ""},
		{"deflated", fileOf("1.2.840.10008.1.2.1.99", "xxxx"), true, "", ""},
		{"another file", bytes.Repeat([]byte("x"), 300), false, "", ""},
	} {
		var e Elements
		_, ok := ParseFile(c.p, nil, &e)
		if ok != c.ok || string(e.Modality) != c.modality || string(e.PatientID) != c.number {
			t.Errorf("%s: got %v %q %q, want %v %q %q", c.does, ok, e.Modality, e.PatientID, c.ok, c.modality, c.number)
		}
	}
}

func FuzzParseFile(f *testing.F) {
	f.Add(fileOf("1.2.840.10008.1.2.1\x00", "\x08\x00\x60\x00CS\x02\x00CT"))
	f.Fuzz(func(t *testing.T, p []byte) {
		var e Elements
		ParseFile(p, nil, &e)
		ParseFile(append(append(make([]byte, preamble), magicWord...), p...), nil, &e)
	})
}
