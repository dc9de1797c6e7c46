package dicom

const (
	preamble  = 128
	magicWord = "DICM"
	metaGroup = 0x0002
)

// ParseFile reads a file of DICOM (PS3.10 §7.1), of which p may be the beginning only: the elements of its data set that
// are kept, into e, whose values go to arena. It returns arena, and whether p is such a file. A deflated data set is not
// read.
func ParseFile(p, arena []byte, e *Elements) ([]byte, bool) {
	*e = Elements{Cut: true}
	if len(p) < preamble+len(magicWord) || string(p[preamble:preamble+len(magicWord)]) != magicWord {
		return arena, false
	}
	syntax, data := meta(p[preamble+len(magicWord):])
	enc := encodingOf(syntax)
	if enc.deflated {
		return arena, true
	}
	var w walk
	w.start(enc, false, arena, nil)
	w.feed(data)
	w.elements(e, true)
	return w.arena, true
}

// meta reads the file meta information, which is explicit little endian: the transfer syntax, and what stands behind.
func meta(p []byte) (syntax string, rest []byte) {
	for len(p) >= 8 && p[0] == metaGroup && p[1] == 0 {
		n, at := int(p[6])|int(p[7])<<8, 8
		if isLongVR(p[4:6]) {
			if len(p) < 12 {
				return syntax, nil
			}
			n, at = int(p[8])|int(p[9])<<8|int(p[10])<<16|int(p[11])<<24, 12
		}
		if n < 0 || n > len(p)-at {
			return syntax, nil
		}
		if p[2] == 0x10 && p[3] == 0 { // Transfer Syntax UID
			syntax = string(trim(p[at : at+n]))
		}
		p = p[at+n:]
	}
	return syntax, p
}

// isLongVR tells whether the length behind a VR has four bytes (PS3.5 §7.1.2), of those that file meta information has.
func isLongVR(vr []byte) bool {
	switch string(vr) {
	case "OB", "UN":
		return true
	}
	return false
}
