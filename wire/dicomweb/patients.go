package dicomweb

import (
	"bytes"
	"iter"
)

// Patients yields the identifiers and the names of patients in a body of application/dicom+json (PS3.18 annex F), of which
// p may be the beginning only. They point into p.
func Patients(p []byte) iter.Seq2[Meaning, []byte] {
	return func(yield func(Meaning, []byte) bool) {
		for {
			i := bytes.Index(p, []byte(`"001000`))
			if i < 0 || len(p) < i+10 || p[i+9] != '"' {
				return
			}
			tag := p[i+7 : i+9]
			p = p[i+10:]
			value, ok := firstValue(p)
			if !ok {
				continue
			}
			meaning := Unknown
			switch string(tag) {
			case "10":
				meaning = Name
			case "20":
				meaning = ID
			}
			if meaning != Unknown && !yield(meaning, value) {
				return
			}
		}
	}
}

// firstValue is the first text among the values of the attribute whose object p begins with, behind its tag: of a name
// its alphabetic form, which stands first.
func firstValue(p []byte) ([]byte, bool) {
	end := bytes.IndexByte(p, '}')
	if end < 0 {
		return nil, false
	}
	p = p[:end]
	i := bytes.Index(p, []byte(`"Value"`))
	if i < 0 {
		return nil, false
	}
	p = p[i+len(`"Value"`):]
	if i = bytes.Index(p, []byte(`"Alphabetic"`)); i >= 0 {
		p = p[i+len(`"Alphabetic"`):]
	}
	_, p, ok := bytes.Cut(p, []byte(`"`))
	if !ok {
		return nil, false
	}
	text, _, ok := bytes.Cut(p, []byte(`"`))
	return text, ok && len(text) > 0
}

// FirstObject is the beginning of the DICOM file in the first part of a multipart body, of which p is the beginning; nil
// where there is none (PS3.18 §8.6.1.2).
func FirstObject(p []byte) []byte {
	if !bytes.HasPrefix(bytes.TrimLeft(p[:min(len(p), 4)], "\r\n"), []byte("--")) {
		return nil
	}
	_, part, ok := bytes.Cut(p, []byte("\r\n\r\n"))
	if !ok {
		return nil
	}
	return part
}
