package identity

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// texts are the words of the pages in one language. Every field is filled in every language; a test sees to it.
type texts struct {
	SignIn, SetUp, Invited, Reset, LinkGone string // titles
	SignInLead, SetUpLead                   string
	InvitedLead, ResetLead                  string // with %s for the login
	LinkGoneText, LinkGoneNext              string
	NotSetUp, NotSetUpText, NotSetUpNext    string
	Name, Login, Password, Again            string // labels
	LoginHint, PasswordHint                 string
	Enter, Create, Choose, Show, Hide       string // buttons
	Skip, OtherLanguage                     string
	Check                                   string // above a list of faults

	BadSignIn, Wait, Busy                         string // Wait with %s for a number of seconds
	BadName, BadLogin, LoginTaken                 string
	Short, Long, NotText, Common, Local, Pattern  string
	Stolen, Former                                string
	Differ                                        string
	Or, UsePasskey, PasskeyUnknown, PasskeyFailed string

	// the second step, and what is added for it
	Away, Expired string // what a directory says

	// providers, with %s for their name
	TicketWith, TicketNone, TicketRefused, TicketStranger, TicketAway, BackLead                                string
	MessageTitle, MessageText, MessageLead, MessageSend, MessageSent, MessageAgain, MessageFailed              string
	SignInWith, ProviderAway, ProviderDenied, ProviderRefused, ProviderStranger, ProviderJoined, ProviderAgain string
	PushWith, PushLead, PushNumber, PushHint, PushBad, PushShows, PushShowsLead, PushDone, PushNotYet          string
	Activity, ActivityLead, Profession, SignedOut, SignedOutLead, LeavingLead                                  string

	// shared workstations
	Station, StationLead, StationNone, StationOther, Badge, Shift, ShiftLead, ShiftPIN, PIN string

	Renew, RenewStolen, RenewAsked, RenewOld string // why another password is due

	Second, SecondLead, SecondLeadKey, Code, CodeHint, PaperHint, AppHint            string
	Confirm, LostAll, BadCode, Protect, ProtectLead, KeyLabel, KeyDefault            string
	KeyAdd, KeyFailed, KeyModel, KeyAddress, UseApp, OtherWay, App, AppLead          string
	PictureAlt, TypedLead, Codes, CodesLead, CodesAsk, CodesMake, Print              string
	ProvePasskey, ProveNoPasskey                                                     string
	GoOn, Back, Prove, ProveLead                                                     string
	Vouch, VouchLead, VouchLogin, VouchButton, Vouched, VouchedLead, Pass            string
	PassLead, VouchNobody, VouchSelf, VouchTwice, VouchAdministrator, VouchAssurance string
}

