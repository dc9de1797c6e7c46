package identity

// reportText are the words of the homologation report in one language. Every field is filled in every language; a test sees to it.
type reportText struct {
	Title, Lead, Print, AtLabel                                                                                string
	PeopleTitle, Active, Invited, Disabled, Here, From                                                         string
	MeansTitle, MeansNote, Bound, Synced, App, Paper, Local, Far, Account                                      string
	AssuranceTitle, AssuranceNote, Role, One, Two, Three, Resistant, Nothing                                   string
	EnrolmentTitle, RulesTitle, RisksTitle                                                                     string
	Second, SecondAll, SecondBut, Length, LengthIs, Hash, List, NoList, Age, NoAge, Days, Idle, Longest, Fresh string
	RiskAlone, RiskSetting, RiskAdministrators, RiskOneAdministrator, RiskNobodyHere, RiskCodes, RiskSynced    string
	Keys, KeysAny, KeysAll, KeysBound, KeysProved, KeysLevel, RiskOutside, Message, RiskMessages, Tickets      string
	RiskPaper, RiskInvited, RiskNoList, RiskOldList, RiskDirectory                                             string
	Enrolment, RiskAlways                                                                                      []string
}

func reportEnglish() reportText {
	return reportText{
		Title: "How people are identified", AtLabel: "As of", Print: "Print it from your browser.",
		Lead:        "For the homologation of the means of electronic identification of this establishment. All figures are read from what is so now.",
		PeopleTitle: "People", Active: "Can sign in", Invited: "Invited, cannot sign in yet", Disabled: "Suspended", Here: "Known in Bulwark alone", From: "From the directory",
		MeansTitle: "Authenticators", MeansNote: "People who have one, of those who are not suspended.",
		Bound: "Passkey that cannot leave its device", Synced: "Passkey that is kept on several devices", App: "App that shows codes (TOTP, RFC 6238)", Paper: "Codes on paper, for loss",
		Local: "Password of Bulwark", Far: "Password of a directory", Account: "Account at an OpenID provider",
		AssuranceTitle: "Assurance that people of each duty or role can reach", AssuranceNote: "Levels as NIST SP 800-63B-4 counts them: 1 one factor, 2 two factors, 3 two of which one is a key that cannot leave its device.",
		Role: "Duty or role", One: "Level 1", Two: "Level 2", Three: "Level 3", Resistant: "Cannot be phished", Nothing: "None yet",
		EnrolmentTitle: "Enrolment and recovery", RulesTitle: "Rules in force", RisksTitle: "Residual risks",
		Enrolment: []string{
			"Somebody is invited by an administrator with a link that works once and for 72 hours, or joins from the hospital’s directory and proves its password.",
			"At the first sign-in, before anything else, they add a passkey or an app, and get ten codes on paper.",
			"Whoever lost everything is vouched for by two colleagues who recognise them, one of them an administrator; the pass that comes of it works once, for an hour, and only adds a factor.",
			"Whoever is suspended, here or in the directory, has no open session a second later. Each of these acts is in the ledger.",
		},
		Second: "Second factor", SecondAll: "needed by everybody", SecondBut: "needed by everybody but those who are only", Length: "Password", LengthIs: "15 characters or more, no words of the place or of names, not one of the last five",
		Hash: "Kept as", List: "List of stolen passwords", NoList: "none", Age: "Renewal", NoAge: "on evidence alone", Days: "days", Idle: "A session ends without use after", Longest: "and at the latest after", Fresh: "Proof of identity is fresh for",
		Tickets: "Tickets of workstations stand for the password of", Keys: "Passkeys that are taken", KeysAny: "any", KeysAll: "everybody", KeysBound: "not synchronised", KeysProved: "model proved by its maker", KeysLevel: "FIDO certification of at least level",
		Message: "Codes by text message or mail (weak: one factor)", RiskMessages: "Codes by message can be taken over with the number, read on the way, and taken by a false page. They are let in for:",
		RiskOutside: "people have passkeys that these rules would not take any more.",
		RiskAlone:   "can sign in with a password alone, or have not added a second factor yet.", RiskSetting: "Some duties are spared a second factor (identity.password_alone).",
		RiskAdministrators: "administrators have no passkey: a false page can take password and code.", RiskOneAdministrator: "There is no second administrator: nobody can help the first one.",
		RiskNobodyHere: "Every administrator comes from a directory: when it is lost or taken over, nobody else runs Bulwark.", RiskCodes: "Codes of an app can be taken by a false page that passes them on within half a minute.",
		RiskSynced: "Passkeys that are kept on several devices are as safe as the account that keeps them.", RiskPaper: "people have fewer than three codes on paper left.",
		RiskInvited: "invitations are open: whoever has the link may accept it.", RiskNoList: "New passwords are not compared with stolen ones: no list was imported.",
		RiskOldList: "The list of stolen passwords is older than a year.", RiskDirectory: "Who leaves is not noticed while this directory does not answer:",
		RiskAlways: []string{
			"A workstation that is left open is its next user’s until the session ends; changing factors asks for a fresh proof.",
			"Two colleagues who conspire, and know somebody’s password, can come in as them; both names are in the ledger.",
		},
	}
}

