package access

import (
	"time"

	"bulwark/decide/access/policy"
)

// situation is how somebody asks: what of the context policies can look at.
type situation struct {
	Managed, Compliant, Bound, Shared, Resistant, Degraded, Untold bool

	Assurance, DeviceRisk int
	Zone                  string
	Proved                time.Duration // before now
	Glass                 time.Duration // since the glass was broken; negative: it was not
	Window                string        // of this vendor, for two hours
	Opens                 time.Duration // when it does, from now
}

// usual is a managed and compliant device on the clinical network, two factors a minute ago.
func usual() situation {
	return situation{Managed: true, Compliant: true, Assurance: 2, Zone: "clinical", Proved: time.Minute, Glass: -1, Opens: -time.Hour}
}

// attrs are the context of a situation.
func (s situation) attrs(now time.Time) policy.Attrs {
	a := policy.Attrs{
		"device":   policy.Attrs{"managed": s.Managed, "compliant": s.Compliant, "bound": s.Bound, "shared": s.Shared, "risk": s.DeviceRisk},
		"auth":     policy.Attrs{"assurance": s.Assurance, "resistant": s.Resistant, "proved": now.Add(-s.Proved)},
		"network":  policy.Attrs{"zone": s.Zone, "told": !s.Untold},
		"degraded": s.Degraded,
	}
	if s.Glass >= 0 {
		a["breakGlass"] = policy.Attrs{"at": now.Add(-s.Glass), "reason": "emergency"}
	}
	if s.Window != "" {
		a["window"] = policy.Attrs{"vendor": policy.ID("Vendor", s.Window), "from": now.Add(s.Opens), "until": now.Add(s.Opens + 2*time.Hour)}
	}
	return a
}

// named is a situation with its words.
type named struct {
	text policy.Text
	situation
}

// situations are those in which a change of policies is tried: each differs from the usual one in what policies of hospitals look at.
func situations() []named {
	with := func(en, fr string, change func(*situation)) named {
		s := usual()
		change(&s)
		return named{policy.Text{EN: en, FR: fr}, s}
	}
	return []named{
		with("at a managed workstation, with two factors", "sur un poste maîtrisé, deux facteurs", func(*situation) {}),
		with("with a passkey", "avec une clé d'accès", func(s *situation) { s.Resistant, s.Assurance = true, 3 }),
		with("with one factor", "avec un seul facteur", func(s *situation) { s.Assurance = 1 }),
		with("with a passkey used yesterday", "avec une clé d'accès utilisée la veille", func(s *situation) { s.Resistant, s.Proved = true, 25*time.Hour }),
		with("at a device that nobody looks after", "sur un poste non maîtrisé", func(s *situation) { s.Managed, s.Compliant = false, false }),
		with("at a shared workstation", "sur un poste partagé", func(s *situation) { s.Shared, s.Resistant = true, true }),
		with("at a device in an incident", "sur un poste impliqué dans un incident", func(s *situation) { s.DeviceRisk, s.Resistant = 4, true }),
		with("from the office network", "depuis le réseau bureautique", func(s *situation) { s.Zone = "office" }),
		with("from the internet with a password", "depuis l'internet avec un mot de passe", func(s *situation) { s.Zone, s.Managed, s.Compliant = "internet", false, false }),
		with("from the internet with a passkey", "depuis l'internet avec une clé d'accès", func(s *situation) { s.Zone, s.Resistant = "internet", true }),
		with("after breaking the glass", "après bris de glace", func(s *situation) { s.Glass = 10 * time.Minute }),
		with("an hour and more after breaking the glass", "plus d'une heure après bris de glace", func(s *situation) { s.Glass = 61 * time.Minute }),
		with("within an approved window", "dans une fenêtre approuvée", func(s *situation) { s.Window, s.Resistant = modelVendor, true }),
		with("as a machine with its certificate", "en tant que machine avec son certificat", func(s *situation) { s.Bound, s.Zone = true, "biomedical" }),
		with("while the directory is lost", "annuaire perdu", func(s *situation) { s.Degraded = true }),
	}
}

// modelVendor is the vendor of the model hospital, and of the window.
const modelVendor = "model-vendor"
