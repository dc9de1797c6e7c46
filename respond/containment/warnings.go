package containment

import "bulwark/platform/health"

// Warnables are the warnings of this room.
func Warnables() []*health.Warnable { return []*health.Warnable{&tampered, &unenforced} }

var tampered = health.Warnable{
	ID: "containment.tampered", Severity: health.Unprotected, Per: "lease",
	Title: health.Text{EN: "A containment was changed behind the program's back", FR: "Une mesure de confinement a été modifiée à l'insu du programme"},
	Text: health.Text{EN: "Automation is frozen. Containment {lease}: {why}.",
		FR: "L'automatisation est gelée. Mesure {lease} : {why}."},
	NextStep: health.Text{EN: "Find out who could write to the database, verify the ledger, then lift the freeze on the page Safety.",
		FR: "Cherchez qui a pu écrire dans la base, vérifiez le registre, puis levez le gel sur la page Sécurité clinique."},
}

var unenforced = health.Warnable{
	ID: "containment.unenforced", Severity: health.Unprotected, Per: "point",
	Title: health.Text{EN: "Containments are not in force", FR: "Des mesures de confinement ne sont pas en vigueur"},
	Text: health.Text{EN: "{point} holds {held} of {wanted} containments: {problem}.",
		FR: "{point} applique {held} des {wanted} mesures : {problem}."},
	NextStep: health.Text{EN: "Bulwark tries again. See the page Response for each of them, and contain by hand meanwhile.",
		FR: "Bulwark réessaie. Voyez chacune sur la page Réponse, et confinez à la main entre-temps."},
}
