package federation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Arrival is somebody whom a provider says it knows.
type Arrival struct {
	Issuer, Subject string   // the one name that never changes
	Session         string   // of the provider; "": it does not say
	Login, Name     string   // what they are called there
	Called          string   // the login that the login claim says, and nothing in its place; "": it says none
	National        string   // RPPS, checked; "": none
	Class           string   // acr
	Methods         []string // amr
	Two, Resistant  bool     // two factors were shown, and one that no false page can take
	Activities      []Activity
	Token           string // the ID token, for signing out
	claims          map[string]any
}

// Activity is one place at which a professional works, of which they choose one (Pro Santé Connect knows no "profiles").
type Activity struct {
	ID         string `json:"id"`
	Profession string `json:"profession"` // code
	Place      string `json:"place"`      // name of the structure
	FINESS     string `json:"finess,omitempty"`
}

// manyActivities bounds how many somebody chooses among.
const manyActivities = 50

// add adds claims that must be about the same person.
func (a *Arrival) add(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	var more map[string]any
	if err := d.Decode(&more); err != nil {
		return fmt.Errorf("%w: userinfo is not JSON", ErrRefused)
	}
	if s, _ := more["sub"].(string); s != a.Subject {
		return fmt.Errorf("%w: userinfo: sub", ErrRefused)
	}
	for name, v := range more {
		if !slices.Contains([]string{"iss", "aud", "acr", "amr", "sid"}, name) { // what the ID token alone says
			a.claims[name] = v
		}
	}
	return nil
}

func (a *Arrival) text(name string) string {
	s, _ := a.claims[name].(string)
	return strings.TrimSpace(s)
}

// settle takes what counts out of the claims.
func (p *Provider) settle(a *Arrival) {
	c := p.Config
	a.Called = a.text(c.LoginClaim)
	a.Login = first(a.Called, a.text("email"), a.Subject)
	a.Name = first(a.text("name"), strings.TrimSpace(a.text("given_name")+" "+a.text("family_name")), a.Login)
	if c.NationalClaim != "" {
		a.National = National(a.text(c.NationalClaim))
	}
	a.Two, a.Resistant = a.says(c.TwoFactors), a.says(c.Resistant)
	a.Activities = activities(a.claims["SubjectRefPro"])
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// says tells whether the ID token says one of marks.
func (a *Arrival) says(marks []string) bool {
	return slices.ContainsFunc(marks, func(m string) bool {
		kind, value, _ := strings.Cut(m, ":")
		if kind == "acr" {
			return a.Class == value
		}
		return slices.Contains(a.Methods, value)
	})
}

// National is the number of a professional in text: the eleven digits of an RPPS, of which the last is a Luhn key, bare or behind the digit 8 that
// says what it is (ANS, identifiant national). It is "" where there is none.
func National(text string) string {
	if len(text) == 12 && text[0] == '8' {
		text = text[1:]
	}
	if len(text) != 11 {
		return ""
	}
	sum := 0
	for n, d := range []byte(text) {
		if d < '0' || d > '9' {
			return ""
		}
		v := int(d - '0')
		if n%2 == 1 { // every second one from the right
			v = v*2%10 + v*2/10
		}
		sum += v
	}
	if sum%10 != 0 {
		return ""
	}
	return text
}

// activities are those of SubjectRefPro.
func activities(ref any) []Activity {
	all := []Activity{}
	for n, x := range list(ref, "exercices") {
		e, _ := x.(map[string]any)
		for k, y := range list(x, "activities") {
			v, _ := y.(map[string]any)
			if v == nil || len(all) >= manyActivities {
				continue
			}
			text := func(m map[string]any, name string) string {
				s, _ := m[name].(string)
				return s[:min(len(s), 200)]
			}
			all = append(all, Activity{fmt.Sprintf("%d.%d", n, k), text(e, "codeProfession"), first(text(v, "raisonSocialeSite"), text(v, "identifiantTechniqueDeLaStructure")), text(v, "numeroFinessSite")})
		}
	}
	return all
}

func list(of any, name string) []any {
	m, _ := of.(map[string]any)
	l, _ := m[name].([]any)
	return l
}