func english() texts {
	return texts{
		SignIn: "Sign in", SetUp: "Set Bulwark up", Invited: "Welcome to Bulwark", Reset: "Choose a new password",
		LinkGone:     "This link is not good any more",
		SignInLead:   "With your login and password.",
		SetUpLead:    "You are the first administrator. You will invite the others.",
		InvitedLead:  "Your login is %s. Choose your password.",
		ResetLead:    "Your login is %s. Your former password does not work any more.",
		MessageTitle: "Your code", MessageText: "%s: %s is the code of a sign-in from %s. It is good for five minutes. Nobody will ever ask you for it.", MessageLead: "A code can be sent to %s. A passkey is safer: add one in the settings.", MessageSend: "Send the code", MessageSent: "The code went to %s. It is good for five minutes.", MessageAgain: "Send another", MessageFailed: "The code could not be sent. Try again in a moment, or ask an administrator.", TicketWith: "Sign in with the session of this workstation", TicketNone: "This browser showed no ticket of the hospital's domain. Sign in with a passkey or your password.",
		TicketRefused:  "The ticket of this workstation is not good for this. Lock and unlock the workstation, or sign in with a passkey or your password.",
		TicketStranger: "Nobody here belongs to the session of this workstation, or they may not sign in. Ask an administrator.", TicketAway: "The hospital's directory does not answer. Sign in with a passkey.", BackLead: "You come back from there. One moment.",
		SignInWith: "Sign in with %s", ProviderAway: "%s does not answer. Sign in with a passkey or your password.",
		ProviderDenied: "%s let you not in.", ProviderRefused: "What came back from %s is not to be believed. Try again; tell an administrator if it goes on.",
		ProviderStranger: "Nobody here is joined to your account at %s. Sign in another way and join it under Settings, or ask an administrator.",
		ProviderJoined:   "That account at %s is joined to somebody else here, or you have another one there.",
		ProviderAgain:    "That took too long, or was begun in another window. Sign in with %s again.",
		PushWith:         "%s on your telephone", PushLead: "Your telephone asks you to confirm. Nothing happens for a number that nobody here has.",
		PushNumber: "RPPS number", PushHint: "The eleven digits.", PushBad: "That is not an RPPS number: eleven digits, of which the last checks the others.",
		PushShows: "Confirm %s on your telephone", PushShowsLead: "Confirm only if your telephone shows %s, too. Refuse if it shows another number.",
		PushDone: "I have confirmed", PushNotYet: "Your telephone has not answered yet. Confirm there, then go on.",
		Activity: "In which activity do you come?", ActivityLead: "It is kept with this session.", Profession: "profession %s",
		SignedOut: "You are signed out", SignedOutLead: "Here and at your provider.", LeavingLead: "You are being signed out at your provider, too.",
		Station: "Show your badge", StationLead: "This workstation is shared: your badge opens your own session, and locks it again.", StationOther: "Without a badge",
		StationNone: "This device is not enrolled as a workstation that people share.", Badge: "Badge", PIN: "PIN",
		Shift: "Begin your shift", ShiftLead: "Prove once who you are: from then on your badge is enough here.", ShiftPIN: "Your PIN, once: from then on your badge is enough here.",
		LinkGoneText: "A link works once, and for a limited time.",
		LinkGoneNext: "Ask an administrator for a new one. If nobody has set Bulwark up yet, run “bulwark setup-link” on its machine.",
		NotSetUp:     "Bulwark is not set up yet",
		NotSetUpText: "The first administrator sets it up with the link that was printed where Bulwark was started.",
		NotSetUpNext: "Lost the link, or older than a day? Run “bulwark setup-link” on the machine of Bulwark.",
		Name:         "Your name", Login: "Login", Password: "Password", Again: "Password, once more",
		LoginHint:    "2 to 64 small letters, digits and . _ - @",
		PasswordHint: "15 characters or more. Four unrelated words are strong and easy to remember; spaces are fine. A password manager is welcome.",
		Enter:        "Sign in", Create: "Create my account", Choose: "Save my password", Show: "Show", Hide: "Hide",
		Skip: "Skip to the form", OtherLanguage: "Français", Check: "Please check:",

		BadSignIn: "Login or password is not right.",
		Wait:      "Too many attempts. Wait %s seconds, then try again.",
		Busy:      "Many people are signing in. Try again in a moment.",
		BadName:   "Write your name, in 100 characters at most.", BadLogin: "This is not a login: 2 to 64 small letters, digits and . _ - @.",
		LoginTaken: "Somebody has this login. Choose another.",
		Short:      "The password is too short: 15 characters at least.", Long: "The password is too long: 128 characters at most.",
		NotText: "The password holds characters that cannot be kept.",
		Common:  "This password is easy to guess: it is made of common words or passwords. Add unrelated words.",
		Local:   "This password is easy to guess: it is made of your name, your login or the hospital's. Choose other words.",
		Pattern: "This password is easy to guess: it is made of sequences, repetitions or dates. Choose unrelated words.",
		Stolen:  "This password is in a list of passwords that were stolen somewhere and published. Choose another, and change it wherever you use it.",
		Former:  "You have had this password before. Choose a new one.",
		Differ:  "The two passwords are not the same.",

		Or: "or", UsePasskey: "Use a passkey",
		PasskeyUnknown: "This passkey opens nothing here. Use another, or your password.",
		PasskeyFailed:  "No passkey was shown. Try again, or use your password.",

		Away:    "The hospital’s directory does not answer, so passwords cannot be checked now. A passkey works.",
		Expired: "Your password has expired. Change it on a computer of the hospital, then sign in here.",

		Renew:       "Choose another password",
		RenewStolen: "Your password is in a list of passwords that were stolen somewhere and published. Choose another before you go on, and change it wherever you use it.",
		RenewAsked:  "Somebody else may know your password. Choose another before you go on.",
		RenewOld:    "Your hospital asks for a new password from time to time. Choose another before you go on.",

		Second:        "One more step",
		SecondLead:    "Type the code that your app shows, or one of your codes on paper.",
		SecondLeadKey: "Use your passkey, or one of your codes on paper.",
		Code:          "Code",
		CodeHint:      "6 digits of the app, or 16 of a code on paper",
		PaperHint:     "16 digits",
		AppHint:       "6 digits",
		Confirm:       "Confirm",
		LostAll:       "Passkey, app and paper lost? Two colleagues can vouch for you (Settings, You): the pass that you then get is typed here.",
		BadCode:       "The code is not right, or was used before. Wait for the next one.",
		Protect:       "Protect your account",
		ProtectLead:   "A password can be stolen. Add a second proof that it is you; it takes a minute. A passkey is best: your fingerprint, your face or the PIN of this device.",
		KeyLabel:      "Name of the passkey",
		KeyDefault:    "This device",
		KeyAdd:        "Add a passkey",
		KeyFailed:     "No passkey was made. Try again, or use an app.", KeyModel: "The hospital asks for another kind of passkey. Ask your administrator which, or use an app.",
		KeyAddress:         "Passkeys need the console’s name, and you came by its address. Use an app, or come back by the name.",
		UseApp:             "Use an app that shows codes",
		OtherWay:           "Use a passkey",
		App:                "An app that shows codes",
		AppLead:            "Scan this picture with the app on your phone (FreeOTP, Aegis, Google Authenticator…), then type the code that it shows.",
		PictureAlt:         "QR code for the app",
		TypedLead:          "Cannot scan? Type this key into the app:",
		Codes:              "Your codes on paper",
		CodesLead:          "Print them or write them down, and keep them away from your computer. Each works once, in the place of your passkey or app. They are not shown again.",
		CodesAsk:           "Ten codes to sign in with when your passkey or app is not at hand. Earlier ones stop working.",
		CodesMake:          "Show new codes",
		Print:              "Print",
		GoOn:               "I have kept them: go on",
		Back:               "Back",
		Prove:              "Is it still you?",
		ProveLead:          "What comes next asks for a fresh proof.",
		ProvePasskey:       "From where you are, this opens with a passkey and nothing less: a code could have been taken from you.",
		ProveNoPasskey:     "From where you are, this opens with a passkey, and you have none yet. Add one inside the hospital (Settings, You), or ask the help desk or an administrator for a link with which you sign in anew.",
		Vouch:              "Vouch for a colleague",
		VouchLead:          "Somebody lost passkey, app and paper. Two colleagues who recognise them, face to face or by calling back a number that the hospital knows, vouch within an hour; one of the two is an administrator. They then get a pass.",
		VouchLogin:         "Login of your colleague",
		VouchButton:        "I recognise them",
		Vouched:            "One more colleague",
		VouchedLead:        "That is noted. Somebody else must vouch within an hour, on the same page.",
		Pass:               "A pass, for one hour",
		PassLead:           "Read it to your colleague now: it is not shown again. After the password it is typed in the place of a code, once, and a new passkey or app is added. What was lost opens nothing any more then.",
		VouchNobody:        "Nobody who may sign in has this login.",
		VouchSelf:          "Others must vouch for you.",
		VouchTwice:         "You have vouched already. Somebody else must, too.",
		VouchAdministrator: "One of the two must be an administrator.",
		VouchAssurance:     "You signed in with a password alone. Add a second factor first.",
	}
}

