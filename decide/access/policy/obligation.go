package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Obligation is what a decision asks besides yes or no, of whoever enforces it.
type Obligation struct {
	// Do is step-up, banner, read-only, record, four-eyes, review, notify or grace.
	Do string `json:"do"`
	// Within is how long there is: until the review is due, or until the refusal takes effect.
	Within time.Duration `json:"within,omitempty"`
	// Who is told.
	Who []string `json:"who,omitempty"`
}

// String is the obligation as a policy writes it.
func (o Obligation) String() string {
	switch {
	case o.Within > 0:
		return o.Do + " " + short(o.Within)
	case len(o.Who) > 0:
		return o.Do + " " + strings.Join(o.Who, ",")
	}
	return o.Do
}

func short(d time.Duration) string {
	if d%time.Hour == 0 {
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return fmt.Sprintf("%dm", d/time.Minute)
}

// longest is the longest time that an obligation may give.
const longest = 31 * 24 * time.Hour

// parseObligations reads "record; review 72h; notify dpo,dim".
func parseObligations(text string) (all []Obligation, err error) {
	for part := range strings.SplitSeq(text, ";") {
		word, rest, _ := strings.Cut(strings.TrimSpace(part), " ")
		rest = strings.TrimSpace(rest)
		o := Obligation{Do: word}
		switch word {
		case "step-up", "banner", "read-only", "record", "four-eyes":
			if rest != "" {
				return nil, fmt.Errorf("obligation %q takes nothing more, not %q", word, rest)
			}
		case "review", "grace":
			if o.Within, err = time.ParseDuration(rest); err != nil || o.Within < time.Minute || o.Within > longest || o.Within%time.Minute != 0 {
				return nil, fmt.Errorf("obligation %q needs whole minutes or hours, as in %q", word, word+" 72h")
			}
		case "notify":
			o.Who = strings.Split(rest, ",")
			if slices.ContainsFunc(o.Who, func(w string) bool { return !isWord(w) }) {
				return nil, fmt.Errorf("obligation %q needs small words with commas between, as in %q", word, "notify dpo,dim")
			}
		default:
			return nil, fmt.Errorf("obligation %q is none of step-up, banner, read-only, record, four-eyes, review, notify, grace", word)
		}
		all = append(all, o)
	}
	return all, nil
}

// isWord reports whether w is made of small letters, digits and hyphens.
func isWord(w string) bool {
	return w != "" && len(w) <= 40 && !strings.ContainsFunc(w, func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-') })
}

// merge puts obligations together: each once, the shortest time, everybody who is told.
func merge(all []Obligation) []Obligation {
	out := []Obligation{}
	for _, o := range all {
		n := slices.IndexFunc(out, func(x Obligation) bool { return x.Do == o.Do })
		if n < 0 {
			o.Who = slices.Clone(o.Who)
			out = append(out, o)
			continue
		}
		out[n].Within = min(out[n].Within, o.Within)
		for _, w := range o.Who {
			if !slices.Contains(out[n].Who, w) {
				out[n].Who = append(out[n].Who, w)
			}
		}
	}
	slices.SortFunc(out, func(a, b Obligation) int { return strings.Compare(a.Do, b.Do) })
	for n := range out {
		slices.Sort(out[n].Who)
	}
	return out
}

// Covers reports whether have asks at least as much as want.
func Covers(have []Obligation, want Obligation) bool {
	return slices.ContainsFunc(have, func(o Obligation) bool {
		if o.Do != want.Do || want.Within > 0 && o.Within > want.Within {
			return false
		}
		return !slices.ContainsFunc(want.Who, func(w string) bool { return !slices.Contains(o.Who, w) })
	})
}
