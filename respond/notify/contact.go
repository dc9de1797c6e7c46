package notify

import (
	"bulwark/event"
	"net/mail"
	"slices"
	"strings"
	"time"
)

// Contact is a person who can be reached, or a place where several look: the room of a team in a chat.
type Contact struct {
	ID   string `json:"id"` // a short word
	Name string `json:"name"`
	// Person is the id of whom it is among those who sign in; what that contact acknowledges is noted as theirs. Empty: nobody.
	Person string `json:"person,omitempty"`
	// Language is fr or en.
	Language string `json:"language"`
	// Ways are all used at once, but for those that are for graver things.
	Ways []Way `json:"ways"`
}

// Way is how a contact is reached.
type Way struct {
	Channel string `json:"channel"`
	// To is the address there: of mail, a number, a room. Empty where the channel is one place.
	To string `json:"to,omitempty"`
	// Least is the severity from which on it is used. Empty: any.
	Least string `json:"least,omitempty"`
}

// mostWays is how many ways a contact has.
const mostWays = 10

func (c *Contact) check(channels map[string]string) error {
	if !channelName.MatchString(c.ID) {
		return refuse("the contact %q is not a word of small letters, digits and hyphens", c.ID)
	}
	if name := strings.TrimSpace(c.Name); name == "" || len(c.Name) > 200 {
		return refuse("the name of a contact has between 1 and 200 bytes")
	}
	if c.Language != "fr" && c.Language != "en" {
		return refuse("the language %q is neither fr nor en", c.Language)
	}
	if len(c.Ways) == 0 || len(c.Ways) > mostWays {
		return refuse("%d ways are not between 1 and %d", len(c.Ways), mostWays)
	}
	for _, w := range c.Ways {
		if err := w.check(channels); err != nil {
			return err
		}
	}
	return nil
}

// check refuses a way that leads nowhere. channels are the types of channels by name.
func (w *Way) check(channels map[string]string) error {
	kind, ok := channels[w.Channel]
	if !ok {
		return refuse("there is no channel %q; the configuration names channels", w.Channel)
	}
	if len(w.To) > 254 || strings.ContainsFunc(w.To, func(r rune) bool { return r < ' ' }) {
		return refuse("an address has at most 254 bytes, and no control characters")
	}
	if w.Least != "" && rank(w.Least) == 0 {
		return refuse("%q is none of %s", w.Least, strings.Join(event.Severities(), ", "))
	}
	switch kind {
	case "mail":
		if a, err := mail.ParseAddress(w.To); err != nil || a.Address != w.To {
			return refuse("%q is not an address of mail", w.To)
		}
	case "sms":
		if !strings.HasPrefix(w.To, "+") || len(w.To) < 8 || strings.Trim(w.To[1:], "0123456789") != "" {
			return refuse("%q is not a number like +33612345678", w.To)
		}
	case "matrix":
		if !strings.HasPrefix(w.To, "!") {
			return refuse("%q is not the id of a room, like !abc:example.org", w.To)
		}
	}
	return nil
}

// rank orders severities; 0: it is none.
func rank(severity string) int { return slices.Index(event.Severities(), severity) + 1 }

// Policy is who is told of something, and who next when nobody answers.
type Policy struct {
	// Name is what it is for: incident, approval or health.
	Name string `json:"name"`
	// Least is the severity from which on people are told.
	Least string `json:"least"`
	Steps []Step `json:"steps"`
	// Rounds is how often the steps are gone through until somebody answers.
	Rounds int `json:"rounds"`
}

// Step is whom to tell.
type Step struct {
	// Minutes after the step before; of the first, after it happened.
	Minutes int `json:"minutes"`
	// Who is told: contact:ID, or rota:NAME, who is on call there.
	Who []string `json:"who"`
}

// Bounds of a policy.
const (
	mostSteps  = 10
	mostWho    = 20
	mostRounds = 10
	longest    = 24 * 60 // minutes
)

// policyNames are what policies are for.
func policyNames() []string { return []string{"incident", "approval", "health", "access"} }

func (p *Policy) check() error {
	if !slices.Contains(policyNames(), p.Name) {
		return refuse("%q is none of %s", p.Name, strings.Join(policyNames(), ", "))
	}
	if rank(p.Least) == 0 {
		return refuse("%q is none of %s", p.Least, strings.Join(event.Severities(), ", "))
	}
	if len(p.Steps) == 0 || len(p.Steps) > mostSteps {
		return refuse("%d steps are not between 1 and %d", len(p.Steps), mostSteps)
	}
	if p.Rounds < 1 || p.Rounds > mostRounds {
		return refuse("%d rounds are not between 1 and %d", p.Rounds, mostRounds)
	}
	for n, s := range p.Steps {
		if s.Minutes < 0 || s.Minutes > longest || n > 0 && s.Minutes == 0 {
			return refuse("step %d comes %d minutes after the one before, which is not between 1 and %d", n+1, s.Minutes, longest)
		}
		if len(s.Who) == 0 || len(s.Who) > mostWho {
			return refuse("step %d tells %d, which is not between 1 and %d", n+1, len(s.Who), mostWho)
		}
	}
	return nil
}

// book is whom to reach and how, as it is kept.
type book struct {
	contacts map[string]*Contact
	rotas    map[string]*Rota
	policies map[string]*Policy
}

// who are the contacts that a step tells at a time, each once.
func (b *book) who(s Step, now time.Time) []*Contact {
	var all []*Contact
	for _, w := range s.Who {
		kind, id, _ := strings.Cut(w, ":")
		if r := b.rotas[id]; kind == "rota" && r != nil {
			id = r.OnCall(now)
		}
		if c := b.contacts[id]; c != nil && !slices.Contains(all, c) {
			all = append(all, c)
		}
	}
	return all
}

// checkNames refuses a policy that names somebody whom there is not.
func (b *book) checkNames(p *Policy) error {
	for _, s := range p.Steps {
		for _, w := range s.Who {
			kind, id, _ := strings.Cut(w, ":")
			if kind == "contact" && b.contacts[id] == nil || kind == "rota" && b.rotas[id] == nil {
				return refuse("there is no %s %q", kind, id)
			}
			if kind != "contact" && kind != "rota" {
				return refuse("%q is neither contact:ID nor rota:NAME", w)
			}
		}
	}
	return nil
}

// uses is what names a contact, or a rota: who is removed must not be waited for in vain.
func (b *book) uses(kind, id string) string {
	for _, p := range b.policies {
		for _, s := range p.Steps {
			if slices.Contains(s.Who, kind+":"+id) {
				return "policy " + p.Name
			}
		}
	}
	if kind == "contact" {
		for _, r := range b.rotas {
			if slices.Contains(r.Turns, id) || slices.ContainsFunc(r.Swaps, func(s Swap) bool { return s.Contact == id }) {
				return "rota " + r.Name
			}
		}
	}
	return ""
}
