package pseudonym

// What a byte may be part of.
const (
	digit    = 1 << iota
	letter   // of ASCII, and every byte of other scripts
	keyPunct // may stand inside a parameter's name
	nameByte // may stand inside a person's name

	wordByte = digit | letter
)

// class tells of each byte what it may be part of.
var class = classes()

func classes() (c [256]uint8) {
	for b := range c {
		switch {
		case '0' <= b && b <= '9':
			c[b] = digit | nameByte
		case 'A' <= b && b <= 'Z', 'a' <= b && b <= 'z', b >= 0x80:
			c[b] = letter | nameByte
		}
	}
	for _, b := range []byte("_-.:[],$") {
		c[b] |= keyPunct
	}
	for _, b := range []byte("-'^") {
		c[b] |= nameByte
	}
	return c
}

// scan walks a text word by word; a word is a run of letters and digits.
type scan struct {
	p      *Pseudonyms
	dst    []byte
	raw    []byte
	copied int    // raw up to here is in dst, as it was or masked
	text   []byte // raw without its percent-encoding
	origin []int  // where the bytes of text begin in raw; nil where they are the same

	key   int  // where the parameter's name that the walk is in began
	until int  // where the parameter's value that was looked at last ends
	short bool // and that a '/' would have ended it
	masks int  // text before this is masked
	path  bool // a '/' was passed, and no '?' yet
	query bool // a '?' was passed
	named bool // a word that a learnt name has was passed
}

func (t *scan) run() {
	for i := 0; i < len(t.text); {
		b := t.text[i]
		if class[b]&wordByte != 0 {
			i = t.word(i)
			continue
		}
		switch b {
		case '=':
			i = t.parameter(i, i+1)
			continue
		case '"':
			if i+1 < len(t.text) && t.text[i+1] == ':' { // "patientId":"4711"
				i = t.parameter(i, t.jsonValue(i+2))
				continue
			}
		case '^':
			i = t.personName(i)
			continue
		case '/', '\\':
			t.path = !t.query
		case '?':
			t.path, t.query = false, true
		}
		i++
		if class[b]&keyPunct == 0 {
			t.key = i
		}
	}
}

// word looks at the word that begins at start and returns where to go on.
func (t *scan) word(start int) int {
	text, end, seen := t.text, start, uint8(0)
	for end < len(text) && class[text[end]]&wordByte != 0 {
		seen |= class[text[end]]
		end++
	}
	if end < len(text) {
		switch text[end] {
		case '/', '\\':
			if isPatientSegment(text[start:end]) && t.begins(start) {
				if text[end] == '\\' {
					return t.folder(end + 1)
				}
				return t.reference(start, end+1)
			}
		case '~':
			if end-start == 1 && end+Size-1 <= len(text) && isPseudonym(text[start:end+Size-1]) {
				return end + Size - 1
			}
		}
	}
	if seen&letter != 0 && !t.named {
		t.named = t.p.knowsName(text[start:end])
	}
	stop := 0
	if seen&digit != 0 || t.p.known.parts > 1 {
		stop = t.grouped(start, end)
	}
	if stop == 0 && seen&digit != 0 && end-start >= minLearned {
		stop = t.identifier(start, end, seen)
	}
	if stop == 0 {
		return end
	}
	return stop
}

// begins reports whether a path segment, or a reference inside a value, begins at i.
func (t *scan) begins(i int) bool {
	if i == 0 {
		return true
	}
	b := t.text[i-1]
	return class[b]&wordByte == 0 && b != '-' && b != '_' && b != '.'
}

// reference masks the path segment at i, that follows Patient/ (FHIR: ids are letters, digits, '-' and '.'). Of an
// application's own paths, /Patient/Details/4711, the verb stays. It returns where to go on.
func (t *scan) reference(start, i int) int {
	t.path, t.key = !t.query, i
	for range 2 {
		end := i
		for end < len(t.text) && (class[t.text[end]]&wordByte != 0 || isIDPunct(t.text[end])) {
			end++
		}
		segment := t.text[i:end]
		if len(segment) == 0 { // Patient/$everything, Patient?name=
			return i
		}
		verb := isVerb(segment)
		if !verb && (hasDigit(segment) || t.text[start] == 'P' && !isPage(segment)) {
			t.maskID(i, end, nil)
			return end
		}
		if !verb || end == len(t.text) || t.text[end] != '/' {
			return i
		}
		i = end + 1
		t.key = i
	}
	return i
}