func reportFrench() reportText {
	return reportText{
		Title: "Comment les personnes sont identifiées", AtLabel: "État au", Print: "Imprimez-le depuis votre navigateur.",
		Lead:        "Pour l’homologation des moyens d’identification électronique de l’établissement. Tous les chiffres sont lus dans l’état présent.",
		PeopleTitle: "Personnes", Active: "Peuvent se connecter", Invited: "Invitées, ne peuvent pas encore se connecter", Disabled: "Suspendues", Here: "Connues de Bulwark seul", From: "De l’annuaire",
		MeansTitle: "Authentifiants", MeansNote: "Personnes qui en ont un, parmi celles qui ne sont pas suspendues.",
		Bound: "Clé d’accès qui ne quitte pas son appareil", Synced: "Clé d’accès gardée sur plusieurs appareils", App: "Application qui affiche des codes (TOTP, RFC 6238)", Paper: "Codes sur papier, en cas de perte",
		Local: "Mot de passe de Bulwark", Far: "Mot de passe d’un annuaire", Account: "Compte chez un fournisseur OpenID",
		AssuranceTitle: "Garantie que peuvent atteindre les personnes de chaque attribution ou rôle", AssuranceNote: "Niveaux au sens de NIST SP 800-63B-4 : 1 un facteur, 2 deux facteurs, 3 deux dont une clé qui ne quitte pas son appareil.",
		Role: "Attribution ou rôle", One: "Niveau 1", Two: "Niveau 2", Three: "Niveau 3", Resistant: "Résiste à l’hameçonnage", Nothing: "Pas encore",
		EnrolmentTitle: "Enrôlement et récupération", RulesTitle: "Règles en vigueur", RisksTitle: "Risques résiduels",
		Enrolment: []string{
			"Une personne est invitée par un administrateur avec un lien qui sert une fois, pendant 72 heures, ou vient de l’annuaire de l’hôpital et prouve son mot de passe.",
			"À la première connexion, avant toute autre chose, elle ajoute une clé d’accès ou une application, et reçoit dix codes sur papier.",
			"Qui a tout perdu a pour garants deux collègues qui le reconnaissent, dont un administrateur ; le laissez-passer sert une fois, pendant une heure, et seulement à ajouter un facteur.",
			"Qui est suspendu, ici ou dans l’annuaire, n’a plus de session ouverte une seconde après. Chacun de ces actes est dans le registre.",
		},
		Second: "Second facteur", SecondAll: "exigé de tous", SecondBut: "exigé de tous sauf de ceux qui ne sont que", Length: "Mot de passe", LengthIs: "15 caractères ou plus, sans mots du lieu ni noms, différent des cinq derniers",
		Hash: "Conservé par", List: "Liste des mots de passe volés", NoList: "aucune", Age: "Renouvellement", NoAge: "sur indice seulement", Days: "jours", Idle: "Une session s’arrête sans usage après", Longest: "et au plus tard après", Fresh: "Une preuve d’identité est récente pendant",
		Tickets: "Le ticket du poste tient lieu de mot de passe de", Keys: "Clés d’accès acceptées", KeysAny: "toutes", KeysAll: "tout le monde", KeysBound: "non synchronisées", KeysProved: "modèle prouvé par son fabricant", KeysLevel: "certification FIDO de niveau au moins",
		Message: "Codes par SMS ou courriel (faible : un facteur)", RiskMessages: "Les codes par message se détournent avec le numéro, se lisent en chemin et se donnent à une fausse page. Ils sont admis pour :",
		RiskOutside: "personnes ont des clés d’accès que ces règles n’accepteraient plus.",
		RiskAlone:   "peuvent se connecter avec un mot de passe seul, ou n’ont pas encore ajouté de second facteur.", RiskSetting: "Des attributions sont dispensées de second facteur (identity.password_alone).",
		RiskAdministrators: "administrateurs n’ont pas de clé d’accès : une fausse page peut prendre mot de passe et code.", RiskOneAdministrator: "Il n’y a pas de second administrateur : personne ne peut aider le premier.",
		RiskNobodyHere: "Tous les administrateurs viennent d’un annuaire : s’il est perdu ou pris, personne d’autre ne gère Bulwark.", RiskCodes: "Les codes d’une application peuvent être pris par une fausse page qui les rejoue dans la demi-minute.",
		RiskSynced: "Une clé d’accès gardée sur plusieurs appareils est aussi sûre que le compte qui la garde.", RiskPaper: "personnes ont moins de trois codes sur papier.",
		RiskInvited: "invitations sont ouvertes : qui a le lien peut l’accepter.", RiskNoList: "Les nouveaux mots de passe ne sont pas comparés à ceux qui ont été volés : aucune liste n’a été importée.",
		RiskOldList: "La liste des mots de passe volés a plus d’un an.", RiskDirectory: "Les départs ne sont pas vus tant que cet annuaire ne répond pas :",
		RiskAlways: []string{
			"Un poste laissé ouvert appartient au suivant jusqu’à la fin de la session ; changer de facteurs demande une preuve récente.",
			"Deux collègues complices, qui connaissent le mot de passe d’une personne, peuvent entrer à sa place ; leurs deux noms sont dans le registre.",
		},
	}
}
