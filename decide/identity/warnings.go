package identity

import (
	"strings"

	"bulwark/platform/health"
)

// Warnables are the states of the room that a person must hear of.
func Warnables() []*health.Warnable {
	return []*health.Warnable{&passwordAlone, &directoryAway, &directoryLeaving, &providerAway, &databaseLost, &passkeysOutside, &metadataOld, &messagesWeak}
}

var passwordAlone = health.Warnable{
	ID: "identity.password-alone", Severity: health.Degraded,
	Title: health.Text{EN: "A password alone is enough for some", FR: "Un mot de passe suffit à certains"},
	Text: health.Text{EN: "People whose duties are all among {duties} sign in without a second factor. A password can be guessed, shared or taken by a false page.",
		FR: "Les personnes dont toutes les attributions sont parmi {duties} se connectent sans second facteur. Un mot de passe peut être deviné, partagé ou pris par une fausse page."},
	NextStep: health.Text{EN: "Give them passkeys, then empty identity.password_alone.",
		FR: "Donnez-leur des clés d’accès, puis videz identity.password_alone."},
}

var messagesWeak = health.Warnable{
	ID: "identity.messages-weak", Severity: health.Degraded,
	Title: health.Text{EN: "Codes by message stand in for a second factor", FR: "Des codes par message tiennent lieu de second facteur"},
	Text: health.Text{EN: "People among {duties} may show a code that is sent to them. Numbers are taken over, messages are read by others, and a false page asks for the code. It counts as one factor.",
		FR: "Les personnes parmi {duties} peuvent présenter un code qui leur est envoyé. Les numéros se détournent, les messages se lisent, et une fausse page demande le code. Il compte pour un seul facteur."},
	NextStep: health.Text{EN: "Give them passkeys, then empty identity.messages.", FR: "Donnez-leur des clés d’accès, puis videz identity.messages."},
}

var databaseLost = health.Warnable{
	ID: "identity.database-lost", Severity: health.Degraded,
	Title: health.Text{EN: "The database is lost", FR: "La base de données est perdue"},
	Text: health.Text{EN: "Since {since} nothing can be changed. Open sessions go on, and passkeys open others by the snapshot of {snapshot}, which is good for 72 hours. {waiting} acts wait to be written, {dropped} found no room.",
		FR: "Depuis {since} rien ne peut être modifié. Les sessions ouvertes continuent, et les clés d’accès en ouvrent d’après l’instantané du {snapshot}, valable 72 heures. {waiting} actes attendent d’être écrits, {dropped} n’ont pas trouvé de place."},
	NextStep: health.Text{EN: "Bring the database back: bulwark doctor says what is wrong with it. What waits is then written by itself.",
		FR: "Rétablissez la base : bulwark doctor dit ce qui ne va pas. Ce qui attend s’écrit alors tout seul."},
}

var passkeysOutside = health.Warnable{
	ID: "identity.passkeys-outside", Severity: health.Degraded,
	Title: health.Text{EN: "Passkeys that the rules would not take any more", FR: "Des clés d’accès que les règles n’accepteraient plus"},
	Text: health.Text{EN: "{n} passkeys in use are not as identity.passkeys.rules ask: synchronised, of another model, not proved, or withdrawn since. They still open sessions.",
		FR: "{n} clés d’accès en usage ne sont pas conformes à identity.passkeys.rules : synchronisées, d’un autre modèle, non prouvées ou retirées depuis. Elles ouvrent encore des sessions."},
	NextStep: health.Text{EN: "People shows whose they are, and why. Have them add another, then remove the old one.",
		FR: "Personnes montre à qui elles sont, et pourquoi. Faites-en ajouter une autre, puis retirer l’ancienne."},
}

var metadataOld = health.Warnable{
	ID: "identity.metadata-old", Severity: health.Degraded,
	Title: health.Text{EN: "What is published of passkeys cannot be read, or is old", FR: "Les données publiées sur les clés d’accès sont illisibles ou anciennes"},
	Text: health.Text{EN: "{file} is missing, was changed, or is three months late. No passkey whose model must be proved can be added without it, and one that was found broken is not known.",
		FR: "{file} manque, a été modifié ou a trois mois de retard. Sans lui, aucune clé dont le modèle doit être prouvé ne peut être ajoutée, et celles reconnues défaillantes ne sont pas connues."},
	NextStep: health.Text{EN: "Download it again from https://mds3.fidoalliance.org.", FR: "Téléchargez-le de nouveau depuis https://mds3.fidoalliance.org."},
}

var directoryAway = health.Warnable{
	ID: "identity.directory-away", Severity: health.Degraded, Per: "directory",
	Title: health.Text{EN: "The directory {directory} does not answer", FR: "L’annuaire {directory} ne répond pas"},
	Text: health.Text{EN: "Its people cannot sign in with their password, and who left is not noticed. Open sessions go on, and passkeys work.",
		FR: "Ses membres ne peuvent pas se connecter par mot de passe, et les départs ne sont pas vus. Les sessions ouvertes continuent et les clés d’accès fonctionnent."},
	NextStep: health.Text{EN: "bulwark directory test {directory} says what is wrong.",
		FR: "bulwark directory test {directory} dit ce qui ne va pas."},
}

var providerAway = health.Warnable{
	ID: "identity.provider-away", Severity: health.Degraded, Per: "provider",
	Title: health.Text{EN: "{provider} does not answer", FR: "{provider} ne répond pas"},
	Text: health.Text{EN: "Nobody can sign in with it. Open sessions go on, and passkeys and passwords of Bulwark work.",
		FR: "Personne ne peut se connecter par ce fournisseur. Les sessions ouvertes continuent, les clés d’accès et les mots de passe de Bulwark fonctionnent."},
	NextStep: health.Text{EN: "bulwark providers test says what is wrong.",
		FR: "bulwark providers test dit ce qui ne va pas."},
}

var directoryLeaving = health.Warnable{
	ID: "identity.directory-leaving", Severity: health.Degraded, Per: "directory",
	Title: health.Text{EN: "Many people are gone from the directory {directory}", FR: "Beaucoup de personnes ont disparu de l’annuaire {directory}"},
	Text: health.Text{EN: "{leaving} people who could sign in are gone from it or disabled there, all at once. They stay until somebody says that this is right.",
		FR: "{leaving} personnes qui pouvaient se connecter en ont disparu ou y sont désactivées, d’un coup. Elles restent jusqu’à ce que quelqu’un dise que c’est voulu."},
	NextStep: health.Text{EN: "If it is right: bulwark directory read {directory} --confirm. If not, look at base and filter.",
		FR: "Si c’est voulu : bulwark directory read {directory} --confirm. Sinon, vérifiez la base et le filtre."},
}

// warn says what the configuration weakens.
func (c *Config) warn(t *health.Tracker) {
	if t != nil && c.Messages.Channel != "" {
		t.Set(&messagesWeak, health.Args{"duties": strings.Join(c.Messages.For, ", ")})
	}
	if t != nil && len(c.PasswordAlone) > 0 {
		t.Set(&passwordAlone, health.Args{"duties": strings.Join(c.PasswordAlone, ", ")})
	}
}
