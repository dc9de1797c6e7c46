package access

import (
	"strings"
	"time"

	"bulwark/decide/access/policy"
	"bulwark/platform/store"
)

// What a report says, in words that a patient understands.

func pair(en, fr string) policy.Text { return policy.Text{EN: en, FR: fr} }

// functionOf is what somebody does, by the first of their roles that tells most.
func functionOf(roles []string) policy.Text {
	for _, w := range functions() {
		for _, r := range roles {
			if r == w.role {
				return w.Text
			}
		}
	}
	for _, r := range roles {
		if r != "person" && r != "staff" {
			return sameText(r)
		}
	}
	return pair("A member of staff", "Membre du personnel")
}

type function struct {
	role string
	policy.Text
}

// functions are those of a hospital, those that tell most first.
func functions() []function {
	return []function{
		{"doctor", pair("Doctor", "Médecin")}, {"midwife", pair("Midwife", "Sage-femme")}, {"nurse", pair("Nurse", "Infirmier ou infirmière")},
		{"pharmacist", pair("Pharmacist", "Pharmacien ou pharmacienne")}, {"physiotherapist", pair("Physiotherapist", "Kinésithérapeute")},
		{"radiographer", pair("Radiographer", "Manipulateur ou manipulatrice en radiologie")}, {"care-assistant", pair("Care assistant", "Aide-soignant ou aide-soignante")},
		{"biologist", pair("Biologist", "Biologiste")}, {"technician", pair("Technician", "Technicien ou technicienne")}, {"secretary", pair("Secretary", "Secrétaire")},
		{"clinician", pair("Clinician", "Professionnel de santé")}, {"vendor-technician", pair("Technician of a supplier", "Technicien d’un fournisseur")},
		{"biomedical-engineer", pair("Biomedical engineer", "Ingénieur biomédical")}, {"administrator", pair("Administrator of Bulwark", "Administrateur de Bulwark")},
		{"auditor", pair("Auditor", "Auditeur ou auditrice")}, {"analyst", pair("Security analyst", "Analyste de sécurité")},
	}
}

// seenWhat is what was done, in words.
func seenWhat(action string) policy.Text {
	switch action {
	case "readRecord":
		return pair("Read the record", "A consulté le dossier")
	case "writeRecord":
		return pair("Wrote in the record", "A écrit dans le dossier")
	case "exportRecord":
		return pair("Took a copy of the record", "A extrait une copie du dossier")
	case "breakGlass":
		return pair("Opened the record in an emergency (broke the glass)", "A ouvert le dossier en urgence (bris de glace)")
	case seenAction:
		return pair("Asked for this list of who saw the record", "A demandé cette liste des accès au dossier")
	case "atna create":
		return pair("Added something to the record", "A ajouté un élément au dossier")
	case "atna read":
		return pair("Read the record", "A consulté le dossier")
	case "atna update":
		return pair("Changed something in the record", "A modifié le dossier")
	case "atna delete":
		return pair("Removed something from the record", "A supprimé un élément du dossier")
	case "atna execute":
		return pair("Searched for the patient, or started something", "A recherché le patient ou lancé une opération")
	}
	return pair("Used the record ("+strings.TrimPrefix(action, "atna ")+")", "A utilisé le dossier ("+strings.TrimPrefix(action, "atna ")+")")
}

// seenTried is what was refused, in words.
func seenTried(action string) policy.Text {
	switch action {
	case "readRecord":
		return pair("Tried to read the record", "A tenté de consulter le dossier")
	case "writeRecord":
		return pair("Tried to write in the record", "A tenté d’écrire dans le dossier")
	case "exportRecord":
		return pair("Tried to take a copy of the record", "A tenté d’extraire une copie du dossier")
	case "breakGlass":
		return pair("Tried to open the record in an emergency", "A tenté d’ouvrir le dossier en urgence")
	}
	return pair("Tried to use the record ("+action+")", "A tenté d’utiliser le dossier ("+action+")")
}

// seenWhy is why a report was asked for.
func seenWhy(reason string) policy.Text {
	switch reason {
	case "patient":
		return pair("The patient asked who saw the record", "Le patient a demandé qui a vu son dossier")
	case "complaint":
		return pair("Somebody complained", "Une réclamation a été faite")
	}
	return pair("An investigation needs it", "Une enquête le demande")
}

// seenReason is the reason that an event keeps, in both languages where it is one of ours.
func seenReason(en string) policy.Text {
	why, ref, _ := strings.Cut(en, ofFile)
	for _, r := range SeenReasons() {
		if t := seenWhy(r); t.EN == why {
			return pair(joined(", ", t.EN, ref), joined(", ", t.FR, ref))
		}
	}
	return sameText(en)
}

// zoneWords is a network in words.
func zoneWords(zone string) policy.Text {
	switch zone {
	case "":
		return policy.Text{}
	case "clinical":
		return pair("A clinical network of the hospital", "Réseau des soins de l’établissement")
	case "biomedical":
		return pair("The network of medical devices", "Réseau des dispositifs médicaux")
	case "office":
		return pair("An office of the hospital", "Réseau des bureaux de l’établissement")
	case "guest":
		return pair("The network for guests", "Réseau des visiteurs")
	case "vendor":
		return pair("The access of a supplier", "Accès d’un fournisseur")
	case "internet":
		return pair("Outside the hospital", "Hors de l’établissement")
	}
	return pair("Not known", "Inconnu")
}

func saidRefused() policy.Text {
	return pair("It was refused: nothing was shown.", "Refusé : rien n’a été montré.")
}

