package keys

import "bulwark/platform/health"

// Warnables are the warnings of this package.
func Warnables() []*health.Warnable {
	return []*health.Warnable{&unreadable, &ending, &selfMade}
}

var unreadable = health.Warnable{
	ID: "keys.certificate-unreadable", Severity: health.Degraded,
	Title: health.Text{EN: "The certificate cannot be read again", FR: "Le certificat ne peut pas être relu"},
	Text: health.Text{EN: "The console keeps the certificate it had: {error}.",
		FR: "La console garde le certificat précédent : {error}."},
	NextStep: health.Text{EN: "Mend the certificate files; they are read again every minute.",
		FR: "Corrigez les fichiers du certificat ; ils sont relus chaque minute."},
}

var ending = health.Warnable{
	ID: "keys.certificate-ending", Severity: health.Degraded,
	Title: health.Text{EN: "The certificate is about to end", FR: "Le certificat arrive à son terme"},
	Text: health.Text{EN: "The certificate of the console is good until {date}.",
		FR: "Le certificat de la console est valable jusqu'au {date}."},
	NextStep: health.Text{EN: "Replace the certificate files; no restart is needed.",
		FR: "Remplacez les fichiers du certificat ; aucun redémarrage n'est nécessaire."},
}

var selfMade = health.Warnable{
	ID: "keys.certificate-self-made", Severity: health.Notice,
	Title: health.Text{EN: "Certificate made by Bulwark", FR: "Certificat fait par Bulwark"},
	Text: health.Text{EN: "Browsers warn until they know the local authority.",
		FR: "Les navigateurs avertissent tant qu'ils ne connaissent pas l'autorité locale."},
	NextStep: health.Text{EN: "Give Bulwark a certificate of the hospital, or trust {file}; that authority is good for this console only.",
		FR: "Donnez à Bulwark un certificat de l'établissement, ou faites confiance à {file} ; cette autorité ne vaut que pour cette console."},
}
