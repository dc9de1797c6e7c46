package pseudonym

import (
	"bytes"
	"unicode/utf8"
)

// LearnName remembers the family names and given names of a person, as DICOM (PN, PS3.5 §6.2.1) or HL7 (XPN) writes them,
// in each of their alphabets and repetitions, so that [Pseudonyms.Text] knows them again beside another hint. Case,
// accents and punctuation do not count; what is not UTF-8 is read as Latin-1. Names of fewer than 3 letters and
// what stands for no name (TEST, ANONYMOUS) are not learnt, nor the particles of a name (van, des) on their own. Of
// names, of their words and of the persons who bear them the last 65,536 seen are remembered, as keyed digests.
func (p *Pseudonyms) LearnName(raw []byte) {
	raw = raw[:min(len(raw), maxRawName)]
	for len(raw) > 0 {
		one := raw
		if i := bytes.IndexAny(raw, "=~"); i >= 0 {
			one, raw = raw[:i], raw[i+1:]
		} else {
			raw = nil
		}
		if bytes.IndexByte(one, escape) < 0 {
			p.learnPerson(one)
		}
	}
}

const (
	minName      = 3    // letters of a name that is learnt
	maxNameWords = 6    // words of a family name or of given names that are looked at
	maxRawName   = 1024 // bytes of a name with all its repetitions
	// escape begins a switch of the character set (ISO 2022): what follows are not the letters that they look like.
	escape = 0x1B
)

// role is what a word or several were learnt as; 0 is a whole person.
type role uint8

const (
	familyRole role = 1 << iota
	givenRole
	leadRole // the first word of a name of several
)

const partRoles = familyRole | givenRole

func (p *Pseudonyms) learnPerson(raw []byte) {
	family, given := nameParts(raw)
	if bytes.IndexByte(raw, '^') < 0 { // nobody can tell which is which
		p.folded = appendFolded(p.folded[:0], family)
		p.learnWords(p.folded, partRoles)
		return
	}
	_, rest := cutByte(raw, '^')
	_, rest = cutByte(rest, '^')
	further, _ := cutByte(rest, '^') // DICOM: the middle name; HL7: second and further given names
	p.folded = appendFolded(p.folded[:0], further)
	p.learnWords(p.folded, givenRole)
	p.folded = appendFolded(p.folded[:0], family)
	caret := len(p.folded)
	p.folded = append(p.folded, '^')
	p.folded = appendFolded(p.folded, given)
	f, g := p.learnPart(p.folded[:caret], familyRole), p.learnPart(p.folded[caret+1:], givenRole)
	if caret > 0 && caret+1 < len(p.folded) {
		p.learnAs(f+g, p.folded, 0)
	}
}

// learnPart learns a folded family name or given names, word by word and as a whole, and returns the digest of the whole:
// that of its letters, as LE GOFF is also LEGOFF.
func (p *Pseudonyms) learnPart(name []byte, r role) (sum uint64) {
	first, sum := p.learnWords(name, r)
	if first < len(name) && utf8.RuneCount(name) > minName { // a space is no letter
		p.learnAs(sum, name, r)
		_, _, mixed := foldWord(p.names.seed, name, 0)
		p.learnAs(finishMix(mixed), name[:first], leadRole)
	}
	return sum
}

// learnWords learns the words of a folded name, and returns where the first ends and the digest of all letters.
func (p *Pseudonyms) learnWords(name []byte, r role) (first int, sum uint64) {
	all := p.names.seed
	for i, words := 0, 0; i < len(name) && words < maxNameWords; words++ {
		end, letters, mixed := foldWord(p.names.seed, name, i)
		_, _, all = foldWord(all, name, i)
		word, several := name[i:end], len(name) > end-i
		if letters >= minName && !isNoName(word) && !(several && isParticle(word)) {
			p.learnAs(finishMix(mixed), word, r)
		}
		if i == 0 {
			first = end
		}
		i = end + 1
	}
	return first, finishMix(all)
}

func (p *Pseudonyms) learnAs(sum uint64, name []byte, r role) {
	if old := p.names.find(sum); old != nil {
		old.role |= r
		old.again = true
		return
	}
	e := entry{sum: sum, role: r}
	p.Name(e.pseudonym[:0], name)
	p.names.put(e)
}

// knowsName reports whether a word of letters in p is one of a learnt name.
func (p *Pseudonyms) knowsName(word []byte) bool {
	if len(p.names.ring) == 0 {
		return false
	}
	for i := 0; i < len(word); {
		end, letters, mixed := foldWord(p.names.seed, word, i)
		if letters > 0 && p.names.find(finishMix(mixed)) != nil {
			return true
		}
		i = max(end, i+1)
	}
	return false
}

// isNoName reports whether a folded word is what systems write where there is no name.
func isNoName(word []byte) bool {
	switch string(word) {
	case "TEST", "TESTS", "PATIENT", "PATIENTE", "UNKNOWN", "INCONNU", "INCONNUE", "UNBEKANNT", "ANONYMOUS", "ANONYME",
		"ANONYMIZED", "ANONYMISED", "ANONYM", "NULL", "NONE", "PHANTOM", "FANTOME", "DEMO", "NAME", "NOM", "IMAGE", "INDEX":
		return true
	}
	return false
}

// isParticle reports whether a folded word stands before names and is none itself: it is not learnt out of a name of several words.
func isParticle(word []byte) bool {
	switch string(word) {
	case "DES", "LES", "VAN", "VON", "DER", "DEN", "DEL", "DOS", "DAS", "TER", "TEN", "BEN", "BIN", "ZUM", "ZUR", "UND":
		return true
	}
	return false
}