// folder masks the name of a folder inside a folder of patients, \\srv\Patients\DUPONT Jean 1950\report.pdf, when it may
// be a person or a number. It returns where to go on.
func (t *scan) folder(i int) int {
	t.path, t.key = !t.query, i
	end, person := i, false
	for ; end < len(t.text) && t.text[end] != '\\' && t.text[end] != '/'; end++ {
		switch b := t.text[end]; b {
		case ' ', '_', ',', '^':
			person = true
		default:
			person = person || class[b]&digit != 0
		}
	}
	if !person || end == len(t.text) || end-i > maxPerson {
		return i
	}
	t.maskID(i, end, nil)
	return end
}

func isIDPunct(b byte) bool {
	switch b {
	case '-', '.', '_', '~', ':', '|':
		return true
	}
	return false
}

// identifier masks a word that is a known or a national identifier. It returns where to go on, 0 where it is neither.
func (t *scan) identifier(start, end int, seen uint8) int {
	if t.isNational(start, end) || t.isKnown(start, end) {
		return t.person(start, end)
	}
	if seen&letter == 0 {
		return 0
	}
	// A number glued to letters, CR4711234 or 4711234CT: its first and its last digits.
	first, last := start, end
	for class[t.text[first]]&digit != 0 {
		first++
	}
	for class[t.text[last-1]]&digit != 0 {
		last--
	}
	stop := 0
	for _, r := range [...][2]int{{start, first}, {last, end}} {
		if r[1]-r[0] >= minGlued && (t.isNational(r[0], r[1]) || t.isKnown(r[0], r[1])) {
			t.maskID(r[0], r[1], nil)
			stop = end
		}
	}
	return stop
}

// minGlued is how many digits glued to letters may be a known identifier.
const minGlued = 6

func (t *scan) isKnown(start, end int) bool {
	l := &t.p.known
	if end-start > maxLearned || l.lengths>>(end-start)&1 == 0 {
		return false
	}
	sum := l.seed
	for _, b := range t.text[start:end] {
		sum = mix(sum, b)
	}
	return l.find(finishMix(sum)) != nil
}

// grouped masks an identifier of several words of which the first is given: a learnt one, or a national one as
// people write it (1 84 12 76 451 089 46). It returns where to go on, 0 where there is none.
func (t *scan) grouped(start, end int) int {
	if stop := nationalGroups(t.text[start:], end-start); stop > 0 && !t.dotted(start, start+stop) {
		return t.person(start, start+stop)
	}
	l := &t.p.known
	if l.parts < 2 {
		return 0
	}
	sum, n, best, word := l.seed, 0, 0, start
	for parts := 1; parts <= l.parts; parts++ {
		for _, b := range t.text[word:end] {
			sum = mix(sum, b)
		}
		n += end - word
		if n > maxLearned {
			break
		}
		if parts > 1 && l.lengths>>n&1 != 0 && l.find(finishMix(sum)) != nil {
			best = end
		}
		if end+1 >= len(t.text) || class[t.text[end+1]]&wordByte == 0 {
			break
		}
		word = end + 1
		for end = word; end < len(t.text) && class[t.text[end]]&wordByte != 0; end++ {
		}
	}
	if best > 0 {
		return t.person(start, best)
	}
	return best
}

// person masks an identifier and the names that are joined to it: KERGOUZIEN_77402394_letter.pdf. It returns where to
// go on. What else is joined and looks like a name (Scan_77402394) is masked with them.
func (t *scan) person(start, end int) int {
	if first := t.namesBefore(start); first < start {
		t.maskJoined(first, start-1)
	}
	t.maskID(start, end, nil)
	stop := t.namesAfter(end)
	if stop > end {
		t.maskJoined(end+1, stop)
	}
	return stop
}

// maskJoined masks what looks like names between start and end. Those that were learnt are left to [scan.maskNames], which
// gives them the same pseudonym wherever they stand.
func (t *scan) maskJoined(start, end int) {
	from, last := start, start
	for tok := t.token(start, end); tok.end > 0; tok = t.token(tok.end, end) {
		if tok.kind != nameToken {
			last = tok.end
			continue
		}
		if from < last {
			t.mask(from, last, ofName)
		}
		t.named = true
		from = t.afterGap(tok.end, end)
		last = from
	}
	if from == start {
		last = end
	}
	if from < last {
		t.mask(from, last, ofName)
	}
}

// Names joined to an identifier: how many at most on each side, and of how many bytes at least.
const (
	maxJoined = 3
	minJoined = 3
)

// joins reports whether b stands between the words of a file's name.
func joins(b byte) bool { return b == '_' || b == '-' || b == ' ' || b == ',' || b == '+' }

