package logs

import (
	"cmp"
	"time"

	"bulwark/platform/health"
)

// Warnables are the warnings of the room.
func Warnables() []*health.Warnable { return []*health.Warnable{&silent, &staleList} }

var silent = health.Warnable{
	ID: "logs.silent", Severity: health.Degraded, Per: "source",
	Title: health.Text{EN: "{name} sends no logs", FR: "{name} n'envoie plus de journaux"},
	Text: health.Text{EN: "Nothing has come since {since}. After {allowed} of silence that is unusual.",
		FR: "Rien n'est arrivé depuis {since}. Après {allowed} de silence, c'est inhabituel."},
	NextStep: health.Text{EN: "See whether the machine runs and still sends; where it was switched off for good, mute the source on the page Sources.",
		FR: "Vérifiez que la machine fonctionne et envoie toujours ; si elle est arrêtée pour de bon, mettez la source en sourdine dans la page Sources."},
}

// allowed is the silence of a source after which somebody is warned; 0: nobody is.
func (s *source) allowed(now time.Time) time.Duration {
	if s.words.Muted || s.key.Host == others {
		return 0
	}
	return cmp.Or(s.words.Expected, s.rhythm.usual(now.Sub(s.first)))
}

// miss warns of sources that are silent for longer than usual, and no longer of others. The time in which this program did not run does not count.
func (t *Sources) miss(tracker *health.Tracker) {
	now := t.clock.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.byID {
		heard := s.last
		if heard.Before(t.started) {
			heard = t.started
		}
		allowed := s.allowed(now)
		is := allowed > 0 && !s.last.IsZero() && now.Sub(heard) > allowed
		if is {
			tracker.Set(&silent, health.Args{"source": s.ID, "name": s.called(), "since": s.last.Local().Format(time.DateTime),
				"allowed": allowed.String()})
		} else if s.silent {
			tracker.Clear(&silent, s.ID)
		}
		s.silent = is
	}
}

// called is what a source is called before people.
func (s *source) called() string {
	return cmp.Or(s.words.Name, s.key.Host, s.key.Sender, s.key.Stream, s.key.Intake)
}
