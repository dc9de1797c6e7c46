// Package law knows whom a hospital must tell of an incident, until when, and what they ask. It is pure. It helps people to declare; what
// must be declared is for them to judge.
//
// NIS2: Directive (EU) 2022/2555, art. 23(4). Personal data: Regulation (EU) 2016/679, art. 33. Health: code de la santé publique,
// art. L1111-8-2.
package law

import (
	"slices"
	"time"
)

// Text is a text in both languages.
type Text struct {
	EN string `json:"en"`
	FR string `json:"fr"`
}

// Facts are what decides whom to tell.
type Facts struct {
	Aware       time.Time `json:"aware"`         // when the hospital became aware of it: from then on time runs
	Significant bool      `json:"significant"`   // it is significant in the sense of NIS2, art. 23(3)
	Personal    bool      `json:"personal_data"` // personal data was lost, changed or seen
	Care        bool      `json:"care_affected"` // care is or was affected
}

// Step is something that is to be declared to somebody.
type Step struct {
	To    string `json:"to"`    // nis2, cnil, certsante
	Stage string `json:"stage"` // early, notification, final
}

// Clock is until when a step is to be done.
type Clock struct {
	Step
	Name     Text      `json:"name"`
	Source   string    `json:"source"`
	Applies  bool      `json:"applies"` // by the facts as they stand
	Why      Text      `json:"why"`
	Due      time.Time `json:"due"`
	Declared time.Time `json:"declared,omitzero"` // when it was
}

// Steps are all that there are, the most urgent first.
func Steps() []Step {
	return []Step{{"certsante", "notification"}, {"nis2", "early"}, {"nis2", "notification"}, {"cnil", "notification"}, {"nis2", "final"}}
}

// Known says whether there is such a step.
func Known(s Step) bool { return slices.Contains(Steps(), s) }

// Clocks are the clocks of an incident. declared are the steps that were done, and when.
func Clocks(f Facts, declared map[Step]time.Time) []Clock {
	significant := Text{"The incident is significant.", "L’incident est important."}
	var all []Clock
	for _, s := range Steps() {
		c := Clock{Step: s, Declared: declared[s]}
		switch s {
		case Step{"certsante", "notification"}:
			c.Name, c.Source = Text{"CERT Santé", "CERT Santé"}, "CSP L1111-8-2"
			c.Applies, c.Due = f.Significant || f.Care, f.Aware // without delay
			c.Why = Text{"Without delay, where the incident is serious or care is affected.", "Sans délai, si l’incident est grave ou si les soins sont affectés."}
		case Step{"nis2", "early"}:
			c.Name, c.Source = Text{"NIS2 early warning", "NIS2, alerte précoce"}, "NIS2 art. 23(4)(a)"
			c.Applies, c.Due, c.Why = f.Significant, f.Aware.Add(24*time.Hour), significant
		case Step{"nis2", "notification"}:
			c.Name, c.Source = Text{"NIS2 notification", "NIS2, notification"}, "NIS2 art. 23(4)(b)"
			c.Applies, c.Due, c.Why = f.Significant, f.Aware.Add(72*time.Hour), significant
		case Step{"cnil", "notification"}:
			c.Name, c.Source = Text{"CNIL", "CNIL"}, "GDPR art. 33(1)"
			c.Applies, c.Due = f.Personal, f.Aware.Add(72*time.Hour)
			c.Why = Text{"Personal data is concerned; not where a risk to people is unlikely.", "Des données personnelles sont concernées ; sauf si un risque pour les personnes est improbable."}
		case Step{"nis2", "final"}:
			c.Name, c.Source = Text{"NIS2 final report", "NIS2, rapport final"}, "NIS2 art. 23(4)(d)"
			notified := declared[Step{"nis2", "notification"}]
			if notified.IsZero() {
				notified = f.Aware.Add(72 * time.Hour)
			}
			c.Applies, c.Due, c.Why = f.Significant, monthAfter(notified), significant
		}
		all = append(all, c)
	}
	return all
}

// monthAfter is the same day of the next month, or its last where it has no such day (Regulation 1182/71, art. 3(2)(c)).
func monthAfter(t time.Time) time.Time {
	next := t.AddDate(0, 1, 0)
	if next.Day() != t.Day() {
		next = next.AddDate(0, 0, -next.Day())
	}
	return next
}

// Field is one thing that a recipient asks.
type Field struct {
	ID      string `json:"id"`
	Name    Text   `json:"name"`
	Value   Text   `json:"value"`
	Missing bool   `json:"missing"` // nobody said it yet
}

// names are what recipients ask, by what it is called in a case.
var names = map[string]Text{
	"organisation": {"Organisation", "Établissement"},
	"contact":      {"Who declares, with telephone and address", "Déclarant, avec téléphone et adresse"},
	"aware":        {"When the organisation became aware", "Date de prise de connaissance"},
	"began":        {"When it began", "Date de début"},
	"description":  {"What happened", "Description de l’incident"},
	"malicious":    {"Is it suspected to be unlawful or malicious?", "Suspicion d’acte illicite ou malveillant ?"},
	"crossborder":  {"Could it affect other Member States?", "Effets possibles dans d’autres États membres ?"},
	"severity":     {"How severe it is", "Gravité"},
	"impact":       {"What it affects", "Impact"},
	"care":         {"What it means for care", "Conséquences sur les soins"},
	"devices":      {"Systems and devices concerned", "Systèmes et équipements concernés"},
	"indicators":   {"Indicators of compromise", "Indicateurs de compromission"},
	"cause":        {"Type of threat, or root cause", "Type de menace ou cause première"},
	"measures":     {"Measures taken, and under way", "Mesures prises et en cours"},
	"nature":       {"Nature of the breach: confidentiality, integrity, availability", "Nature de la violation : confidentialité, intégrité, disponibilité"},
	"people":       {"Categories and approximate number of people", "Catégories et nombre approximatif de personnes"},
	"records":      {"Categories and approximate number of records", "Catégories et nombre approximatif d’enregistrements"},
	"dpo":          {"Data protection officer", "Délégué à la protection des données"},
	"consequences": {"Likely consequences for people", "Conséquences probables pour les personnes"},
	"support":      {"Is support wanted?", "Appui souhaité ?"},
}

// asked are the fields of each step, in order.
var asked = map[Step][]string{
	{"certsante", "notification"}: {"organisation", "contact", "aware", "began", "description", "malicious", "care", "impact", "devices", "measures", "support"},
	{"nis2", "early"}:             {"organisation", "contact", "aware", "description", "malicious", "crossborder"},
	{"nis2", "notification"}:      {"organisation", "contact", "aware", "began", "description", "malicious", "severity", "impact", "care", "indicators", "measures"},
	{"nis2", "final"}:             {"organisation", "contact", "aware", "began", "description", "severity", "impact", "care", "cause", "indicators", "measures", "crossborder"},
	{"cnil", "notification"}:      {"organisation", "contact", "dpo", "aware", "began", "nature", "description", "people", "records", "consequences", "measures"},
}

// Free are the fields that people fill in; the others come from the incident.
func Free() []string {
	return []string{"organisation", "contact", "malicious", "crossborder", "impact", "cause", "measures", "nature", "people", "records", "dpo", "consequences", "support", "description"}
}

// Draft is a declaration as far as it can be filled in.
func Draft(s Step, values map[string]Text) []Field {
	var all []Field
	for _, id := range asked[s] {
		v := values[id]
		all = append(all, Field{ID: id, Name: names[id], Value: v, Missing: v.EN == "" && v.FR == ""})
	}
	return all
}
