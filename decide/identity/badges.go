package identity

import (
	"context"
	"net/http"
	"time"

	"github.com/uptrace/bun"

	"bulwark/platform/web"
)

// Whoever runs the console looks after the badges of others: gives one, takes a lost one away, has its PIN chosen anew, and ends a wait after wrong ones.

// badgeAnswer is somebody's badge and PIN.
type badgeAnswer struct {
	Badge *time.Time `json:"badge,omitempty"` // since when
	PIN   *time.Time `json:"pin,omitempty"`
	// PINRenew says that the PIN opens nothing until another is chosen.
	PINRenew bool `json:"pin_renew"`
	// PINWait is for how many seconds it is not taken, after wrong ones.
	PINWait int `json:"pin_wait"`
	// PINCounts tells whether a PIN is of any use here.
	PINCounts bool `json:"pin_counts"`
	// Stations tells whether there are shared workstations.
	Stations bool `json:"stations"`
}

// badgeAndPIN is how somebody stands at shared workstations.
func (i *Identity) badgeAndPIN(ctx context.Context, person string) (badgeAnswer, error) {
	var rows []*factorRow
	err := i.db.Read().NewSelect().Model(&rows).Where("person = ? AND kind IN ('badge', 'pin')", person).Scan(ctx)
	a := badgeAnswer{PINCounts: i.config.Station.PIN, PINWait: int((i.codes.Wait(pinKey(person)) + time.Second - 1) / time.Second)}
	if err == nil {
		a.Stations, err = i.db.Read().NewSelect().Model((*deviceRow)(nil)).Where("kind = ? AND revoked IS NULL", shared).Exists(ctx)
	}
	for _, f := range rows {
		if f.Kind == badgeFactor {
			a.Badge = &f.Created
		} else {
			a.PIN, a.PINRenew = &f.Created, f.Renew != ""
		}
	}
	return a, err
}

// pinKey is under what wrong PINs of somebody are counted.
func pinKey(person string) string { return "pin:" + person }

// renewPIN has a PIN open nothing until its person has chosen another, and ends what it began.
func (i *Identity) renewPIN(ctx context.Context, by, person string) error {
	return i.change(ctx, person, act{by: by, name: "renew-pin"}, func(ctx context.Context, tx bun.Tx, p *personRow) error {
		r, err := tx.NewUpdate().Model((*factorRow)(nil)).Set("renew = ?", renewAsked).Where("person = ? AND kind = ?", p.ID, pinFactor).Exec(ctx)
		if err := changedOne(r, err, ErrPIN); err != nil {
			return err
		}
		return endShifts(ctx, tx, p.ID)
	})
}

// unlockPIN ends the wait after wrong PINs.
func (i *Identity) unlockPIN(ctx context.Context, by, person string) error {
	err := i.change(ctx, person, act{by: by, name: "unlock-pin"}, func(context.Context, bun.Tx, *personRow) error { return nil })
	if err == nil {
		i.codes.Succeeded(pinKey(person))
	}
	return err
}

// ofOther is a change of what somebody else has, on a fresh proof.
func (i *Identity) ofOther(change func(ctx context.Context, by, person string) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := i.proved(me(r))
		if err == nil {
			err = change(r.Context(), me(r).Actor(), r.PathValue("id"))
		}
		i.done(w, r, err)
	}
}

func (i *Identity) getBadge(w http.ResponseWriter, r *http.Request) {
	a, err := i.badgeAndPIN(r.Context(), me(r).ID)
	if err != nil {
		i.fail(w, r, err)
		return
	}
	web.JSON(w, http.StatusOK, a)
}
