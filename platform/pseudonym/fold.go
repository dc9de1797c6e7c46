package pseudonym

import (
	"unicode"
	"unicode/utf8"
)

// The letters of U+00C0 to U+017F and of U+1E00 to U+1EFF without their accents, in upper case; a '.' is none, or two (see letterAt).
const (
	latin = "AAAAAA.CEEEEIIIIDNOOOOO.OUUUUY..AAAAAA.CEEEEIIIIDNOOOOO.OUUUUY.Y" +
		"AAAAAACCCCCCCCDDDDEEEEEEEEEEGGGGGGGGHHHHIIIIIIIIII..JJKKKLLLLLLL" +
		"LLLNNNNNNNNNOOOOOO..RRRRRRSSSSSSSSTTTTTTUUUUUUUUUUUUWWYYYZZZZZZS"
	latinAdditional = "AABBBBBBCCDDDDDDDDDDEEEEEEEEEEFFGGHHHHHHHHHHIIIIKKKKKKLLLLLLLLMM" +
		"MMMMNNNNNNNNOOOOOOOOPPPPRRRRRRRRSSSSSSSSSSTTTTTTTTUUUUUUUUUUVVVV" +
		"WWWWWWWWWWXXXXYYZZZZZZHTWYAS....AAAAAAAAAAAAAAAAAAAAAAAAEEEEEEEE" +
		"EEEEEEEEIIIIOOOOOOOOOOOOOOOOOOOOOOOOUUUUUUUUUUUUUUYYYYYYYY......"
)

// accent stands for a combining accent, which is a part of the letter before it and nothing of its own.
const accent = -1

// letterAt reads the letter at p[i] without its accent and in upper case, and how many bytes it takes. The letter is 0
// where there is none; second is not 0 where it stands for two (Æ, ß). What is not UTF-8 is read as Latin-1.
func letterAt(p []byte, i int) (letter, second rune, width int) {
	b := p[i]
	if b < utf8.RuneSelf {
		if class[b]&wordByte == 0 || class[b]&digit != 0 {
			return 0, 0, 1
		}
		return rune(upper(b)), 0, 1
	}
	r, width := utf8.DecodeRune(p[i:])
	if r == utf8.RuneError && width == 1 {
		r = rune(b)
	}
	letter, second = foldRune(r)
	return letter, second, width
}

func foldRune(r rune) (letter, second rune) {
	switch {
	case r < 0xC0:
		return 0, 0
	case r <= 0x17F && latin[r-0xC0] != '.':
		return rune(latin[r-0xC0]), 0
	case 0x1E00 <= r && r <= 0x1EFF && latinAdditional[r-0x1E00] != '.':
		return rune(latinAdditional[r-0x1E00]), 0
	case 0x300 <= r && r <= 0x36F:
		return accent, 0
	}
	switch r {
	case 'Æ', 'æ':
		return 'A', 'E'
	case 'Œ', 'œ':
		return 'O', 'E'
	case 'ß', 'ẞ':
		return 'S', 'S'
	case 'Þ', 'þ':
		return 'T', 'H'
	case 'Ĳ', 'ĳ':
		return 'I', 'J'
	case 'Ș', 'ș':
		return 'S', 0
	case 'Ț', 'ț':
		return 'T', 0
	}
	if !unicode.IsLetter(r) {
		return 0, 0
	}
	return unicode.ToUpper(r), 0
}

// appendFolded appends the words of letters of name, without accents and in upper case, with one space between them.
func appendFolded(dst, name []byte) []byte {
	start, apart := len(dst), false
	for i := 0; i < len(name); {
		letter, second, width := letterAt(name, i)
		i += width
		switch letter {
		case 0:
			apart = true
			continue
		case accent:
			continue
		}
		if apart && len(dst) > start {
			dst = append(dst, ' ')
		}
		apart = false
		dst = utf8.AppendRune(dst, letter)
		if second != 0 {
			dst = utf8.AppendRune(dst, second)
		}
	}
	return dst
}

// foldWord reads the word of letters at p[i]: where it ends, how many letters it has, and mixed with them. KERGOUZIEN,
// Kergouzien and Kergouzién mix the same.
func foldWord(mixed uint64, p []byte, i int) (end, letters int, _ uint64) {
	for i < len(p) {
		if b := p[i] &^ 0x20; 'A' <= b && b <= 'Z' { // as nearly all are
			mixed = mixLetter(mixed, rune(b))
			letters++
			i++
			continue
		}
		letter, second, width := letterAt(p, i)
		if letter == 0 {
			break
		}
		i += width
		if letter == accent {
			continue
		}
		mixed = mixLetter(mixed, letter)
		letters++
		if second != 0 {
			mixed = mixLetter(mixed, second)
			letters++
		}
	}
	return i, letters, mixed
}

func mixLetter(sum uint64, r rune) uint64 { return (sum ^ uint64(r)) * 0x100000001B3 }
