// Command gen makes words.txt.gz, the words that people build passwords from, out of the frequency lists of
// zxcvbn-ts (MIT licence). In an empty folder:
//
//	npm pack @zxcvbn-ts/language-common@3.0.4 @zxcvbn-ts/language-fr@3.0.2 @zxcvbn-ts/language-en@3.0.2
//	for f in *.tgz; do mkdir ${f%.tgz} && tar xzf $f -C ${f%.tgz} --strip-components=1; done
//	go run bulwark/decide/identity/internal/password/gen . words.txt.gz
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bulwark/decide/identity/internal/password"
)

// source is one list, of which the first words are taken.
type source struct {
	file string
	take int
	// ranked lists are ordered by frequency; in others every word counts as the last.
	ranked bool
}

func sources() []source {
	return []source{
		{"zxcvbn-ts-language-common-3.0.4/src/passwords.json", 40000, true},
		{"zxcvbn-ts-language-fr-3.0.2/src/commonWords.json", 12000, true},
		{"zxcvbn-ts-language-fr-3.0.2/src/wikipedia.json", 12000, true},
		{"zxcvbn-ts-language-fr-3.0.2/src/firstnames.json", 20000, false},
		{"zxcvbn-ts-language-fr-3.0.2/src/lastnames.json", 20000, false},
		{"zxcvbn-ts-language-en-3.0.2/src/commonWords.json", 12000, true},
		{"zxcvbn-ts-language-en-3.0.2/src/wikipedia.json", 8000, true},
		{"zxcvbn-ts-language-en-3.0.2/src/firstnames.json", 20000, false},
	}
}

func main() {
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(from, to string) error {
	cost := map[string]int{}
	for _, s := range sources() {
		if err := s.add(from, cost); err != nil {
			return err
		}
	}
	return os.WriteFile(to, pack(cost), 0o644)
}

// add notes what each word of the list costs to guess: the bits of its rank.
func (s source) add(from string, cost map[string]int) error {
	text, err := os.ReadFile(filepath.Join(from, s.file))
	if err != nil {
		return err
	}
	var words []string
	if err := json.Unmarshal(text, &words); err != nil {
		return fmt.Errorf("%s: %w", s.file, err)
	}
	words = words[:min(s.take, len(words))]
	for i, w := range words {
		w = password.Fold(w)
		if len(w) < password.ShortestWord || strings.ContainsAny(w, " \n#") {
			continue
		}
		c := bits.Len(uint(i))
		if !s.ranked {
			c = bits.Len(uint(len(words)))
		}
		if before, ok := cost[w]; !ok || c < before {
			cost[w] = c
		}
	}
	return nil
}

// pack writes the words by cost, then by alphabet, which compresses well.
func pack(cost map[string]int) []byte {
	groups := make([][]string, 32)
	for w, c := range cost {
		groups[c] = append(groups[c], w)
	}
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
	for c, words := range groups {
		if len(words) == 0 {
			continue
		}
		slices.Sort(words)
		fmt.Fprintf(z, "#%d\n%s\n", c, strings.Join(words, "\n"))
	}
	_ = z.Close() // writes to memory
	return out.Bytes()
}
