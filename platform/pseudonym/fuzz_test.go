package pseudonym

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
)

// TestNoKnownDigitsSurvive puts learnt identifiers into texts in many ways and looks for their digits in what comes out.
func TestNoKnownDigitsSurvive(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	frames := []string{
		"/x/%s", "/x/%s/y.html", "?a=b&foo=%s&c=d", "CT_%s_1.dcm", `C:\img\%s.pdf`, "/fhir/Patient/%s", "?patient=Patient/%s",
		"?identifier=urn:oid:1.2|%s", "a %s b", "IPP%s", "1.2.840.%s.7", "https://h/%s?%s=%s", "(%s)", "%s-%s", "nom.%s.prenom", "?t=%s", "?x=%%3D%s",
	}
	shapes := []func() string{
		func() string { return fmt.Sprintf("%06d", 100_000+r.IntN(900_000)) },
		func() string { return fmt.Sprintf("%010d", r.IntN(1e10)) },
		func() string { return fmt.Sprintf("%c%07d", 'A'+r.IntN(26), r.IntN(1e7)) },
		func() string { return fmt.Sprintf("PAT-%05d", r.IntN(1e5)) },
		func() string { return fmt.Sprintf("%02d %02d %03d", r.IntN(100), r.IntN(100), r.IntN(1000)) },
		func() string { return fmt.Sprintf("%05d/%02d", 10_000+r.IntN(90_000), 10+r.IntN(90)) },
	}
	p := New(key(9))
	for range 4000 {
		id := shapes[r.IntN(len(shapes))]()
		p.Learn([]byte("HOSP"), []byte(id))
		frame := frames[r.IntN(len(frames))]
		shown := id
		switch r.IntN(4) {
		case 0:
			shown = url.PathEscape(id)
		case 1:
			shown = url.PathEscape(url.PathEscape(strings.ToLower(id)))
		}
		if strings.Contains(frame, "IPP") && strings.ContainsFunc(id, func(r rune) bool { return r < '0' || r > '9' }) {
			continue // only a number can be told from letters that it is glued to
		}
		text := strings.ReplaceAll(frame, "%s", shown)
		got := string(p.Text(nil, []byte(text)))
		for digits := range strings.FieldsFuncSeq(id, func(r rune) bool { return r < '0' || r > '9' }) {
			if len(digits) >= 5 && strings.Contains(got, digits) {
				t.Fatalf("the digits %s of %q survive: %q became %q", digits, id, text, got)
			}
		}
		if !strings.Contains(got, "p~") {
			t.Fatalf("%q is not masked in %q: %q", id, text, got)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{
		"/fhir/Patient/4711?identifier=urn%3Aoid%3A1.2%7C99", "?name=a&family=b,c", "DOE^JOHN", "2 79 03 51 215 189 89", "%25%32%35",
		`{"patientId":"4711"}`, "p~abcdefgh234567ab", "/patients/list/4711", "PAT-0001-7", "943-476-5919", "\x00%\xff=/Patient/",
	} {
		f.Add([]byte(s))
	}
	p, fresh := New(key(1)), New(key(1))
	for _, id := range []string{"4711471", "PAT-0001-7", "A1B2C3"} {
		p.Learn(nil, []byte(id))
	}
	for _, name := range []string{"DOE^JOHN", "LE GOFF^ANNE", "a^b"} {
		p.LearnName([]byte(name))
	}
	f.Fuzz(func(t *testing.T, s []byte) {
		before := bytes.Clone(s)
		got := p.Text([]byte("keep"), s)
		if !bytes.HasPrefix(got, []byte("keep")) {
			t.Fatalf("what dst held is gone: %q", got)
		}
		if !bytes.Equal(s, before) {
			t.Fatalf("the text was written to: %q became %q", before, s)
		}
		if again := p.Text([]byte("keep"), before); !bytes.Equal(again, got) {
			t.Fatalf("the same text gives %q and %q", got, again)
		}
		p.Patient(nil, s, s)
		p.Name(nil, s)
		fresh.Text(nil, s)
	})
}

// BenchmarkPseudonymText masks an address of 60 bytes without a hit, as most are, and one with three.
func BenchmarkPseudonymText(b *testing.B) {
	texts := map[string]string{
		"clean60":   "http://intranet.hosp.example/app/evil-loader7.php?page=12345",
		"encoded60": "http://intranet.hosp.example/app/evil%20loader7.php?page=1234",
		"name60":    "//srv/letters/2026/07/DURAND_PAUL_1950-03-12_discharge_x.pdf",
		"hits":      "/fhir/Observation?patient=Patient%2F4711&identifier=urn:oid:1.2|99&family=Dupont",
	}
	for name, text := range texts {
		b.Run(name, func(b *testing.B) {
			p, dst := New(key(1)), make([]byte, 0, 512)
			for i := range 60_000 {
				p.Learn([]byte("HOSP"), fmt.Appendf(nil, "%07d", i*31))
				p.Learn([]byte("HOSP"), fmt.Appendf(nil, "A%06d", i*17))
				p.LearnName(fmt.Appendf(nil, "%s^%s", letters(i), letters(i%500)))
			}
			p.LearnName([]byte("DURAND^PAUL"))
			s := []byte(text)
			b.SetBytes(int64(len(s)))
			b.ReportAllocs()
			for b.Loop() {
				dst = p.Text(dst[:0], s)
			}
		})
	}
}

// BenchmarkPatient makes one pseudonym.
func BenchmarkPatient(b *testing.B) {
	p, dst := New(key(1)), make([]byte, 0, Size)
	authority, id := []byte("HOSP"), []byte("584765")
	b.ReportAllocs()
	for b.Loop() {
		dst = p.Patient(dst[:0], authority, id)
	}
}
