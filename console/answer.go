package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"bulwark/platform/store"
	"bulwark/platform/web"
)

// refusal is the body of a refusal: the code of [web.Problem], and a sentence in the language of whoever asks.
type refusal struct {
	Code    string `json:"error"`
	Message string `json:"message,omitempty"`
	// Position is the byte of the search text at which it stops making sense, from 0.
	Position *int   `json:"position,omitempty"`
	Request  string `json:"request_id,omitempty"`
}

// errAsked means that the question itself is wrong; its text is a key of words.
var errAsked = errors.New("console: bad question")

func asked(key string) error { return fmt.Errorf("%w: %w", errAsked, wordKey(key)) }

// wordKey is the key of a sentence in [sentences].
type wordKey string

func (k wordKey) Error() string { return string(k) }

// refuse answers a question that could not be answered.
func refuse(w http.ResponseWriter, r *http.Request, err error) {
	status, body := refusalOf(err, french(r))
	body.Request = web.RequestID(r.Context())
	web.JSON(w, status, body)
}

func refusalOf(err error, fr bool) (int, refusal) {
	var syntax *store.SyntaxError
	var key wordKey
	switch {
	case errors.As(err, &syntax):
		return http.StatusBadRequest, refusal{Code: "bad-query", Message: syntaxSentence(syntax, fr), Position: &syntax.At}
	case errors.Is(err, ErrFilter):
		return http.StatusBadRequest, refusal{Code: "bad-filter", Message: sentence("bad-filter", fr)}
	case errors.Is(err, errMissing) && errors.As(err, &key):
		return http.StatusNotFound, refusal{Code: string(key), Message: sentence(string(key), fr)}
	case errors.As(err, &key):
		return http.StatusBadRequest, refusal{Code: string(key), Message: sentence(string(key), fr)}
	case errors.Is(err, store.ErrQuery):
		return http.StatusBadRequest, refusal{Code: "bad-query", Message: sentence("bad-query", fr)}
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable, refusal{Code: "too-slow", Message: sentence("too-slow", fr)}
	}
	return http.StatusInternalServerError, refusal{Code: "internal", Message: sentence("internal", fr)}
}

func web404(w http.ResponseWriter, r *http.Request) {
	web.JSON(w, http.StatusNotFound, refusal{Code: "not-found", Message: sentence("not-found", french(r))})
}

// french tells whether whoever asks reads French rather than English: the first of the two that the browser names.
func french(r *http.Request) bool {
	accepted := strings.ToLower(r.Header.Get("Accept-Language"))
	fr, en := strings.Index(accepted, "fr"), strings.Index(accepted, "en")
	return fr >= 0 && (en < 0 || fr < en)
}

// sentence is what a person reads for a code.
func sentence(key string, fr bool) string {
	s := sentences()[key]
	if fr {
		return s[1]
	}
	return s[0]
}

// sentences are the console's own, in English and French. The front end has the rest.
func sentences() map[string][2]string {
	return map[string][2]string{
		"bad-query": {"The search cannot be understood.", "La recherche n’est pas comprise."},
		"bad-time": {"A time is not of the form 2026-03-04T12:00:00Z, or the end does not come after the beginning.",
			"Une date n’est pas de la forme 2026-03-04T12:00:00Z, ou la fin ne vient pas après le début."},
		"bad-number": {"A number is missing or out of its bounds.", "Un nombre manque ou sort de ses limites."},
		"bad-field":  {"There is no such attribute.", "Cet attribut n’existe pas."},
		"bad-format": {"The format is csv or json.", "Le format est csv ou json."},
		"too-slow": {"The answer takes longer than 20 seconds. Narrow the time range or the search.",
			"La réponse demande plus de 20 secondes. Réduisez la période ou la recherche."},
		"too-many-streams": {"Too many pages are open on this node. Close some.",
			"Trop de pages sont ouvertes sur ce nœud. Fermez-en."},
		"no-ring": {"This node keeps no packets.", "Ce nœud ne conserve pas de paquets."},
		"no-packets": {"No such packet is kept any more, or none was kept.",
			"Aucun de ces paquets n’est encore conservé, ou aucun ne l’a été."},
		"no-reason": {"Say why it is opened: that is written to the ledger.",
			"Dites pourquoi vous l’ouvrez : c’est inscrit au registre."},
		"no-files": {"This node keeps no copies of files.", "Ce nœud ne conserve pas de copies de fichiers."},
		"no-file": {"No copy of this file is kept any more, or none was kept on this node.",
			"Aucune copie de ce fichier n’est encore conservée, ou aucune ne l’a été sur ce nœud."},
		"bad-digest":  {"This is not the SHA-256 of a file.", "Ce n’est pas le SHA-256 d’un fichier."},
		"bad-filter":  {"The filter is none that tcpdump would take.", "Le filtre n’en est pas un pour tcpdump."},
		"bad-packets": {"Name a flow, an address or a filter.", "Indiquez un flux, une adresse ou un filtre."},
		"internal":    {"The node met an error of its own. Its log tells more.", "Le nœud a rencontré une erreur. Son journal en dit plus."},
		"not-found":   {"There is nothing here.", "Il n’y a rien ici."},
	}
}

// syntaxSentence says where a search stops making sense and what could stand there.
func syntaxSentence(e *store.SyntaxError, fr bool) string {
	switch {
	case fr && e.Found == "":
		return fmt.Sprintf("La recherche s’arrête trop tôt ; attendu : %s.", expectedFR(e.Expected))
	case fr:
		return fmt.Sprintf("« %s » n’est pas compris ; attendu : %s.", e.Found, expectedFR(e.Expected))
	case e.Found == "":
		return fmt.Sprintf("The search ends too early; expected %s.", e.Expected)
	}
	return fmt.Sprintf("“%s” is not understood; expected %s.", e.Found, e.Expected)
}

// expectedFR says in French what [store.SyntaxError] says that it expected.
func expectedFR(expected string) string {
	return strings.NewReplacer(
		"a known name such as", "un nom connu comme",
		"a word or name:value", "un mot ou nom:valeur",
		"and, or, or a term", "and, or ou un terme",
		"a value; put it in double quotes when it has spaces, parentheses or |", "une valeur, entre guillemets droits si elle a des espaces, des parenthèses ou |",
		"a value that ", "une valeur que ", " can have", " peut avoir", " or ", " ou ",
		"a value", "une valeur",
		"a closing \"", "un \" fermant",
		") for the ( at character", ") pour la ( au caractère",
		"a regular expression (RE2)", "une expression régulière (RE2)",
		"a number, or a range as", "un nombre, ou un intervalle comme",
		"a number after", "un nombre après", "with a unit where it has one", "avec son unité s’il en a une",
		"at most", "au plus", "nested parentheses", "parenthèses imbriquées", "terms", "termes",
	).Replace(expected)
}
