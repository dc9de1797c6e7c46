package notify

import (
	"fmt"
	"strings"
	"time"

	"bulwark/event"
)

// Publishes are the kinds of events that the room puts on the bus: none.
func Publishes() []event.Kind { return nil }

// Reads are the kinds that it takes from the bus.
func Reads() []event.Kind { return []event.Kind{event.KindIncident, event.KindContainment} }

// happening is what an event says that people may have to be told of.
func happening(e *event.Event) (Happening, bool) {
	at := time.Unix(0, e.Time)
	switch p := e.Payload.(type) {
	case *event.Incident:
		return ofIncident(p, at), true
	case *event.Containment:
		return ofContainment(p, at)
	}
	return Happening{}, false
}

// ofIncident tells of an incident while it is open. Strings of events last as long as their batch.
func ofIncident(p *event.Incident, at time.Time) Happening {
	title := strings.Clone(p.Title)
	many := fmt.Sprint(p.Findings)
	return Happening{About: "incident:" + strings.Clone(p.UID), Kind: "incident", Severity: strings.Clone(p.Severity), Over: p.Status == "closed", At: at,
		Path: "/incidents/" + strings.Clone(p.UID), Title: Text{EN: title, FR: title}, Text: Text{EN: "Findings in it: " + many + ".", FR: "Détections réunies : " + many + "."}}
}

// ofContainment tells of an act that waits for a yes, or that is not in force although it should be.
func ofContainment(p *event.Containment, at time.Time) (Happening, bool) {
	h := Happening{About: "containment:" + strings.Clone(p.UID), Kind: "approval", Severity: "high", At: at, Path: "/response/" + strings.Clone(p.UID)}
	what := p.Act + " " + p.Target
	if p.Scope != "" {
		what += " " + p.Scope
	}
	if p.Longer {
		h.Title = Text{EN: "Your yes is asked for, that this lasts longer: " + what, FR: "Votre accord est demandé pour prolonger : " + what}
		h.Text = Text{EN: strings.Clone(p.Reason), FR: strings.Clone(p.Reason)}
		return h, true
	}
	switch p.State {
	case "proposed":
		h.Title = Text{EN: "Your yes is asked for: " + what, FR: "Votre accord est demandé : " + what}
	case "failed":
		h.Severity = "critical"
		h.Title = Text{EN: "Not in force, although it should be: " + what, FR: "Pas en vigueur, alors que cela devrait l'être : " + what}
	case "in_force", "reverted", "expired", "refused", "shadow":
		h.Over = true
		return h, true
	default:
		return h, false
	}
	h.Text = Text{EN: strings.Clone(p.Reason), FR: strings.Clone(p.Reason)}
	if p.Problem != "" {
		h.Text = Text{EN: p.Reason + " " + p.Problem, FR: p.Reason + " " + p.Problem}
	}
	return h, true
}
