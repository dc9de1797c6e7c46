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
		t.Set(ClockStepped(), Args{"step": step.Round(time.Second).String()})
		if end != nil {
			end.Stop()
		}
		end = time.AfterFunc(remembered, func() { t.Clear(ClockStepped(), "") })
	})
	if end != nil {
		end.Stop()
	}
	return err
}

// ClockStepped is the warning of [WatchClock].
func ClockStepped() *Warnable {
	return &Warnable{
		ID: "clock.stepped", Severity: Degraded,
		Title: Text{FR: "L'horloge a sauté", EN: "The clock jumped"},
		Text: Text{FR: "L'horloge de cette machine a sauté de {step}. L'ordre des événements de ce moment-là est incertain, et des délais ont pu finir trop tôt ou trop tard.",
			EN: "The clock of this machine jumped by {step}. The order of the events around then is uncertain, and time limits may have ended too early or too late."},
		NextStep: Text{FR: "Vérifiez que la machine suit un serveur de temps (chronyc tracking, ou timedatectl).",
			EN: "Check that the machine follows a time server (chronyc tracking, or timedatectl)."},
	}
}
