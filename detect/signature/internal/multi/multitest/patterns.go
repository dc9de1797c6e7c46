// Package multitest gives tests and benches of package multi the patterns and the buffers of the field. Both are data
// from outside; the package only reads them.
package multitest

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"bulwark/detect/signature/internal/multi"
)

// Rules is where the patterns of the figures come from, below the folder of outside data.
const Rules = "sensor/rules/et_open_2019-04_suricata4.rules.gz"

// Patterns are the fast patterns of a file of rules: of each rule that is switched on the content that is marked so, or
// else its longest one that is not negated. Each stands there once. Contents of less than least bytes are left out.
func Patterns(file string, least int) ([]multi.Pattern, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(file, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	type key struct {
		text string
		fold bool
	}
	known := map[key]bool{}
	var all []multi.Pattern
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		p, ok := fastPattern(lines.Text())
		k := key{string(p.Bytes), p.Fold}
		if !ok || len(p.Bytes) < least || known[k] {
			continue
		}
		known[k] = true
		all = append(all, p)
	}
	return all, lines.Err()
}

// fastPattern reads the contents of a rule without caring for what else it says.
func fastPattern(rule string) (best multi.Pattern, ok bool) {
	if !strings.HasPrefix(rule, "alert ") {
		return best, false
	}
	var last *multi.Pattern
	marked := false
	var all []*multi.Pattern
	for _, option := range options(rule) {
		name, value, _ := strings.Cut(option, ":")
		switch strings.TrimSpace(name) {
		case "content", "uricontent":
			last = nil
			if b, ok := content(strings.TrimSpace(value)); ok {
				last = &multi.Pattern{Bytes: b}
				all = append(all, last)
			}
		case "nocase":
			if last != nil {
				last.Fold = true
			}
		case "fast_pattern":
			if last != nil && !marked {
				best, marked = *last, true
				last = &best
			}
		}
	}
	if !marked {
		for _, p := range all {
			if len(p.Bytes) > len(best.Bytes) {
				best = *p
			}
		}
	}
	return best, len(best.Bytes) > 0 && len(best.Bytes) <= multi.MaxLength
}

// options cuts what stands between the parentheses of a rule at its semicolons.
func options(rule string) (out []string) {
	_, rule, _ = strings.Cut(rule, "(")
	from, quoted := 0, false
	for i := 0; i < len(rule); i++ {
		switch rule[i] {
		case '\\':
			i++
		case '"':
			quoted = !quoted
		case ';':
			if !quoted {
				out = append(out, rule[from:i])
				from = i + 1
			}
		}
	}
	return out
}

// content reads "GET |0d 0a|"; a negated one is none.
func content(text string) (out []byte, ok bool) {
	if len(text) < 2 || text[0] != '"' || text[len(text)-1] != '"' {
		return nil, false
	}
	for text = text[1 : len(text)-1]; text != ""; {
		switch {
		case text[0] == '\\' && len(text) > 1:
			out, text = append(out, text[1]), text[2:]
		case text[0] == '|':
			hex, rest, ok := strings.Cut(text[1:], "|")
			if !ok {
				return nil, false
			}
			text = rest
			hex = strings.ReplaceAll(hex, " ", "")
			for ; len(hex) >= 2; hex = hex[2:] {
				b, err := strconv.ParseUint(hex[:2], 16, 8)
				if err != nil {
					return nil, false
				}
				out = append(out, byte(b))
			}
		default:
			out, text = append(out, text[0]), text[1:]
		}
	}
	return out, true
}
