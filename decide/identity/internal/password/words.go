package password

import (
	"bytes"
	"compress/gzip"
	_ "embed" // words.txt.gz, hospital.txt
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// packed holds common passwords, and common words and names of French and English, by the number of bits it takes to
// guess each. See words.md for where they come from.
//
//go:embed words.txt.gz
var packed []byte

// hospital holds the words that are nearer to hand in a hospital than anywhere else.
//
//go:embed hospital.txt
var hospital string

// ShortestWord is the length of the shortest word in the list, in bytes.
const ShortestWord = 3

// words is the cost of guessing each known word, in bits.
type words map[string]uint8

// unpack reads the embedded list: lines of words, below a line #N that tells their cost.
func unpack() (words, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("unpacking the word list: %w", err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		return nil, fmt.Errorf("unpacking the word list: %w", err)
	}
	list := make(words, bytes.Count(text, []byte("\n")))
	return list, errors.Join(list.add(string(text)), list.add(hospital))
}

// add adds a list: words on lines, below a line #N that tells what each costs. The cheapest counts.
func (w words) add(text string) error {
	cost := uint8(0)
	for line := range strings.Lines(text) {
		if number, ok := strings.CutPrefix(line, "#"); ok {
			number, _, _ = strings.Cut(strings.TrimSpace(number), " ") // the rest says what the words are
			n, err := strconv.ParseUint(number, 10, 8)
			if err != nil {
				return fmt.Errorf("reading the word list: %w", err)
			}
			cost = uint8(n)
			continue
		}
		for word := range strings.FieldsSeq(line) {
			if had, ok := w[word]; !ok || cost < had {
				w[word] = cost
			}
		}
	}
	return nil
}

// Fold is s as guessers see it: small letters without accents.
func Fold(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(s))
}
