package password

import (
	"bytes"
	"compress/gzip"
	_ "embed" // words.txt.gz
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
	cost := uint64(0)
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if number, ok := strings.CutPrefix(line, "#"); ok {
			if cost, err = strconv.ParseUint(number, 10, 8); err != nil {
				return nil, fmt.Errorf("unpacking the word list: %w", err)
			}
			continue
		}
		list[line] = uint8(cost)
	}
	return list, nil
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