func french() texts {
	return texts{
		SignIn: "Connexion", SetUp: "Mettre Bulwark en service", Invited: "Bienvenue dans Bulwark", Reset: "Choisir un nouveau mot de passe",
		LinkGone:     "Ce lien n’est plus valable",
		SignInLead:   "Avec votre identifiant et votre mot de passe.",
		SetUpLead:    "Vous êtes le premier administrateur. Vous inviterez les autres.",
		InvitedLead:  "Votre identifiant est %s. Choisissez votre mot de passe.",
		ResetLead:    "Votre identifiant est %s. Votre ancien mot de passe ne fonctionne plus.",
		MessageTitle: "Votre code", MessageText: "%s : %s est le code d’une connexion depuis %s. Il est valable cinq minutes. Personne ne vous le demandera jamais.", MessageLead: "Un code peut être envoyé à %s. Une clé d’accès est plus sûre : ajoutez-en une dans les réglages.", MessageSend: "Envoyer le code", MessageSent: "Le code est parti à %s. Il est valable cinq minutes.", MessageAgain: "En envoyer un autre", MessageFailed: "Le code n’a pas pu être envoyé. Réessayez dans un instant, ou adressez-vous à un administrateur.", TicketWith: "Se connecter avec la session de ce poste", TicketNone: "Ce navigateur n’a présenté aucun ticket du domaine de l’établissement. Connectez-vous avec une clé d’accès ou votre mot de passe.",
		TicketRefused:  "Le ticket de ce poste ne convient pas. Verrouillez puis déverrouillez le poste, ou connectez-vous avec une clé d’accès ou votre mot de passe.",
		TicketStranger: "La session de ce poste ne correspond à personne ici, ou à quelqu’un qui ne peut pas se connecter. Adressez-vous à un administrateur.", TicketAway: "L’annuaire de l’établissement ne répond pas. Connectez-vous avec une clé d’accès.", BackLead: "Vous en revenez. Un instant.",
		SignInWith: "Se connecter avec %s", ProviderAway: "%s ne répond pas. Connectez-vous avec une clé d’accès ou votre mot de passe.",
		ProviderDenied: "%s ne vous a pas laissé entrer.", ProviderRefused: "La réponse de %s n’est pas digne de foi. Réessayez ; prévenez un administrateur si cela continue.",
		ProviderStranger: "Personne ici n’est lié à votre compte %s. Connectez-vous autrement et liez-le dans les réglages, ou demandez à un administrateur.",
		ProviderJoined:   "Ce compte %s est lié à une autre personne ici, ou vous en avez un autre.",
		ProviderAgain:    "C’était trop long, ou commencé dans une autre fenêtre. Connectez-vous de nouveau avec %s.",
		PushWith:         "%s sur votre téléphone", PushLead: "Votre téléphone vous demande de confirmer. Rien ne se passe pour un numéro que personne n’a ici.",
		PushNumber: "Numéro RPPS", PushHint: "Les onze chiffres.", PushBad: "Ce n’est pas un numéro RPPS : onze chiffres, dont le dernier vérifie les autres.",
		PushShows: "Confirmez %s sur votre téléphone", PushShowsLead: "Ne confirmez que si votre téléphone affiche aussi %s. Refusez s’il affiche un autre nombre.",
		PushDone: "J’ai confirmé", PushNotYet: "Votre téléphone n’a pas encore répondu. Confirmez-y, puis continuez.",
		Activity: "Dans quelle activité venez-vous ?", ActivityLead: "Elle est gardée avec cette session.", Profession: "profession %s",
		SignedOut: "Vous êtes déconnecté", SignedOutLead: "Ici et chez votre fournisseur.", LeavingLead: "Vous allez aussi être déconnecté chez votre fournisseur.",
		Station: "Présentez votre badge", StationLead: "Ce poste est partagé : votre badge ouvre votre propre session, et la verrouille.", StationOther: "Sans badge",
		StationNone: "Cet appareil n’est pas inscrit comme poste partagé.", Badge: "Badge", PIN: "Code PIN",
		Shift: "Commencez votre service", ShiftLead: "Prouvez une fois qui vous êtes : ensuite votre badge suffit ici.", ShiftPIN: "Votre code PIN, une fois : ensuite votre badge suffit ici.",
		LinkGoneText: "Un lien ne sert qu’une fois, et pour un temps limité.",
		LinkGoneNext: "Demandez-en un autre à un administrateur. Si personne n’a encore mis Bulwark en service, lancez « bulwark setup-link » sur sa machine.",
		NotSetUp:     "Bulwark n’est pas encore en service",
		NotSetUpText: "Le premier administrateur le met en service avec le lien affiché là où Bulwark a été lancé.",
		NotSetUpNext: "Lien perdu, ou de plus d’un jour ? Lancez « bulwark setup-link » sur la machine de Bulwark.",
		Name:         "Votre nom", Login: "Identifiant", Password: "Mot de passe", Again: "Mot de passe, encore une fois",
		LoginHint:    "2 à 64 lettres minuscules, chiffres et . _ - @",
		PasswordHint: "15 caractères ou plus. Quatre mots sans rapport sont solides et faciles à retenir ; les espaces sont permis. Un gestionnaire de mots de passe est bienvenu.",
		Enter:        "Se connecter", Create: "Créer mon compte", Choose: "Enregistrer mon mot de passe", Show: "Afficher", Hide: "Masquer",
		Skip: "Aller au formulaire", OtherLanguage: "English", Check: "À vérifier :",

		BadSignIn: "L’identifiant ou le mot de passe n’est pas le bon.",
		Wait:      "Trop d’essais. Attendez %s secondes, puis réessayez.",
		Busy:      "Beaucoup de personnes se connectent. Réessayez dans un instant.",
		BadName:   "Écrivez votre nom, en 100 caractères au plus.", BadLogin: "Ce n’est pas un identifiant : 2 à 64 lettres minuscules, chiffres et . _ - @.",
		LoginTaken: "Quelqu’un a déjà cet identifiant. Choisissez-en un autre.",
		Short:      "Le mot de passe est trop court : 15 caractères au moins.", Long: "Le mot de passe est trop long : 128 caractères au plus.",
		NotText: "Le mot de passe contient des caractères qui ne peuvent pas être gardés.",
		Common:  "Ce mot de passe est facile à deviner : il est fait de mots ou de mots de passe courants. Ajoutez des mots sans rapport.",
		Local:   "Ce mot de passe est facile à deviner : il est fait de votre nom, de votre identifiant ou de ceux de l’établissement. Choisissez d’autres mots.",
		Pattern: "Ce mot de passe est facile à deviner : il est fait de suites, de répétitions ou de dates. Choisissez des mots sans rapport.",
		Stolen:  "Ce mot de passe figure dans une liste de mots de passe volés et publiés. Choisissez-en un autre, et changez-le partout où il sert.",
		Former:  "Vous avez déjà eu ce mot de passe. Choisissez-en un nouveau.",
		Differ:  "Les deux mots de passe ne sont pas les mêmes.",

		Or: "ou", UsePasskey: "Utiliser une clé d’accès",
		PasskeyUnknown: "Cette clé d’accès n’ouvre rien ici. Utilisez-en une autre, ou votre mot de passe.",
		PasskeyFailed:  "Aucune clé d’accès n’a été présentée. Réessayez, ou utilisez votre mot de passe.",

		Away:    "L’annuaire de l’hôpital ne répond pas : les mots de passe ne peuvent pas être vérifiés maintenant. Une clé d’accès fonctionne.",
		Expired: "Votre mot de passe a expiré. Changez-le sur un poste de l’hôpital, puis connectez-vous ici.",

		Renew:       "Choisissez un autre mot de passe",
		RenewStolen: "Votre mot de passe figure dans une liste de mots de passe volés et publiés. Choisissez-en un autre avant de continuer, et changez-le partout où vous l’utilisez.",
		RenewAsked:  "Quelqu’un d’autre connaît peut-être votre mot de passe. Choisissez-en un autre avant de continuer.",
		RenewOld:    "Votre hôpital demande de changer de mot de passe de temps en temps. Choisissez-en un autre avant de continuer.",

		Second:        "Encore une étape",
		SecondLead:    "Tapez le code affiché par votre application, ou l’un de vos codes sur papier.",
		SecondLeadKey: "Utilisez votre clé d’accès, ou l’un de vos codes sur papier.",
		Code:          "Code",
		CodeHint:      "6 chiffres de l’application, ou les 16 d’un code sur papier",
		PaperHint:     "16 chiffres",
		AppHint:       "6 chiffres",
		Confirm:       "Confirmer",
		LostAll:       "Clé d’accès, application et papier perdus ? Deux collègues peuvent se porter garants de vous (Réglages, Vous) : tapez ici le laissez-passer que vous recevrez.",
		BadCode:       "Le code n’est pas le bon, ou a déjà servi. Attendez le suivant.",
		Protect:       "Protégez votre compte",
		ProtectLead:   "Un mot de passe peut être volé. Ajoutez une seconde preuve que c’est vous ; cela prend une minute. Le mieux est une clé d’accès : votre empreinte, votre visage ou le code PIN de cet appareil.",
		KeyLabel:      "Nom de la clé d’accès",
		KeyDefault:    "Cet appareil",
		KeyAdd:        "Ajouter une clé d’accès",
		KeyFailed:     "Aucune clé d’accès n’a été créée. Réessayez, ou utilisez une application.", KeyModel: "L’établissement demande un autre type de clé d’accès. Demandez lequel à votre administrateur, ou utilisez une application.",
		KeyAddress:         "Les clés d’accès demandent le nom de la console, et vous êtes venu par son adresse. Utilisez une application, ou revenez par le nom.",
		UseApp:             "Utiliser une application qui affiche des codes",
		OtherWay:           "Utiliser une clé d’accès",
		App:                "Une application qui affiche des codes",
		AppLead:            "Scannez cette image avec l’application de votre téléphone (FreeOTP, Aegis, Google Authenticator…), puis tapez le code qu’elle affiche.",
		PictureAlt:         "Code QR pour l’application",
		TypedLead:          "Impossible de scanner ? Tapez cette clé dans l’application :",
		Codes:              "Vos codes sur papier",
		CodesLead:          "Imprimez-les ou notez-les, et gardez-les loin de votre ordinateur. Chacun sert une fois, à la place de votre clé d’accès ou de votre application. Ils ne seront plus affichés.",
		CodesAsk:           "Dix codes pour vous connecter sans votre clé d’accès ni votre application. Les précédents ne fonctionneront plus.",
		CodesMake:          "Afficher de nouveaux codes",
		Print:              "Imprimer",
		GoOn:               "Je les ai gardés : continuer",
		Back:               "Retour",
		Prove:              "C’est toujours vous ?",
		ProveLead:          "La suite demande une preuve récente.",
		ProvePasskey:       "D’où vous êtes, ceci s’ouvre avec une clé d’accès et rien de moins : un code a pu vous être soutiré.",
		ProveNoPasskey:     "D’où vous êtes, ceci s’ouvre avec une clé d’accès, et vous n’en avez pas encore. Ajoutez-en une dans l’établissement (Réglages, Vous), ou demandez au support ou à un administrateur un lien pour vous connecter à nouveau.",
		Vouch:              "Se porter garant d’un collègue",
		VouchLead:          "Quelqu’un a perdu clé d’accès, application et papier. Deux collègues qui le reconnaissent, en face ou en rappelant un numéro connu de l’établissement, se portent garants en moins d’une heure ; l’un des deux est administrateur. Un laissez-passer est alors donné.",
		VouchLogin:         "Identifiant de votre collègue",
		VouchButton:        "Je le reconnais",
		Vouched:            "Encore un collègue",
		VouchedLead:        "C’est noté. Une autre personne doit se porter garante en moins d’une heure, sur la même page.",
		Pass:               "Un laissez-passer, pour une heure",
		PassLead:           "Lisez-le maintenant à votre collègue : il ne sera plus affiché. Après le mot de passe, il se tape à la place d’un code, une seule fois, et une nouvelle clé d’accès ou application est ajoutée. Ce qui a été perdu n’ouvre alors plus rien.",
		VouchNobody:        "Personne qui puisse se connecter n’a cet identifiant.",
		VouchSelf:          "D’autres doivent se porter garants de vous.",
		VouchTwice:         "Vous vous êtes déjà porté garant. Une autre personne doit le faire aussi.",
		VouchAdministrator: "L’un des deux doit être administrateur.",
		VouchAssurance:     "Vous vous êtes connecté avec un mot de passe seul. Ajoutez d’abord un second facteur.",
	}
}

