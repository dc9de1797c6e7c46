package notify

import (
	"time"
)

// State is how far a notice has come.
type State string

// The states of a notice.
const (
	Telling    State = "telling"    // people are told, one after the other
	Answered   State = "answered"   // somebody acknowledged it
	Over       State = "over"       // what it is about is over
	Unanswered State = "unanswered" // everybody was told and nobody answered
	Untold     State = "untold"     // it is not grave enough to tell anybody, or there is nobody to tell
)

// Notice is what people are told of.
type Notice struct {
	ID       int64     `json:"id"`
	About    string    `json:"about"`    // incident:12, containment:7, warning:disk
	Kind     string    `json:"kind"`     // its policy: incident, approval, health or access
	Severity string    `json:"severity"` // of when it was last told
	Title    Text      `json:"title"`
	Text     Text      `json:"text"`
	Path     string    `json:"path,omitempty"` // of its page in the console
	State    State     `json:"state"`
	Made     time.Time `json:"made"`
	Step     int       `json:"step"`              // the next one, from 0
	Round    int       `json:"round"`             // from 0
	Due      time.Time `json:"due,omitzero"`      // when the next step is
	By       string    `json:"by,omitempty"`      // name of who acknowledged it
	Ended    time.Time `json:"ended,omitzero"`    // when it was acknowledged or over
	Missed   int       `json:"missed"`            // steps at which there was nobody to tell
	Held     int       `json:"held"`              // messages that were not sent, because one person was sent too many
	Sent     int       `json:"sent"`              // messages that a channel took
	Messages []Sent    `json:"messages,omitzero"` // the newest first; only of one notice
}

// Sent is what became of a message.
type Sent struct {
	Contact string    `json:"contact"`
	Channel string    `json:"channel"`
	State   string    `json:"state"` // waiting, sent, failed or dropped
	Made    time.Time `json:"made"`
	At      time.Time `json:"at,omitzero"` // when it was sent
	Tries   int       `json:"tries"`
	Error   string    `json:"error,omitempty"`
}

// Text is in both languages.
type Text struct {
	EN string `json:"en"`
	FR string `json:"fr"`
}

// in is the text in a language.
func (t Text) in(language string) string {
	if language == "fr" {
		return t.FR
	}
	return t.EN
}

// begin starts to tell of a notice by a policy. Without one, or below its severity, nobody is told.
func (n *Notice) begin(p *Policy, now time.Time) {
	n.Step, n.Round, n.State = 0, 0, Untold
	if p == nil || rank(n.Severity) < rank(p.Least) {
		return
	}
	n.State, n.Due = Telling, now.Add(minutes(p.Steps[0].Minutes))
}

// next goes on to the step after the one that was just told.
func (n *Notice) next(p *Policy, now time.Time) {
	n.Step++
	if n.Step >= len(p.Steps) {
		n.Step = 0
		n.Round++
	}
	if n.Round >= p.Rounds {
		n.State, n.Due = Unanswered, time.Time{}
		return
	}
	n.Due = now.Add(max(minutes(p.Steps[n.Step].Minutes), leastBetween))
}

// leastBetween is how long is waited at least for an answer, also where a policy has one step that begins at once.
const leastBetween = 5 * time.Minute

func minutes(n int) time.Duration { return time.Duration(n) * time.Minute }

// Happening is what another room told, in the words of this one.
type Happening struct {
	About, Kind, Severity string
	Title, Text           Text
	Path                  string
	Over                  bool      // what it is about has ended: nobody is told any more
	At                    time.Time // when it was told
}

// take changes what is told of something because of what happened. old is the newest notice of it; nil: there is none. It is the
// notice to keep, or nil where nothing is new.
func (h *Happening) take(old *Notice, p *Policy, now time.Time) *Notice {
	running := old != nil && old.State != Over
	switch {
	case h.Over && !running:
		return nil
	case h.Over:
		n := *old
		n.State, n.Ended, n.Due = Over, now, time.Time{}
		return &n
	case !running && old != nil && h.At.Before(old.Ended):
		return nil // it came a second time
	case running && rank(h.Severity) <= rank(old.Severity):
		return nil // they know, or are being told
	}
	n := &Notice{About: h.About, Kind: h.Kind, Severity: h.Severity, Title: h.Title, Text: h.Text, Path: h.Path, Made: now}
	n.begin(p, now)
	return n
}
