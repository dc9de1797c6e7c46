package pseudonym

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
)

// letters is a name of four letters and more, another for each i.
func letters(i int) []byte {
	name := []byte("QX")
	for range 3 {
		name = append(name, 'A'+byte(i%26), "AEIOU"[i%5])
		i /= 26
	}
	return name
}

// learner knows an identifier and a few people.
func learner() *Pseudonyms {
	p := New(key(3))
	p.Learn(nil, []byte("584765"))
	for _, name := range []string{
		"KERGOUZIEN^ANNE^LOUISE", "DUPONT-MARTIN^JEAN PIERRE", "LE GOFF^Ang\u00e8le", "O'NEIL^SE\xc1N^^^^^L~BRANNIGAN^^^^^^B", "VAN DER BERG^Zo\u00eb",
		"PETIT^ROSE", "MARTIN^L\u00c9A", "LI^BO", "A B^C", "TEST^PATIENT", "YAMADA^TARO=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B", "Stra\u00dfer^Bj\u00f8rn", "MOREAU LUCIE",
		"MARIE^PAUL", "ROUX^PAUL MARIE",
		"Иванов^Пётр",
	} {
		p.LearnName([]byte(name))
	}
	return p
}

// TestLearntNamesAreKnownAgain writes as TestText does; W(x) is the pseudonym of words of which no person is known.
func TestLearntNamesAreKnownAgain(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"before an identifier", "KERGOUZIEN_584765_letter.txt", "N(KERGOUZIEN)_P(584765)_letter.txt"},
		{"behind one", "584765_kergouzien.txt", "P(584765)_N(KERGOUZIEN).txt"},
		{"with another word that may be a name", "Letter_KERGOUZIEN_584765.txt", "N(Letter)_N(KERGOUZIEN)_P(584765).txt"},
		{"with others on either side", "584765_Durand_GOFF-Jules.txt", "P(584765)_N(Durand)_N(GOFF)-N(Jules).txt"},
		{"with a double name", "Letter_DUPONT-MARTIN_584765.txt", "N(Letter)_N(DUPONT MARTIN)_P(584765).txt"},
		{"away from one", "letter_to_Kergouzien_about_584765.txt", "letter_to_N(KERGOUZIEN)_about_P(584765).txt"},
		{"glued to one", "KERGOUZIEN584765.txt", "N(KERGOUZIEN)P(584765).txt"},
		{"beside a pseudonym", "KERGOUZIEN_p~abcdefgh234567ab.txt", "N(KERGOUZIEN)_p~abcdefgh234567ab.txt"},
		{"family and given name are one", "/l/KERGOUZIEN_ANNE.pdf", "/l/N(KERGOUZIEN^ANNE).pdf"},
		{"in the other order too", "/l/anne.kergouzien.pdf", "/l/N(KERGOUZIEN^ANNE).pdf"},
		{"with a comma", "Kergouzien, Anne 584765.doc", "N(KERGOUZIEN^ANNE) P(584765).doc"},
		{"apart in one file's name", "KERGOUZIEN_letter_ANNE.pdf", "N(KERGOUZIEN)_letter_N(ANNE).pdf"},
		{"a second given name", "louise-kergouzien.pdf", "W(LOUISE KERGOUZIEN).pdf"},
		{"of two people", "ROSE_KERGOUZIEN.pdf", "W(KERGOUZIEN ROSE).pdf"},
		{"with plus signs", "?q=anne+kergouzien&x=1", "?q=N(KERGOUZIEN^ANNE)&x=1"},
		{"encoded", "/l/Kergouzien%20Anne", "/l/N(KERGOUZIEN^ANNE)"},
		{"encoded twice", "/l/Kergouzien%2520Anne%2520x", "/l/N(KERGOUZIEN^ANNE)%2520x"},
		{"beside a date of birth", `\\srv\scan\KERGOUZIEN 12.03.1950.pdf`, `\\srv\scan\N(KERGOUZIEN) 12.03.1950.pdf`},
		{"behind a date of birth", "/scan/1950-03-12-kergouzien.pdf", "/scan/1950-03-12-N(KERGOUZIEN).pdf"},
		{"a date written together", "/scan/KERGOUZIEN12031950.pdf", "/scan/N(KERGOUZIEN)12031950.pdf"},
		{"accents that were learnt", "/l/ANGELE_LE_GOFF.pdf", "/l/N(LE GOFF^ANGELE).pdf"},
		{"accents in UTF-8", "/l/le goff Ang\u00e8le.pdf", "/l/N(LE GOFF^ANGELE).pdf"},
		{"accents as letters of their own", "/l/legoff_Ange\u0300le.pdf", "/l/N(LE GOFF^ANGELE).pdf"},
		{"accents in Latin-1, encoded", "/l/LE%20GOFF%20ANG%C8LE", "/l/N(LE GOFF^ANGELE)"},
		{"learnt in Latin-1", "/l/o%27neil_sean.pdf", "/l/N(O NEIL^SEAN).pdf"},
		{"without its apostrophe", "/l/ONEIL-SEAN.pdf", "/l/N(O NEIL^SEAN).pdf"},
		{"with the apostrophe of a word processor", "/l/O\u2019Neil S\u00e9an.pdf", "/l/N(O NEIL^SEAN).pdf"},
		{"of the second repetition", "/l/brannigan_584765", "/l/N(BRANNIGAN)_P(584765)"},
		{"a double name", "/l/Dupont-Martin_Jean-Pierre.pdf", "/l/N(DUPONT MARTIN^JEAN PIERRE).pdf"},
		{"half of a double name", "/l/Dupont_584765.pdf", "/l/N(DUPONT)_P(584765).pdf"},
		{"with particles", "/l/van_der_berg_584765.pdf", "/l/N(VAN DER BERG)_P(584765).pdf"},
		{"without them", "/l/berg-zoe.pdf", "/l/W(BERG ZOE).pdf"},
		{"letters that are two", "/l/STRASSER_BJORN.pdf", "/l/N(STRASSER^BJORN).pdf"},
		{"learnt without a caret", "/l/lucie.moreau.pdf", "/l/W(LUCIE MOREAU).pdf"},
		{"given and family name that are a double given name elsewhere", "/l/paul-marie.pdf", "/l/N(PAUL MARIE).pdf"},
		{"another script", "/l/иванов_ПЁТР.pdf", "/l/W(Иванов Пётр).pdf"},
		{"beside its name in a parameter", "?name=Anne&f=kergouzien_anne", "?name=N(Anne)&f=N(KERGOUZIEN^ANNE)"},

		{"a lone name stays", "/static/petit.html", "/static/petit.html"},
		{"also with a version", "/static/martin-1.2.3.css?v=20260101", "/static/martin-1.2.3.css?v=20260101"},
		{"two family names", "/petit-martin.html", "/petit-martin.html"},
		{"a name of several words", "/le-goff.html", "/le-goff.html"},
		{"names in two segments", "/petit/rose.html", "/petit/rose.html"},
		{"in two parameters", "?a=petit&b=rose", "?a=petit&b=rose"},
		{"an identifier in another segment", "/584765/petit.html", "/P(584765)/petit.html"},
		{"a year is no date of birth", "/petit-2026.html", "/petit-2026.html"},
		{"a number is none", "/petit-20261345.html", "/petit-20261345.html"},
		{"a date elsewhere", "/petit-menu-20260101.html", "/petit-menu-20260101.html"},
		{"a part of a word", "/petition-rosewood-584765.html", "/petition-rosewood-P(584765).html"},
		{"a host", "http://rose-petit.example/x", "http://rose-petit.example/x"},
		{"a share's host", `\\rose-petit\x`, `\\rose-petit\x`},
		{"short names were not learnt", "/li-bo-584765.html", "/li-bo-P(584765).html"},
		{"initials were not", "/a-b-584765.html", "/a-b-P(584765).html"},
		{"what stands for no name", "/test-patient-584765.html", "/test-patient-P(584765).html"},
		{"a particle", "/van-584765.html", "/van-P(584765).html"},
		{"escaped character sets", "/ED-584765/B3ED.html", "/ED-P(584765)/B3ED.html"},
		{"who was not learnt", "/durand-robert-584765.pdf", "/durand-robert-P(584765).pdf"},
	}
	for _, tt := range tests {
		p := learner()
		got := string(p.Text([]byte("> "), []byte(tt.text)))
		want := "> " + expandWords(p, expand(New(key(3)), tt.want))
		if got != want {
			t.Errorf("%s: Text(%q)\ngot  %s\nwant %s", tt.name, tt.text, got, want)
		}
		if again := "> " + string(p.Text(nil, []byte(got[2:]))); again != got {
			t.Errorf("%s: masking twice: %q became %q", tt.name, got, again)
		}
	}
}

