package rule

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"bulwark/detect/signature/internal/field"
)

// Version is a version of Suricata.
type Version struct{ Major, Minor, Patch int }

// SuricataVersion is the version whose language is read.
func SuricataVersion() Version { return Version{9, 0, 0} }

// Features are those of Suricata that this program has.
func Features() map[string]bool {
	return map[string]bool{"ja3": true, "ja4": true, "output::file-store": true}
}

func (v Version) compare(o Version) int {
	return cmp.Or(cmp.Compare(v.Major, o.Major), cmp.Compare(v.Minor, o.Minor), cmp.Compare(v.Patch, o.Patch))
}

// requires reads version, feature and keyword requirements with commas between them. One that is not met skips the rule.
func (b *builder) requires(v value) error {
	for _, p := range v.split(',', -1) {
		words := p.words()
		if len(words) < 2 {
			return faultf(p.at, "requires: a kind and what is required are wanted, not %q", cutWord(p.text))
		}
		rest := p.skip(len(words[0].text))
		met, err := b.requirement(words[0].text, rest)
		if err != nil {
			return err
		}
		b.rule.Requires = append(b.rule.Requires, Pair{words[0].text, rest.text})
		if !met {
			return &fault{at: p.at, skip: true, reason: "requires " + cutWord(p.text)}
		}
	}
	return nil
}

// requirement reports whether one requirement is met. A kind that is not known cannot be.
func (b *builder) requirement(kind string, v value) (bool, error) {
	switch kind {
	case "version":
		return b.versions(v)
	case "feature":
		return b.parser.o.Features[v.text], nil
	case "keyword":
		_, plain := b.parser.keywords[v.text]
		_, transform := transforms[v.text]
		return plain || transform || field.Lookup(v.text) != nil, nil
	}
	return false, nil
}

// versions reads comparisons that all must hold, alternatives of them with bars between: >= 7.0.3 < 8 | >= 8.0.1.
func (b *builder) versions(v value) (bool, error) {
	one := false
	for _, alternative := range v.split('|', -1) {
		all := true
		text := strings.TrimSpace(strings.ReplaceAll(alternative.text, "version", ""))
		for text != "" {
			op := ""
			for _, o := range []string{">=", "<=", ">", "<"} {
				if strings.HasPrefix(text, o) {
					op = o
					break
				}
			}
			if op == "" {
				return false, faultf(alternative.at, "requires: %q is no comparison with a version", cutWord(text))
			}
			text = strings.TrimSpace(text[len(op):])
			n := strings.IndexAny(text, " <>")
			if n < 0 {
				n = len(text)
			}
			wanted, err := ParseVersion(text[:n])
			if err != nil {
				return false, faultf(alternative.at, "requires: %v", err)
			}
			all = all && holds(b.parser.o.Version.compare(wanted), op)
			text = strings.TrimSpace(text[n:])
		}
		one = one || all
	}
	return one, nil
}

func holds(c int, op string) bool {
	switch op {
	case ">=":
		return c >= 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	}
	return c < 0
}

// ParseVersion reads 8, 8.0 or 8.0.1; what follows a dash is left out.
func ParseVersion(s string) (Version, error) {
	var v Version
	number, _, _ := strings.Cut(s, "-")
	parts := strings.Split(number, ".")
	if len(parts) > 3 {
		return v, fmt.Errorf("%q is no version", cutWord(s))
	}
	for i, to := range []*int{&v.Major, &v.Minor, &v.Patch} {
		if i == len(parts) {
			break
		}
		n, err := strconv.ParseUint(parts[i], 10, 16)
		if err != nil {
			return v, fmt.Errorf("%q is no version", cutWord(s))
		}
		*to = int(n)
	}
	return v, nil
}
