package notify

import (
	"errors"
	"fmt"
	"slices"
	"time"
	_ "time/tzdata" // zones of rotas, on machines that do not have them
)

// Rota says who is on call: people take turns, by the hour of a place, and swap.
type Rota struct {
	Name string `json:"name"`
	// Turns are ids of contacts, in their order; the list begins again at its end.
	Turns []string `json:"turns"`
	// Days is how long a turn is, from 1 to 28.
	Days int `json:"days"`
	// Start is the day on which the first turn began: 2026-11-23.
	Start string `json:"start"`
	// At is the hour at which turns change: 08:00.
	At string `json:"at"`
	// Zone is the place by whose clock: Europe/Paris. Summer time moves no turn.
	Zone string `json:"zone"`
	// Hours are when the rota is open at all; nil: always.
	Hours *Hours `json:"hours,omitempty"`
	// Swaps are exceptions. Of two that overlap, the later one in the list counts.
	Swaps []Swap `json:"swaps,omitempty"`
}

// Hours are those of some days of a week.
type Hours struct {
	Days []time.Weekday `json:"days"` // 0 is Sunday
	From string         `json:"from"` // 08:00
	To   string         `json:"to"`   // 18:00; before From: of the next day
}

// Swap puts somebody on call for a while.
type Swap struct {
	Contact string    `json:"contact"`
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
}

// Bounds of a rota.
const (
	mostTurns = 100
	mostSwaps = 500
)

// ErrAsk means that what was asked for cannot be.
var ErrAsk = errors.New("notify: bad request")

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrAsk, fmt.Errorf(format, args...))
}

// check refuses a rota that nobody can read.
func (r *Rota) check() error {
	if !channelName.MatchString(r.Name) {
		return refuse("the name %q is not a word of small letters, digits and hyphens", r.Name)
	}
	if len(r.Turns) == 0 || len(r.Turns) > mostTurns {
		return refuse("%d turns are not between 1 and %d", len(r.Turns), mostTurns)
	}
	if r.Days < 1 || r.Days > 28 {
		return refuse("a turn of %d days is not between 1 and 28", r.Days)
	}
	if len(r.Swaps) > mostSwaps {
		return refuse("more than %d swaps", mostSwaps)
	}
	for _, s := range r.Swaps {
		if !s.From.Before(s.To) {
			return refuse("a swap ends before it begins")
		}
	}
	if _, err := r.begin(); err != nil {
		return err
	}
	return r.Hours.check()
}

func (h *Hours) check() error {
	if h == nil {
		return nil
	}
	for _, text := range []string{h.From, h.To} {
		if _, err := clockOf(text); err != nil {
			return err
		}
	}
	for _, d := range h.Days {
		if d < time.Sunday || d > time.Saturday {
			return refuse("%d is no day of the week", d)
		}
	}
	return nil
}

// clockOf reads an hour, as the time since midnight.
func clockOf(text string) (time.Duration, error) {
	t, err := time.Parse("15:04", text)
	if err != nil {
		return 0, refuse("%q is not an hour like 08:00", text)
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, nil
}

// begin is when the first turn began, by the clock of the place.
func (r *Rota) begin() (time.Time, error) {
	zone, err := time.LoadLocation(r.Zone)
	if err != nil || r.Zone == "" {
		return time.Time{}, refuse("the zone %q is not known; one is Europe/Paris", r.Zone)
	}
	at, err := clockOf(r.At)
	if err != nil {
		return time.Time{}, err
	}
	day, err := time.ParseInLocation(time.DateOnly, r.Start, zone)
	if err != nil {
		return time.Time{}, refuse("the start %q is not a day like 2026-11-23", r.Start)
	}
	return onDay(day, 0, at), nil
}

// onDay is an hour some days after day, by the clock of its place: the same hour in summer and in winter.
func onDay(day time.Time, days int, at time.Duration) time.Time {
	y, m, d := day.Date()
	return time.Date(y, m, d+days, int(at.Hours()), int(at.Minutes())%60, 0, 0, day.Location())
}

// OnCall is who is on call at a time; empty: nobody.
func (r *Rota) OnCall(now time.Time) string {
	for _, s := range slices.Backward(r.Swaps) {
		if !now.Before(s.From) && now.Before(s.To) {
			return s.Contact
		}
	}
	begin, err := r.begin()
	if err != nil || now.Before(begin) || len(r.Turns) == 0 || !r.Hours.open(now.In(begin.Location())) {
		return ""
	}
	at := time.Duration(begin.Hour())*time.Hour + time.Duration(begin.Minute())*time.Minute
	days := int(now.Sub(begin).Hours()/24) + 1 // at most one too many, where a day has 23 hours or the hour is earlier
	for days > 0 && now.Before(onDay(begin, days, at)) {
		days--
	}
	return r.Turns[days/r.Days%len(r.Turns)]
}

// open reports whether the rota is, at a time of its place.
func (h *Hours) open(now time.Time) bool {
	if h == nil {
		return true
	}
	from, err := clockOf(h.From)
	to, err2 := clockOf(h.To)
	if err != nil || err2 != nil {
		return false
	}
	at := time.Duration(now.Hour())*time.Hour + time.Duration(now.Minute())*time.Minute
	today, before := slices.Contains(h.Days, now.Weekday()), slices.Contains(h.Days, (now.Weekday()+6)%7)
	if from < to {
		return today && at >= from && at < to
	}
	return today && at >= from || before && at < to
}
