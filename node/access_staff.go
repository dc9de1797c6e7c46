package node

import (
	"slices"
	"strings"
	"sync"

	"bulwark/decide/identity"
	"bulwark/platform/pseudonym"
)

// Messages of the hospital name people of the staff by numbers, and patients by names. Events have pseudonyms of both. What is known of staff is
// made into the same pseudonyms, so that access can tell who looks after a patient, and who is, or may be related to, one.

// staffMarks are the pseudonyms of somebody of the staff.
type staffMarks struct{ numbers, names, families []string }

// staffBook makes them once of each. Its zero value with a key is ready.
type staffBook struct {
	mu    sync.Mutex
	make  *pseudonym.Pseudonyms
	known map[[3]string]staffMarks
}

// mostStaffMarks is how many are kept: those that are not asked for any more go with the rest.
const mostStaffMarks = 100_000

func newStaffBook(key [32]byte) *staffBook {
	return &staffBook{make: pseudonym.New(key), known: map[[3]string]staffMarks{}}
}

// of are the pseudonyms of somebody.
func (b *staffBook) of(p *identity.Known) staffMarks {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := [3]string{p.Login, p.Name, p.National}
	m, known := b.known[key]
	if known {
		return m
	}
	if len(b.known) >= mostStaffMarks {
		clear(b.known)
	}
	add := func(all *[]string, p []byte) {
		if s := string(p); s != "" && !slices.Contains(*all, s) {
			*all = append(*all, s)
		}
	}
	add(&m.numbers, b.make.Staff(nil, []byte(p.Login)))
	add(&m.numbers, b.make.Staff(nil, []byte(p.National)))
	if number, ok := strings.CutPrefix(p.National, "8"); ok { // of the RPPS, which messages write without its kind
		add(&m.numbers, b.make.Staff(nil, []byte(number)))
	}
	for _, n := range namesOf(p.Name) {
		add(&m.names, b.make.Name(nil, []byte(n[0]+"^"+n[1])))
	}
	for _, f := range familiesOf(p.Name) {
		add(&m.families, b.make.Family(nil, []byte(f)))
	}
	b.known[key] = m
	return m
}

// titles are what stands before a name and is none.
var titles = []string{"dr", "dr.", "pr", "pr.", "prof", "prof.", "m.", "mme", "mlle", "mr", "mr.", "mrs", "mrs.", "ms", "ms.", "docteur", "professeur", "doctor", "professor"}

// mostWords is how many words of a name are looked at.
const mostWords = 5

// nameWords are the words of how somebody is called.
func nameWords(name string) []string {
	all := slices.DeleteFunc(strings.Fields(strings.ReplaceAll(name, ",", " ")), func(w string) bool { return slices.Contains(titles, strings.ToLower(w)) })
	return all[:min(len(all), mostWords)]
}

// namesOf are the family and given names that how somebody is called may stand for: directories write either first.
func namesOf(name string) (all [][2]string) {
	words := nameWords(name)
	for k := 1; k < len(words); k++ {
		a, b := strings.Join(words[:k], " "), strings.Join(words[k:], " ")
		all = append(all, [2]string{b, a}, [2]string{a, b})
	}
	return all
}

// familiesOf are what may be the family name: the words in capitals where some are not, else what stands behind the first word.
func familiesOf(name string) (all []string) {
	words := nameWords(name)
	capitals := slices.DeleteFunc(slices.Clone(words), func(w string) bool { return strings.ToUpper(w) != w || len(w) < 2 })
	if len(capitals) > 0 && len(capitals) < len(words) {
		return []string{strings.Join(capitals, " ")}
	}
	for k := 1; k < len(words); k++ {
		all = append(all, strings.Join(words[k:], " "))
	}
	return all
}