// expandWords replaces W(words) by the pseudonym of names of which no person is known.
func expandWords(p *Pseudonyms, s string) string {
	before, rest, found := strings.Cut(s, "W(")
	if !found {
		return s
	}
	words, after, _ := strings.Cut(rest, ")")
	sum := uint64(0)
	for word := range strings.FieldsSeq(words) {
		_, _, mixed := foldWord(p.names.seed, []byte(word), 0)
		sum += finishMix(mixed)
	}
	return before + string(p.nameOf(nil, sum)) + after
}

// TestNoLearntNameSurvives puts learnt family names beside what was learnt with them and looks for them in what comes out.
func TestNoLearntNameSurvives(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	separators := []string{"_", "-", ".", " ", "%20", "+", ", "}
	families := []func([]byte, []byte) string{
		func(a, _ []byte) string { return string(a) },
		func(a, b []byte) string { return string(a) + "-" + string(b) },
		func(a, _ []byte) string { return "LE " + string(a) },
		func(a, _ []byte) string { return "O'" + string(a) },
		func(a, _ []byte) string { return "van der " + strings.ToLower(string(a)) },
		func(a, _ []byte) string { return strings.ReplaceAll(string(a), "E", "\u00c9") },
		func(a, _ []byte) string { return strings.ReplaceAll(string(a), "E", "\xe9") },
	}
	frames := []string{"%s", "/a/%s/b", `\\srv\x\%s.pdf`, "?q=%s&x=1", "letter_%s.txt", "https://h/%s?x"}
	p := New(key(9))
	for i := range 5000 {
		family, given := families[r.IntN(len(families))](letters(r.IntN(9000)), letters(r.IntN(9000))), string(letters(r.IntN(9000)))
		id := fmt.Sprintf("%07d", i)
		p.Learn(nil, []byte(id))
		p.LearnName([]byte(family + "^" + given))
		shown := family
		switch r.IntN(4) {
		case 0:
			shown = strings.NewReplacer("A", "a", "E", "e", "Q", "q", "X", "x").Replace(family)
		case 1:
			shown = url.PathEscape(family)
		case 2:
			shown = strings.ReplaceAll(family, " ", "_")
		}
		words := []string{shown, []string{given, id}[r.IntN(2)]}
		if r.IntN(2) == 0 {
			words[0], words[1] = words[1], words[0]
		}
		text := strings.ReplaceAll(frames[r.IntN(len(frames))], "%s", strings.Join(words, separators[r.IntN(len(separators))]))
		got := p.Text(nil, []byte(text))
		for _, word := range append(bytes.Fields(appendFolded(nil, []byte(family))), []byte(given)) {
			left, _ := url.PathUnescape(string(got))
			if len(word) > 3 && bytes.Contains(appendFolded(nil, []byte(left)), word) {
				t.Fatalf("%s of %q survives: %q became %q", word, family+"^"+given, text, got)
			}
		}
		if again := p.Text(nil, got); !bytes.Equal(again, got) {
			t.Fatalf("masking twice: %q became %q", got, again)
		}
	}
}

