package rule

import (
	"fmt"
	"io"
)

const (
	// MaxRules is how many rules a set holds.
	MaxRules = 250_000
	// MaxErrors is how many faults a set keeps; what goes beyond is counted.
	MaxErrors = 10_000
)

// Set gathers the rules of several files. Of two with one id the newer revision stays, of one revision the first; one that
// is commented out never takes the place of one that is not.
type Set struct {
	Rules   []*Rule
	Errors  []*Error
	Lost    int // faults beyond MaxErrors
	Skipped int // rules that ask by `requires` for what this program does not have; among the faults

	places map[[2]uint32]int
}

// Read adds the rules of one file. Its error is that of reading r.
func (s *Set) Read(p *Parser, r io.Reader, name string) error {
	return p.Each(r, name, func(r *Rule, e *Error) {
		if e == nil {
			e = s.Add(r)
		}
		if e != nil {
			s.fault(e)
		}
	})
}

func (s *Set) fault(e *Error) {
	if e.Skipped {
		s.Skipped++
	}
	if len(s.Errors) == MaxErrors {
		s.Lost++
		return
	}
	s.Errors = append(s.Errors, e)
}

// Add adds a rule. Where its id is there already it returns what happened to the one that is left out.
func (s *Set) Add(r *Rule) *Error {
	if s.places == nil {
		s.places = map[[2]uint32]int{}
	}
	key := [2]uint32{r.GID, r.SID}
	place, ok := s.places[key]
	switch {
	case !ok && len(s.Rules) == MaxRules:
		return left(r, fmt.Sprintf("there are %d rules already, which is the limit", MaxRules))
	case !ok:
		s.places[key] = len(s.Rules)
		s.Rules = append(s.Rules, r)
		return nil
	}
	old := s.Rules[place]
	if old.Enabled && !r.Enabled || old.Enabled == r.Enabled && r.Rev <= old.Rev {
		return left(r, fmt.Sprintf("left out: %s has the same sid in revision %d", old.Pos, old.Rev))
	}
	s.Rules[place] = r
	return left(old, fmt.Sprintf("left out: %s has the same sid in revision %d", r.Pos, r.Rev))
}

// left is a rule that is left out.
func left(r *Rule, reason string) *Error {
	return &Error{Pos: r.Pos, SID: r.SID, Enabled: r.Enabled, Doubled: true, Reason: reason, Text: cutText(r.Text)}
}
