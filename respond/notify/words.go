package notify

// wording is what messages and the page of answers say in one language.
type wording struct {
	severity map[string]string
	over     string // before the title of what is over
	ack      string // on the link by which it is answered

	titlePage, lead, button, thanks, taken, overText, gone, goneText, console, other string
}

// words are those of a language: French, or else English.
func words(language string) wording {
	if language == "fr" {
		return wording{severity: map[string]string{"informational": "information", "low": "faible", "medium": "moyen", "high": "élevé", "critical": "critique"},
			over: "terminé", ack: "Je m'en occupe", titlePage: "Vous en occupez-vous ?", lead: "Si vous vous en occupez, personne d'autre ne sera prévenu.",
			button: "Je m'en occupe", thanks: "C'est noté : vous vous en occupez.", taken: "S'en occupe :", overText: "C'est terminé.",
			gone: "Ce lien n'est plus valable", goneText: "Ouvrez la console pour voir ce qui se passe.", console: "Ouvrir dans la console", other: "English"}
	}
	return wording{severity: map[string]string{"informational": "informational", "low": "low", "medium": "medium", "high": "high", "critical": "critical"},
		over: "over", ack: "I take care of it", titlePage: "Do you take care of it?", lead: "If you do, nobody else will be told.",
		button: "I take care of it", thanks: "Noted: you take care of it.", taken: "Taken care of by", overText: "It is over.",
		gone: "This link is not good any more", goneText: "Open the console to see what happens.", console: "Open in the console", other: "Français"}
}