func TestTheOldestNameIsForgotten(t *testing.T) {
	p := New(key(5))
	p.LearnName([]byte("KERGOUZIEN^ANNE"))
	text := []byte("KERGOUZIEN_ANNE")
	if got := p.Text(nil, text); len(got) != Size {
		t.Fatalf("a learnt name gives %q", got)
	}
	for i := range 2 * capacity {
		p.LearnName(fmt.Appendf(nil, "%s%s", letters(i), letters(i/7)))
	}
	if got := p.Text(nil, text); !bytes.Equal(got, text) {
		t.Errorf("an old name gives %q, want it as it was", got)
	}
	if len(p.names.ring) != capacity {
		t.Errorf("%d names are remembered, want %d", len(p.names.ring), capacity)
	}
}

func TestANameThatIsSeenAgainIsKept(t *testing.T) {
	p := New(key(5))
	name, text := []byte("KERGOUZIEN^ANNE"), []byte("KERGOUZIEN_ANNE")
	for i := range 3 * capacity {
		if i%(capacity/4) == 0 {
			p.LearnName(name)
		}
		p.LearnName(fmt.Appendf(nil, "%s%s", letters(i), letters(i/7)))
		if got := p.Text(nil, text); i%1000 == 0 && len(got) != Size {
			t.Fatalf("after %d other names a name that is seen often gives %q", i, got)
		}
	}
}

func FuzzLearnName(f *testing.F) {
	for _, s := range []string{"DOE^JOHN", "LE GOFF^ANNE~x^y", "Yamada^Tarou=\x1b$B;3ED\x1b(B", "o'neil", "\xc9\xe9\xdf^\u00e9e\u0301", "a b c d e f g h^i", "^^^", "&^&"} {
		f.Add([]byte(s), []byte("_4711471"))
	}
	f.Fuzz(func(t *testing.T, name, beside []byte) {
		p := New(key(1))
		p.Learn(nil, []byte("4711471"))
		p.LearnName(name)
		if len(p.names.ring) > 4*maxRawName {
			t.Fatalf("%d entries of one name", len(p.names.ring))
		}
		once := p.Text(nil, append(bytes.Clone(name), beside...))
		p.LearnName(once)
		p.Text(nil, once)
	})
}
