package notify

import (
	"errors"
	"testing"
	"time"
)

func paris(t *testing.T, text string) time.Time {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", text, zone)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func weekly() Rota {
	return Rota{Name: "soc", Turns: []string{"anne", "bruno", "chloe"}, Days: 7, Start: "2026-10-05", At: "08:00", Zone: "Europe/Paris"}
}

func TestWhoIsOnCall(t *testing.T) {
	office := weekly()
	office.Hours = &Hours{Days: []time.Weekday{1, 2, 3, 4, 5}, From: "08:00", To: "18:00"}
	night := weekly()
	night.Hours = &Hours{Days: []time.Weekday{5}, From: "20:00", To: "06:00"}
	swapped := weekly()
	swapped.Swaps = []Swap{{"chloe", paris(t, "2026-10-06 18:00"), paris(t, "2026-10-07 08:00")}, {"bruno", paris(t, "2026-10-06 20:00"), paris(t, "2026-10-06 22:00")}}
	for _, c := range []struct {
		what string
		rota Rota
		at   string
		want string
	}{
		{"before the first turn there is nobody", weekly(), "2026-10-05 07:59", ""},
		{"the first turn begins at its hour", weekly(), "2026-10-05 08:00", "anne"},
		{"it ends a week later at that hour", weekly(), "2026-10-12 07:59", "anne"},
		{"the second begins", weekly(), "2026-10-12 08:00", "bruno"},
		{"the list begins again", weekly(), "2026-10-26 08:00", "anne"},
		{"winter time, of the night before, moves no turn", weekly(), "2026-10-26 07:59", "chloe"},
		{"nor does summer time, half a year later", weekly(), "2027-03-29 07:59", "anne"},
		{"and the next begins at eight", weekly(), "2027-03-29 08:00", "bruno"},
		{"an office is open in its hours", office, "2026-10-07 17:59", "anne"},
		{"and closed in the evening", office, "2026-10-07 18:00", ""},
		{"and on Saturdays", office, "2026-10-10 12:00", ""},
		{"a night goes on after midnight", night, "2026-10-10 05:59", "anne"},
		{"and ends", night, "2026-10-10 06:00", ""},
		{"whoever swapped is on call", swapped, "2026-10-06 19:00", "chloe"},
		{"the later swap counts", swapped, "2026-10-06 21:00", "bruno"},
		{"a swap ends", swapped, "2026-10-07 08:00", "anne"},
	} {
		if got := c.rota.OnCall(paris(t, c.at)); got != c.want {
			t.Errorf("%s: at %s %q is on call, want %q", c.what, c.at, got, c.want)
		}
	}
}

func TestRotasThatNobodyCanReadAreRefused(t *testing.T) {
	for what, spoil := range map[string]func(*Rota){
		"a name with spaces":        func(r *Rota) { r.Name = "the SOC" },
		"nobody":                    func(r *Rota) { r.Turns = nil },
		"turns of no days":          func(r *Rota) { r.Days = 0 },
		"a place that is not known": func(r *Rota) { r.Zone = "Europe/Pariss" },
		"no place":                  func(r *Rota) { r.Zone = "" },
		"an hour that is none":      func(r *Rota) { r.At = "25:00" },
		"a day that is none":        func(r *Rota) { r.Start = "2026-02-30" },
		"a swap that ends first":    func(r *Rota) { r.Swaps = []Swap{{"anne", time.Unix(2, 0), time.Unix(1, 0)}} },
		"hours that are none":       func(r *Rota) { r.Hours = &Hours{From: "8", To: "9"} },
	} {
		r := weekly()
		spoil(&r)
		if err := r.check(); !errors.Is(err, ErrAsk) {
			t.Errorf("%s: %v, want ErrAsk", what, err)
		}
	}
	r := weekly()
	if err := r.check(); err != nil {
		t.Error(err)
	}
}
