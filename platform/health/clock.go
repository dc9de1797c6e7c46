package health

import (
	"context"
	"time"

	"bulwark/platform/clock"
)

const (
	lookAtClock = 10 * time.Second
	// steady is how far the clock may be corrected at a time without a word: time servers do.
	steady = 2 * time.Second
	// remembered is how long a step stays a warning.
	remembered = time.Hour
)

// WatchClock warns for an hour when the machine's clock jumps, until ctx ends.
func WatchClock(ctx context.Context, t *Tracker) error {
	var end *time.Timer
	err := clock.Watch(ctx, lookAtClock, steady, func(step time.Duration) {
		t.Set(&clockStepped, Args{"step": step.Round(time.Second).String()})
		if end != nil {
			end.Stop()
		}
		end = time.AfterFunc(remembered, func() { t.Clear(&clockStepped, "") })
	})
	if end != nil {
		end.Stop()
	}
	return err
}

// Warnables are the warnings of this package.
func Warnables() []*Warnable { return []*Warnable{&clockStepped} }

var clockStepped = Warnable{
	ID: "clock.stepped", Severity: Degraded,
	Title: Text{EN: "The clock jumped", FR: "L'horloge a sauté"},
	Text: Text{EN: "The clock of this machine jumped by {step}. The order of the events around then is uncertain, and time limits may have ended too early or too late.",
		FR: "L'horloge de cette machine a sauté de {step}. L'ordre des événements de ce moment-là est incertain, et des délais ont pu finir trop tôt ou trop tard."},
	NextStep: Text{EN: "Check that the machine follows a time server (chronyc tracking, or timedatectl).",
		FR: "Vérifiez que la machine suit un serveur de temps (chronyc tracking, ou timedatectl)."},
}
