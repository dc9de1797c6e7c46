package logs

import (
	"fmt"
	"time"

	"bulwark/observe/logs/internal/revoked"
	"bulwark/platform/health"
)

var staleList = health.Warnable{
	ID: "logs.crl", Severity: health.Degraded, Per: "file",
	Title: health.Text{EN: "The list of revoked certificates {file} is out of date", FR: "La liste de certificats révoqués {file} n’est plus à jour"},
	Text: health.Text{EN: "{why}. Who sends logs with a certificate that was taken back since is still let in.",
		FR: "{why}. Qui envoie des journaux avec un certificat révoqué depuis est encore admis."},
	NextStep: health.Text{EN: "See why it is not fetched from the authority any more, and put the new list there.",
		FR: "Voyez pourquoi elle n’est plus reprise de l’autorité, et placez-y la nouvelle liste."},
}

// revoked are the lists of a file; nil where none is named.
func (l *Logs) revoked(path string) (*revoked.Lists, error) {
	if path == "" {
		return nil, nil
	}
	for _, r := range l.lists {
		if r.Path() == path {
			return r, nil
		}
	}
	r, err := revoked.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading who was revoked: %w", err)
	}
	l.lists = append(l.lists, r)
	return r, nil
}

// renewLists reads lists of revoked certificates that were written anew, and warns of those that are out of date.
func (l *Logs) renewLists() {
	for _, r := range l.lists {
		why := ""
		switch err := r.Renew(); {
		case err != nil:
			why = err.Error()
		case !r.Until().IsZero() && l.needs.Clock.Now().After(r.Until()):
			why = "next update " + r.Until().Local().Format(time.DateTime)
		}
		if why == "" {
			l.needs.Health.Clear(&staleList, r.Path())
			continue
		}
		l.needs.Health.Set(&staleList, health.Args{"file": r.Path(), "why": why})
	}
}
