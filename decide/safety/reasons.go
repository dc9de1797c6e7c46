package safety

import (
	"fmt"
	"slices"

	content "bulwark/content/safety"
)

// Text is a sentence in both languages.
type Text struct {
	EN string `json:"en"`
	FR string `json:"fr"`
}

// Reason is why a verdict is as it is.
type Reason struct {
	// Code is for machines: life-critical-cut.
	Code string `json:"code"`
	Text
}

// why makes a reason; args are those of its text, in both languages alike.
func why(code string, args ...any) Reason {
	for _, r := range [...]Reason{
		{"malformed", Text{"The request or the matrix is malformed.", "La demande ou la matrice est mal formée."}},
		{"life-critical-never", Text{"Device %d is life-critical: no program puts it in quarantine or cuts it off, whoever approves.",
			"L'appareil %d est vital : aucun programme ne le met en quarantaine ni ne le coupe, quel que soit l'accord."}},
		{"life-critical-cut", Text{"Device %d is life-critical and would lose a conversation: one of the security team and one who answers for medical devices must say yes.",
			"L'appareil %d est vital et perdrait une conversation : une personne de la sécurité et une du biomédical doivent donner leur accord."}},
		{"clinical-essential-cut", Text{"Care depends on device %d, which would lose a conversation: a person must say yes.",
			"Des soins dépendent de l'appareil %d, qui perdrait une conversation : une personne doit donner son accord."}},
		{"unconfirmed-cut", Text{"No person has confirmed how much care depends on device %d, which would lose a conversation: a person must say yes.",
			"Personne n'a confirmé combien de soins dépendent de l'appareil %d, qui perdrait une conversation : une personne doit donner son accord."}},
		{"unseen", Text{"What would stop could not be found out: a person must say yes.",
			"Ce qui serait interrompu n'a pas pu être établi : une personne doit donner son accord."}},
		{"newest-unseen", Text{"Device %d gave care in the last weeks by conversations that would stop. The newest minute cannot be seen: one may be open now, and a person must say yes.",
			"L'appareil %d a servi aux soins ces dernières semaines par des conversations qui seraient interrompues. La dernière minute n'est pas visible : l'une peut être ouverte, une personne doit donner son accord."}},
		{"centre", Text{"The centre of the group proposes it: a person of this site must say yes.", "Le centre du groupe le propose : une personne de ce site doit donner son accord."}},
		{"beside", Text{"The playbook asks for it, besides the matrix.", "Le scénario le demande, en plus de la matrice."}},
		{"before", Text{"It is in force, and is to last longer: it needs no less than when it began.", "La mesure est en vigueur et doit durer plus longtemps : elle demande au moins les mêmes accords qu'à son début."}},
		{"frozen", Text{"Automation is frozen: a person must say yes.", "L'automatisation est gelée : une personne doit donner son accord."}},
		{"budget-devices", Text{"More devices would be cut within ten minutes than may be automatically.",
			"Plus d'appareils seraient coupés en dix minutes que ce qui est permis automatiquement."}},
		{"budget-ward", Text{"More devices of ward %v would be cut within ten minutes than may be automatically.",
			"Plus d'appareils du service %v seraient coupés en dix minutes que ce qui est permis automatiquement."}},
		{"budget-class", Text{"More devices of class %v would be cut within ten minutes than may be automatically.",
			"Plus d'appareils de la classe %v seraient coupés en dix minutes que ce qui est permis automatiquement."}},
		{"shadow", Text{"Automation is in shadow mode: this is only noted.", "L'automatisation est en mode fantôme : ceci est seulement noté."}},
		{"canary", Text{"The first act for this reason is watched before others follow.", "Le premier acte pour cette raison est observé avant les suivants."}},
		{"matrix", Text{"The matrix asks for it: device %d (%s), effect %s, %s.", "La matrice le demande : appareil %d (%s), effet %s, %s."}},
	} {
		if r.Code == code {
			if len(args) > 0 {
				r.EN, r.FR = fmt.Sprintf(r.EN, spoken(args, 0)...), fmt.Sprintf(r.FR, spoken(args, 1)...)
			}
			return r
		}
	}
	return Reason{Code: code, Text: Text{code, code}}
}

// spoken are arguments in a language, English or French: tiers and cases have words in both.
func spoken(args []any, language int) []any {
	out := slices.Clone(args)
	for i, a := range out {
		switch a := a.(type) {
		case content.Tier:
			out[i] = [content.Tiers][2]string{{"life-critical", "vital"}, {"clinical-essential", "essentiel aux soins"}, {"clinical-support", "soutien clinique"},
				{"office", "bureau"}, {"tier not confirmed", "niveau non confirmé"}}[min(a, content.Unknown)][language]
		case content.Case:
			out[i] = [...][2]string{{"only traffic with the outside stops", "seul le trafic avec l'extérieur s'arrête"},
				{"traffic within the hospital stops", "du trafic interne à l'hôpital s'arrête"}, {"a clinical conversation stops", "une conversation clinique s'arrête"}}[min(a, content.ClinicalUse)][language]
		}
	}
	return out
}

// Invariants are what no matrix loosens, as people read it.
func Invariants() []Text {
	return []Text{
		{"A life-critical device loses a conversation only after two named persons said yes: one of the security team and one who answers for medical devices.",
			"Un appareil vital ne perd une conversation qu'après l'accord de deux personnes nommées : une de la sécurité et une du biomédical."},
		{"No program puts a life-critical device in quarantine or cuts it off.",
			"Aucun programme ne met un appareil vital en quarantaine ni ne le coupe."},
		{"No device on which care depends, and none whose tier no person has confirmed, is cut without a person's yes.",
			"Aucun appareil dont des soins dépendent, ni aucun dont personne n'a confirmé le niveau, n'est coupé sans l'accord d'une personne."},
		{"Only devices of clinical support and of offices, confirmed as such by a person, are cut automatically.",
			"Seuls les appareils de soutien clinique et de bureau, confirmés comme tels par une personne, sont coupés automatiquement."},
		{"Blocking an address outside is a cut only where a clinical conversation uses it.",
			"Bloquer une adresse extérieure n'est une coupure que si une conversation clinique l'utilise."},
		{"What is cut automatically stays within budgets, which have ceilings: 50 devices, half of a ward or class, within ten minutes.",
			"Ce qui est coupé automatiquement reste dans des budgets plafonnés : 50 appareils, la moitié d'un service ou d'une classe, en dix minutes."},
		{"What the centre of a group proposes is done only after a person of this site said yes.",
			"Ce que propose le centre d'un groupe n'est fait qu'après l'accord d'une personne de ce site."},
		{"Without knowing what would stop, nothing is stopped automatically.",
			"Sans savoir ce qui serait interrompu, rien n'est interrompu automatiquement."},
	}
}