// isName reports whether a word looks like a name: letters alone, the first a capital or of another script.
func (t *scan) isName(start, end int) bool {
	if end-start < minJoined || end-start > maxPerson || t.text[start] >= 'a' && t.text[start] <= 'z' {
		return false
	}
	for _, b := range t.text[start:end] {
		if class[b]&letter == 0 {
			return false
		}
	}
	return true
}

// namesBefore is where the names begin that are joined to what begins at i; i where there are none.
func (t *scan) namesBefore(i int) int {
	for range maxJoined {
		end := i - 1
		if end <= t.masks || !joins(t.text[end]) {
			break
		}
		start := end
		for start > t.masks && end-start <= maxPerson && class[t.text[start-1]]&wordByte != 0 {
			start--
		}
		if !t.isName(start, end) {
			break
		}
		i = start
	}
	return i
}

// namesAfter is where the names end that are joined to what ends at i; i where there are none.
func (t *scan) namesAfter(i int) int {
	for range maxJoined {
		if i >= len(t.text) || !joins(t.text[i]) {
			break
		}
		end := i + 1
		for end < len(t.text) && end-i <= maxPerson+1 && class[t.text[end]]&wordByte != 0 {
			end++
		}
		if !t.isName(i+1, end) || t.leadsToDigits(end) {
			break
		}
		i = end
	}
	return i
}

// leadsToDigits reports whether a word with digits is joined to what ends at i, soon enough that they may be one learnt
// identifier: it takes the names before it, then.
func (t *scan) leadsToDigits(i int) bool {
	for range max(t.p.known.parts, 1) {
		if i >= len(t.text) || !joins(t.text[i]) {
			return false
		}
		start := i + 1
		for i = start; i < len(t.text) && i-start <= maxPerson && class[t.text[i]]&wordByte != 0; i++ {
			if class[t.text[i]]&digit != 0 {
				return true
			}
		}
	}
	return false
}

// dotted reports whether the digits between start and end are part of a dotted number: an OID, a version, an address.
func (t *scan) dotted(start, end int) bool {
	before := start > 1 && t.text[start-1] == '.' && class[t.text[start-2]]&digit != 0
	after := end+1 < len(t.text) && t.text[end] == '.' && class[t.text[end+1]]&digit != 0
	return before || after
}

// personName masks a name written FAMILY^GIVEN around the caret at i (DICOM PN, HL7 XPN) and returns where to go on.
func (t *scan) personName(i int) int {
	start, end := i, i+1
	for start > t.masks && i-start < maxPerson && class[t.text[start-1]]&nameByte != 0 {
		start--
	}
	for end < len(t.text) && end-i < maxPerson && class[t.text[end]]&nameByte != 0 {
		end++
	}
	if i-start >= 2 && class[t.text[start]]&letter != 0 && i+1 < end && class[t.text[i+1]]&letter != 0 {
		t.mask(start, end, ofName)
		return end
	}
	t.key = i + 1
	return i + 1
}

// maxPerson bounds a person's name on either side of a caret, and a folder's name, in bytes. Like all bounds here it
// keeps the time that a hostile text takes in proportion to its length.
const maxPerson = 128

// maskID writes the pseudonym of an identifier: the one learnt, or else the one under authority.
func (t *scan) maskID(start, end int, authority []byte) {
	id := t.text[start:end]
	if isPseudonym(id) {
		return
	}
	t.skipTo(start, end)
	if sum, n, _ := t.p.known.digest(id); n >= minLearned {
		if e := t.p.known.find(sum); e != nil {
			t.dst = append(t.dst, e.pseudonym[:]...)
			return
		}
	}
	t.dst = t.p.Patient(t.dst, authority, id)
}

// mask writes the pseudonym of a name or of something else of a person.
func (t *scan) mask(start, end int, kind byte) {
	value := t.text[start:end]
	if isPseudonym(value) {
		return
	}
	t.skipTo(start, end)
	if kind == ofName {
		t.dst = t.p.Name(t.dst, value)
		return
	}
	t.dst = t.p.Other(t.dst, value)
}

// skipTo copies what stands before start, and takes what stands between start and end as masked.
func (t *scan) skipTo(start, end int) {
	t.dst = append(t.dst, t.raw[t.copied:t.at(start)]...)
	t.copied = t.at(end)
	t.masks = end
}

// at is where the byte i of text begins in raw.
func (t *scan) at(i int) int {
	if t.origin == nil {
		return i
	}
	return t.origin[i]
}
