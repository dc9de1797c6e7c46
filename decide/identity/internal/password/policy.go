// Package password says which passwords are accepted, after NIST SP 800-63B-4 §3.1.1.2, and keeps them as argon2id
// hashes. There are no rules of composition and no expiry; what counts is length, and that the password is not
// one that a guesser tries early.
package password

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	// Shortest is the shortest password that is accepted where it is the only factor, in characters
	// (SP 800-63B-4: 15).
	Shortest = 15
	// Longest is the longest, in characters after normalisation. The standard asks for 64 at least.
	Longest = 128
	// enough is how many bits it must take to guess: 2^30 tries, each of which costs a thirtieth of a second where the
	// hashes and the pepper were stolen, and minutes where they were not.
	enough = 30
)

var (
	// ErrShort and the errors below tell what is wrong with a password.
	ErrShort = errors.New("password: too short")
	ErrLong  = errors.New("password: too long")
	// ErrText means that it is not text: bytes that are not UTF-8, or control characters.
	ErrText = errors.New("password: not plain text")
	// ErrCommon means that it is made of words and passwords that are tried first.
	ErrCommon = errors.New("password: made of common words")
	// ErrContext means that it is made of the names of the person or the place.
	ErrContext = errors.New("password: made of names that belong here")
	// ErrPattern means that it is made of sequences, repetitions and dates.
	ErrPattern = errors.New("password: made of sequences, repetitions or dates")
)

// Policy judges passwords. Make it with [NewPolicy].
type Policy struct {
	words   words
	context []string
}

// NewPolicy reads the embedded list. context are words of the place: the hospital's name, its domain.
func NewPolicy(context ...string) (*Policy, error) {
	list, err := unpack()
	return &Policy{list, append([]string{"bulwark", "hopital", "hospital", "clinique", "chu", "ghu", "ehpad"}, context...)}, err
}

// Normal is password as it is compared: NFKC (SP 800-63B-4 asks for NFKC or NFC), so that the same characters typed
// on another keyboard match. It returns [ErrText] for what is not text.
func Normal(password string) (string, error) {
	if len(password) > 8*Longest || !utf8.ValidString(password) {
		return "", ErrText
	}
	n := norm.NFKC.String(password)
	if strings.ContainsFunc(n, unicode.IsControl) {
		return "", ErrText
	}
	return n, nil
}

// Check tells whether a new password is accepted. about are the person's own words: login, name.
func (p *Policy) Check(password string, about ...string) error {
	if utf8.RuneCountInString(password) > 4*Longest {
		return ErrLong
	}
	n, err := Normal(password)
	if err != nil {
		return err
	}
	switch length := utf8.RuneCountInString(n); {
	case length < Shortest:
		return ErrShort
	case length > Longest:
		return ErrLong
	}
	e := guesser{p.words, contextWords(append(about, p.context...))}.estimate(n)
	if e.bits >= enough {
		return nil
	}
	return e.reason()
}

// reason names what most of a weak password is.
func (e estimate) reason() error {
	pattern := e.kinds[sequence] + e.kinds[repeat] + e.kinds[date]
	switch {
	case e.kinds[local] >= e.kinds[word] && e.kinds[local] >= pattern:
		return ErrContext
	case e.kinds[word] >= pattern:
		return ErrCommon
	}
	return ErrPattern
}

// contextWords are the words in texts, whole and split where they are not letters, as guessers see them.
func contextWords(texts []string) map[string]bool {
	m := map[string]bool{}
	for _, t := range texts {
		t = Fold(t)
		parts := strings.FieldsFunc(t, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		for _, w := range append(parts, t, strings.Join(parts, "")) {
			if utf8.RuneCountInString(w) >= ShortestWord {
				m[w] = true
			}
		}
	}
	return m
}
