package identity

import (
	"strings"

	"bulwark/platform/health"
)

// Warnables are the states of the room that a person must hear of.
func Warnables() []*health.Warnable { return []*health.Warnable{&passwordAlone} }

var passwordAlone = health.Warnable{
	ID: "identity.password-alone", Severity: health.Degraded,
	Title: health.Text{EN: "A password alone is enough for some", FR: "Un mot de passe suffit à certains"},
	Text: health.Text{EN: "People whose duties are all among {duties} sign in without a second factor. A password can be guessed, shared or taken by a false page.",
		FR: "Les personnes dont toutes les attributions sont parmi {duties} se connectent sans second facteur. Un mot de passe peut être deviné, partagé ou pris par une fausse page."},
	NextStep: health.Text{EN: "Give them passkeys, then empty identity.password_alone.",
		FR: "Donnez-leur des clés d’accès, puis videz identity.password_alone."},
}

// warn says what the configuration weakens.
func (c *Config) warn(t *health.Tracker) {
	if t != nil && len(c.PasswordAlone) > 0 {
		t.Set(&passwordAlone, health.Args{"duties": strings.Join(c.PasswordAlone, ", ")})
	}
}
