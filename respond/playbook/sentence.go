package playbook

import (
	"fmt"
	"strings"

	"bulwark/content/playbooks"
)

// sentence is what a back-test came to, in words.
func (t *BackTest) sentence() playbooks.Text {
	if t.State != Done {
		return playbooks.Text{}
	}
	en, fr := []string{}, []string{}
	for _, a := range t.Acts {
		if a.Done > 0 {
			e, f := a.words()
			en, fr = append(en, e), append(fr, f)
		}
	}
	if len(en) == 0 {
		en, fr = append(en, "done nothing by itself"), append(fr, "laissé tout en place")
	}
	out := playbooks.Text{EN: fmt.Sprintf("In %s this would have %s.", days(t.Days, "day"), strings.Join(en, ", and ")),
		FR: fmt.Sprintf("En %s, il aurait %s.", days(t.Days, "jour"), strings.Join(fr, ", et "))}
	add := func(n int, en, fr string) {
		if n > 0 {
			out.EN += " " + fmt.Sprintf(en, n)
			out.FR += " " + fmt.Sprintf(fr, n)
		}
	}
	add(t.Asked, "Acts that would have waited for a person: %d.", "Actes qui auraient attendu une personne : %d.")
	add(t.Wrong, "Incidents that a person found to be none: %d.", "Incidents qu'une personne a jugés sans objet : %d.")
	add(t.Blind, "Acts of which it is not known what they would have stopped: %d.", "Actes dont on ignore ce qu'ils auraient interrompu : %d.")
	return out
}

func days(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// words are what acts of a kind would have done, in both languages.
func (a *ActCount) words() (en, fr string) {
	done, fait := "done “"+a.Act+"” to", "appliqué « "+a.Act+" » à"
	thing, chose := "device", "appareil"
	switch a.Act {
	case "isolate":
		done, fait = "isolated", "isolé"
	case "block":
		done, fait = "blocked a peer of", "bloqué un pair de"
	case "ban":
		done, fait, thing, chose = "banned", "bloqué", "address outside", "adresse extérieure"
	case "quarantine":
		done, fait = "put in quarantine", "mis en quarantaine"
	case "sinkhole":
		done, fait, thing, chose = "stopped", "arrêté", "domain", "domaine"
	case "disable-account":
		done, fait, thing, chose = "disabled", "désactivé", "account", "compte"
	case "freeze-ring":
		done, fait, thing, chose = "kept the packets of", "conservé les paquets de", "incident", "incident"
	}
	en, fr = fmt.Sprintf("%s %d %s", done, a.Devices, thing), fmt.Sprintf("%s %d %s", fait, a.Devices, chose)
	if a.Devices != 1 {
		en, fr = strings.Replace(en+"s", "address outsides", "addresses outside", 1), strings.Replace(fr+"s", "adresse extérieures", "adresses extérieures", 1)
	}
	switch {
	case a.Act == "freeze-ring": // it stops nothing
		return en, fr
	case a.ClinicalDevices == 0 && a.Clinical == 0:
		return en + ", none clinical", fr + ", aucun clinique"
	case a.ClinicalDevices > 0:
		return fmt.Sprintf("%s (clinical devices touched: %d)", en, a.ClinicalDevices), fmt.Sprintf("%s (appareils cliniques touchés : %d)", fr, a.ClinicalDevices)
	}
	return fmt.Sprintf("%s (clinical conversations stopped: %d)", en, a.Clinical), fmt.Sprintf("%s (échanges cliniques interrompus : %d)", fr, a.Clinical)
}
