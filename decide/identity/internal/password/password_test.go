package password

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"unicode/utf8"
)

func TestCheck(t *testing.T) {
	p, err := NewPolicy("Centre Hospitalier de Sainte-Marie", "bulwark.chsm.example")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, password string
		want           error
	}{
		{"four unrelated French words", "tournevis-girafe-lundi-bocal", nil},
		{"four unrelated English words", "correct horse battery staple", nil},
		{"words without spaces", "girafetournevismarmite", nil},
		{"what a generator makes", "k7wq-zx2m-9fhr-bt4n", nil},
		{"digits that a generator made", "902817364519283", nil},
		{"no capital, digit or sign is asked for", "moutardeviolonpatinoire", nil},
		{"another script", "пятнадцать-слонов-и-жираф", nil},
		{"emoji count as characters", "🦒🎻🧊🥫🦒🐙🎻🪛🧊🎷🥫🚲🐙🎺🪁", nil},
		{"128 characters", strings.Repeat("tournevis-girafe-lundi-bocal-", 5)[:128], nil},
		{"fourteen characters", "girafe-bocal-x", ErrShort},
		{"fourteen characters in more bytes", "éééééééééééééé", ErrShort},
		{"129 characters", strings.Repeat("tournevis-girafe-lundi-bocal-", 5)[:129], ErrLong},
		{"a megabyte", strings.Repeat("x", 1<<20), ErrLong},
		{"bytes that are not text", "girafe-tournevis-\xff", ErrText},
		{"a control character", "girafe-tournevis-\x00-lundi", ErrText},
		{"a common password twice", "passwordpassword", ErrCommon},
		{"a common password and digits", "motdepasse12345678", ErrCommon},
		{"a row of keys", "azertyuiopqsdfghjklm", ErrPattern},
		{"two rows of keys, back", "poiuytrezamlkjhgfdsq", ErrPattern},
		{"digits in order", "123456789012345", ErrCommon},
		{"one character", "aaaaaaaaaaaaaaaaaaaa", ErrPattern},
		{"one character 128 times", strings.Repeat("a", 128), ErrPattern},
		{"a day twice", "2211202622112026", ErrPattern},
		{"digits for letters", "P@ssw0rdP@ssw0rd", ErrCommon},
		{"the person's name", "DupontDupont1975", ErrContext},
		{"the person's login and the year", "camille.dupont2026", ErrContext},
		{"the hospital", "Hopital-SainteMarie", ErrContext},
		{"the product", "bulwarkbulwark2026", ErrContext},
		{"accents do not hide a word", "Hôpîtâl-Sâïnte-Mârie", ErrContext},
		{"full-width letters do not hide a word", "ｂｕｌｗａｒｋbulwark2026", ErrContext},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := p.Check(tt.password, "camille.dupont", "Camille Dupont"); !errors.Is(got, tt.want) {
				n, _ := Normal(tt.password)
				e := guesser{p.words, contextWords(p.context)}.estimate(n[:min(len(n), 200)])
				t.Errorf("Check(%.40q) = %v, want %v (%.1f bits, %v)", tt.password, got, tt.want, e.bits, e.kinds)
			}
		})
	}
}

// cheap keeps the tests quick.
func cheap() Cost { return Cost{Memory: 64, Time: 1, Threads: 1} }

func TestHash(t *testing.T) {
	h := NewHasher([32]byte{1}, cheap())
	hash, err := h.Hash(t.Context(), "café-girafe-tournevis")
	if err != nil {
		t.Fatal(err)
	}
	other, err := h.Hash(t.Context(), "café-girafe-tournevis")
	if err != nil || other == hash {
		t.Errorf("the same password twice = the same hash (%v), want another salt", err)
	}
	tests := []struct {
		name, hash, password string
		hasher               *Hasher
		want                 bool
		err                  error
	}{
		{"the password", hash, "café-girafe-tournevis", h, true, nil},
		{"the password typed with a combining accent", hash, "cafe\u0301-girafe-tournevis", h, true, nil},
		{"another password", hash, "cafe-girafe-tournevis", h, false, nil},
		{"a longer one", hash, "café-girafe-tournevis ", h, false, nil},
		{"nothing", hash, "", h, false, nil},
		{"what is not text", hash, "\xff", h, false, nil},
		{"another pepper", hash, "café-girafe-tournevis", NewHasher([32]byte{2}, cheap()), false, nil},
		{"a cost raised since", hash, "café-girafe-tournevis", NewHasher([32]byte{1}, Cost{128, 1, 1}), true, nil},
		{"nobody", "", "", h, false, nil},
		{"a damaged hash", hash[:20], "café-girafe-tournevis", h, false, ErrHash},
		{"a hash that would take all the memory", strings.Replace(hash, "m=64,", "m=4294967295,", 1), "x", h, false, ErrHash},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.hasher.Verify(t.Context(), tt.hash, tt.password)
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("Verify = %v, %v; want %v, %v", got, err, tt.want, tt.err)
			}
		})
	}
	if h.Outdated(hash) || !NewHasher([32]byte{1}, Recommended()).Outdated(hash) {
		t.Error("Outdated does not follow the cost")
	}
}

func TestAFloodIsTurnedAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHasher([32]byte{1}, cheap())
		for range atOnce {
			h.turns <- struct{}{} // as hashes that are being computed
			h.queue <- struct{}{}
		}
		ctx, cancel := context.WithCancel(t.Context())
		results := make(chan error)
		for range waiting {
			go func() {
				_, err := h.Verify(ctx, "", "x")
				results <- err
			}()
		}
		synctest.Wait()
		if _, err := h.Verify(ctx, "", "x"); !errors.Is(err, ErrBusy) {
			t.Errorf("one more than may wait = %v, want %v", err, ErrBusy)
		}
		cancel()
		for range waiting {
			if err := <-results; !errors.Is(err, context.Canceled) {
				t.Errorf("waiting for a person who left = %v, want %v", err, context.Canceled)
			}
		}
	})
}

func FuzzCheck(f *testing.F) {
	p, err := NewPolicy()
	if err != nil {
		f.Fatal(err)
	}
	f.Add("tournevis-girafe-lundi-bocal")
	f.Add("\u0130stanbul\u0301ﬃ2026-01-01aaaa")
	f.Fuzz(func(t *testing.T, s string) { _ = p.Check(s, s) })
}

func FuzzParse(f *testing.F) {
	h := NewHasher([32]byte{1}, cheap())
	f.Add(h.decoy)
	f.Fuzz(func(t *testing.T, s string) {
		if salt, sum, c, err := parse(s); err == nil {
			if _, _, again, err := parse(h.format(salt, sum, c)); err != nil || again != c {
				t.Errorf("%q does not read back", s)
			}
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	h := NewHasher([32]byte{1}, Recommended())
	for b.Loop() {
		if _, err := h.Verify(b.Context(), "", "x"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheckTheLongest(b *testing.B) {
	p, err := NewPolicy()
	if err != nil {
		b.Fatal(err)
	}
	s := strings.Repeat("tournevis-girafe-lundi-bocal-", 5)[:128]
	for b.Loop() {
		_ = p.Check(s)
	}
}

func BenchmarkUnpack(b *testing.B) {
	for b.Loop() {
		if _, err := unpack(); err != nil {
			b.Fatal(err)
		}
	}
}

// inHospitals are passwords of two words and an end, as staff are known to choose them.
func inHospitals(yield func(string) bool) {
	words := [][]string{
		{"urgences", "cardiologie", "Reanimation", "sage-femme", "bloc", "scanner", "samu", "secretariat", "infirmière", "kinésithérapie", "MEDECIN"},
		{"SaintMalo", "rennes", "Paris", "bretagne", "chu", "hopital"},
		{"printemps", "Ete", "automne", "janvier", "noël"},
		{"Dupont", "LeGoff", "nguyen", "Kevin", "jean-pierre"},
	}
	for i, first := range words {
		for k, second := range words {
			if i == k {
				continue
			}
			for _, a := range first {
				for _, b := range second {
					for _, end := range []string{"2026", "2026!", "1234!", "@35", "35400", "1975", "26*", "!"} {
						for _, sep := range []string{"", "-", "_", " "} {
							if p := a + sep + b + end; utf8.RuneCountInString(p) >= Shortest && !yield(p) {
								return
							}
						}
					}
				}
			}
		}
	}
}

func TestWhatHospitalsChooseIsRefused(t *testing.T) {
	p, err := NewPolicy("Centre Hospitalier de Saint-Malo", "bulwark.ch-saintmalo.example")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for password := range inHospitals {
		if n++; n%7 != 0 { // all of them take seconds
			continue
		}
		if err := p.Check(password, "mlegoff", "Marie Le Goff"); err == nil {
			t.Errorf("%q is accepted", password)
		}
	}
	if n < 8000 {
		t.Errorf("%d passwords were made", n)
	}
}

func TestThreeUnrelatedWordsAreAccepted(t *testing.T) {
	p, err := NewPolicy("Centre Hospitalier de Saint-Malo")
	if err != nil {
		t.Fatal(err)
	}
	words := []string{"girafe", "tournevis", "bocal", "moutarde", "violon", "patinoire", "marmite", "hamac", "falaise", "tricycle", "igloo", "citrouille"}
	for i, a := range words {
		b, c := words[(i+3)%len(words)], words[(i+7)%len(words)]
		if err := p.Check(a+" "+b+" "+c, "mlegoff", "Marie Le Goff"); err != nil {
			t.Errorf("%s %s %s: %v", a, b, c, err)
		}
	}
}
