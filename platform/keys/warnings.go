package keys

import "bulwark/platform/health"

// Warnables are the warnings of this package.
func Warnables() []*health.Warnable {
	return []*health.Warnable{unreadable(), ending(), selfMade()}
}

func unreadable() *health.Warnable {
	return &health.Warnable{
		ID: "keys.certificate-unreadable", Severity: health.Degraded,
		Title: health.Text{FR: "Le certificat ne peut pas être relu", EN: "The certificate cannot be read again"},
		Text: health.Text{FR: "La console garde le certificat précédent : {error}.",
			EN: "The console keeps the certificate it had: {error}."},
		NextStep: health.Text{FR: "Corrigez les fichiers du certificat ; ils sont relus chaque minute.",
			EN: "Mend the certificate files; they are read again every minute."},
	}
}

func ending() *health.Warnable {
	return &health.Warnable{
		ID: "keys.certificate-ending", Severity: health.Degraded,
		Title: health.Text{FR: "Le certificat arrive à son terme", EN: "The certificate is about to end"},
		Text: health.Text{FR: "Le certificat de la console est valable jusqu'au {date}.",
			EN: "The certificate of the console is good until {date}."},
		NextStep: health.Text{FR: "Remplacez les fichiers du certificat ; aucun redémarrage n'est nécessaire.",
			EN: "Replace the certificate files; no restart is needed."},
	}
}

func selfMade() *health.Warnable {
	return &health.Warnable{
		ID: "keys.certificate-self-made", Severity: health.Notice,
		Title: health.Text{FR: "Certificat fait par Bulwark", EN: "Certificate made by Bulwark"},
		Text: health.Text{FR: "Les navigateurs avertissent tant qu'ils ne connaissent pas l'autorité locale.",
			EN: "Browsers warn until they know the local authority."},
		NextStep: health.Text{FR: "Donnez à Bulwark un certificat de l'établissement, ou faites confiance à {file} ; cette autorité ne vaut que pour cette console.",
			EN: "Give Bulwark a certificate of the hospital, or trust {file}; that authority is good for this console only."},
	}
}