const (
	fr = "fr"
	en = "en"
	// languageCookie keeps the language that somebody chose.
	languageCookie = "__Host-bulwark-lang"
)

// language is the language to answer r in: the one asked for in the address, then the one chosen before, then what
// the browser prefers.
func language(r *http.Request) string {
	if l := r.URL.Query().Get("lang"); l == fr || l == en {
		return l
	}
	if c, err := r.Cookie(languageCookie); err == nil && (c.Value == fr || c.Value == en) {
		return c.Value
	}
	return preferred(r.Header.Get("Accept-Language"))
}

// preferred reads Accept-Language (RFC 9110 §12.5.4); English where it names neither language.
func preferred(header string) string {
	type choice struct {
		language string
		weight   float64
	}
	var choices []choice
	for part := range strings.SplitSeq(header, ",") {
		tag, parameter, _ := strings.Cut(part, ";")
		primary, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
		weight := 1.0
		if q, ok := strings.CutPrefix(strings.TrimSpace(parameter), "q="); ok {
			w, err := strconv.ParseFloat(q, 64)
			if err != nil {
				continue
			}
			weight = w
		}
		if (primary == fr || primary == en) && weight > 0 && len(choices) < 20 {
			choices = append(choices, choice{primary, weight})
		}
	}
	if len(choices) == 0 {
		return en
	}
	slices.SortStableFunc(choices, func(a, b choice) int { return cmp.Compare(b.weight, a.weight) })
	return choices[0].language
}
