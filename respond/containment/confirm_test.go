package containment

import (
	"errors"
	"testing"

	"bulwark/platform/db"
	"bulwark/platform/db/dbtest"
	"bulwark/platform/ledger"
)

// unproven is a point that a person must have seen work.
type unproven struct {
	*switchboard
	proof string
}

func (u *unproven) Proof() string { return u.proof }

// A point is unproven until a person confirms it as it is, also after a restart; another proof takes that away.
func TestAPointIsConfirmed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRoom(t, d)
		u := &unproven{r.point, "fortios-ban 1"}
		r.needs.Points = []Point{u}
		expect := func(what, by string) {
			t.Helper()
			all, err := r.pointViews(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got := all[0]; got.Unproven != (by == "") || by != "" && (got.Confirmed == nil || got.Confirmed.By != by || !got.Confirmed.At.Equal(noon)) {
				t.Errorf("%s: %+v, want it confirmed by %q", what, got, by)
			}
		}
		expect("at first", "")
		for want, ask := range map[error]func() error{
			ErrWrong:   func() error { return r.Confirm(t.Context(), Asker{Actor: "person:ana"}, "switchboard", " ") },
			ErrRole:    func() error { return r.Confirm(t.Context(), Asker{Actor: ledger.Host}, "switchboard", "seen") },
			ErrNoPoint: func() error { return r.Confirm(t.Context(), Asker{Actor: "person:ana"}, "filter", "seen") },
		} {
			if err := ask(); !errors.Is(err, want) {
				t.Errorf("error %v, want %v", err, want)
			}
		}
		expect("after what cannot be asked", "")
		if err := r.Confirm(t.Context(), Asker{Actor: "person:ana"}, "switchboard", "seen at the firewall"); err != nil {
			t.Fatal(err)
		}
		expect("after a person's word", "person:ana")
		r.open(d)
		r.needs.Points = []Point{u}
		expect("after a restart", "person:ana")
		u.proof = "fortios-ban 2"
		expect("when it is told something else", "")
	})
}