func saidRule() policy.Text {
	return pair("A rule of the hospital allows it.", "Une règle de l’établissement le permet.")
}

func saidGlassGone() policy.Text {
	return pair("Emergency access; how it was looked at is no longer kept.", "Accès d’urgence ; le résultat de sa relecture n’est plus conservé.")
}

func saidSystem() policy.Text {
	return pair("Another system told it of itself: it decided, not Bulwark.", "Déclaré par un autre système : c’est lui qui a décidé, pas Bulwark.")
}

func saidSystemGlass() policy.Text {
	return pair("Emergency access in another system: ask there how it was looked at.", "Accès d’urgence dans un autre système : sa relecture se fait là-bas.")
}

func saidNetwork() policy.Text {
	return pair("Systems exchanged it with each other; who sat before them is not known here.", "Échange entre systèmes ; qui était devant l’écran n’est pas connu ici.")
}

// saidGlass is how far a break-glass is looked at.
func saidGlass(g *Glass) (mark string, said policy.Text) {
	switch {
	case g.Review != nil && g.Review.Verdict == "abuse":
		return "unjustified", pair("Emergency access; somebody looked at it and found that it was not justified.", "Accès d’urgence ; la relecture l’a jugé injustifié.")
	case g.Review != nil:
		return "explained", pair("Emergency access; somebody looked at it and found it justified.", "Accès d’urgence ; la relecture l’a jugé justifié.")
	case g.State == "explained" && len(g.Why) > 0:
		return "explained", pair("Emergency access, explained: "+g.Why[0].EN, "Accès d’urgence, expliqué : "+g.Why[0].FR)
	}
	return "review", pair("Emergency access; it is still to be looked at.", "Accès d’urgence ; relecture en cours.")
}

// saidDegraded is how far something is looked at that was decided while something was lost.
func saidDegraded(looked bool) (mark string, said policy.Text) {
	if looked {
		return "explained", pair("Allowed while a system was down; looked at since.", "Permis pendant une panne ; relu depuis.")
	}
	return "review", pair("Allowed while a system was down; still to be looked at.", "Permis pendant une panne ; relecture en cours.")
}

func protocolOf(kind string) string {
	return map[string]string{"dicom": "DICOM", "dicomweb": "DICOMweb", "fhir": "FHIR", "hl7": "HL7"}[kind]
}

// exchanged is what machines exchanged.
func exchanged(row *store.Row) policy.Text {
	switch row.Kind {
	case "dicom":
		switch row.Value("activity_name") {
		case "Find":
			return pair("Searched for images or visits", "Recherche d’images ou de venues")
		case "Move", "Get":
			return pair("Fetched images", "Récupération d’images")
		case "Store":
			return pair("Sent images", "Envoi d’images")
		}
		return pair("Worked with images", "Traitement d’images")
	case "dicomweb":
		switch action := row.Value("dicomweb.action"); {
		case strings.HasPrefix(action, "Retrieve"):
			return pair("Fetched images", "Récupération d’images")
		case action == "Store":
			return pair("Sent images", "Envoi d’images")
		}
		return pair("Searched for images", "Recherche d’images")
	case "fhir":
		what := row.Value("fhir.resource")
		switch row.Value("fhir.interaction") {
		case "read", "vread", "search-type", "history-instance", "search-compartment":
			return pair("Read data ("+what+")", "Lecture de données ("+what+")")
		case "create", "update", "patch", "delete":
			return pair("Changed data ("+what+")", "Modification de données ("+what+")")
		}
		return pair("Worked with data ("+what+")", "Traitement de données ("+what+")")
	}
	what := strings.TrimSpace(row.Value("hl7.type") + " " + row.Value("hl7.trigger"))
	return pair("Sent a message ("+what+")", "Envoi d’un message ("+what+")")
}

// limits is what a report cannot see, said plainly.
func (r *SeenReport) limits(say func(en, fr string) string, stamp func(time.Time) string) []string {
	all := []string{
		say("Bulwark sees what goes through it. Whoever opened the record in a program of the hospital that does not ask Bulwark is not in this list, unless that program told Bulwark of it; its own log says more.",
			"Bulwark voit ce qui passe par lui. Une personne qui a ouvert le dossier dans un logiciel de l’établissement qui n’interroge pas Bulwark n’est pas dans cette liste, sauf si ce logiciel l’a signalé ; son propre journal en dit plus."),
		say("Of what systems exchange with each other it sees who they are, not who sat before them; what is encrypted it does not read. Paper is not in it.",
			"Des échanges entre systèmes, il voit lesquels échangent, pas qui était devant l’écran ; il ne lit pas ce qui est chiffré. Le papier n’y est pas."),
		say("Function and unit are those of today, not of that day.", "Fonction et unité sont celles d’aujourd’hui, pas celles du jour de l’accès."),
		say("The patient was looked for under one number. What stands under another number of the same person is not found.",
			"Le patient a été recherché sous un numéro. Ce qui figure sous un autre numéro de la même personne n’est pas trouvé."),
	}
	if r.Oldest.After(r.From) {
		all = append(all, say("Nothing older than ", "Rien d’antérieur au ")+stamp(r.Oldest)+say(" is kept.", " n’est conservé."))
	}
	if !r.Cut.IsZero() {
		all = append(all, say("There were too many for one report: what is older than ", "Il y en avait trop pour un seul rapport : ce qui précède le ")+stamp(r.Cut)+say(" is missing. Ask for a shorter span.", " manque. Demandez une période plus courte."))
	}
	return all
}
