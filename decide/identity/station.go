package identity

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"bulwark/decide/identity/internal/password"
	"bulwark/platform/conf"
	"bulwark/platform/db"
	"bulwark/platform/ledger"
)

// Workstations of a ward, which people share. Who proves once who they are begins a shift there; until it ends a tap of their badge opens their own
// session, and the next tap locks it. The badge says who, and proves nothing: its number can be read and copied. What a tap opens is worth what the shift was
// begun with, and as old; and never fresh enough to change what one signs in with.

const (
	badgeFactor factorKind = "badge"
	pinFactor   factorKind = "pin"
)

var (
	// ErrBadge means that a number is none of a badge, or somebody else's.
	ErrBadge = errors.New("identity: not a badge, or somebody else's")
	// ErrPIN means that digits are too few, too many or too easy to guess.
	ErrPIN = errors.New("identity: not a PIN, or one that is easy to guess")
	// ErrStation means that a device is no workstation that people share.
	ErrStation = errors.New("identity: not a shared workstation")
	// errShift means that somebody must prove who they are before a tap is enough.
	errShift = errors.New("identity: no shift was begun")
)

// Station is how people use workstations that they share.
type Station struct {
	// Shift is how long a tap is enough after somebody proved who they are. 0 means 10 hours.
	Shift time.Duration `conf:"shift"`
	// Tap is after how long without one on any workstation of the place they prove it again. 0 means 4 hours.
	Tap time.Duration `conf:"tap"`
	// Lock is after how long without a touch a workstation locks. 0 means 3 minutes.
	Lock time.Duration `conf:"lock"`
	// PIN lets a badge and a PIN begin a shift, as two factors. Only where badges cannot be copied: their number alone is no second factor.
	PIN bool `conf:"pin"`
}

// Check refuses times that make no sense.
func (s *Station) Check() error {
	var bad []error
	if s.shift() > 16*time.Hour || s.Shift < 0 {
		bad = append(bad, conf.At("shift", errors.New("is not between 0 and 16 hours")))
	}
	if s.tap() > s.shift() || s.Tap < 0 {
		bad = append(bad, conf.At("tap", errors.New("is longer than a shift")))
	}
	if s.lock() < 30*time.Second || s.lock() > 30*time.Minute {
		bad = append(bad, conf.At("lock", errors.New("is not between 30 seconds and 30 minutes")))
	}
	return errors.Join(bad...)
}

func (s *Station) shift() time.Duration { return cmp.Or(s.Shift, 10*time.Hour) }
func (s *Station) tap() time.Duration   { return cmp.Or(s.Tap, 4*time.Hour) }
func (s *Station) lock() time.Duration  { return cmp.Or(s.Lock, 3*time.Minute) }

type shiftRow struct {
	bun.BaseModel `bun:"table:identity_shift,alias:h"`
	ID            string    `bun:"id,pk"`
	Person        string    `bun:"person"`
	Place         string    `bun:"place"`
	Methods       []string  `bun:"methods,type:jsonb"`
	Proved        time.Time `bun:"proved"`
	Seen          time.Time `bun:"seen"`
	Ends          time.Time `bun:"ends"`
}

// place is where a shift holds: the unit in which a shared workstation stands, or itself; "" for any other device.
func (d Device) place() string {
	switch {
	case !d.Shared:
		return ""
	case d.Unit != "":
		return "unit:" + d.Unit
	}
	return "device:" + d.ID
}

// badgeOf is the number of a badge as it is kept: letters and digits of a reader that types, without what parts them.
func badgeOf(number string) (string, error) {
	number = strings.ToUpper(strings.NewReplacer(" ", "", ":", "", "-", "", ".", "").Replace(strings.TrimSpace(number)))
	if len(number) < 6 || len(number) > 40 || strings.ContainsFunc(number, func(r rune) bool { return (r < '0' || r > '9') && (r < 'A' || r > 'Z') }) {
		return "", ErrBadge
	}
	return number, nil
}

func (i *Identity) badgeHash(number string) string {
	m := hmac.New(sha256.New, i.subjects[:])
	m.Write([]byte("badge\n" + number))
	return hex.EncodeToString(m.Sum(nil))
}

// setBadge gives somebody a badge in the place of the one before; "" takes it away, as when it is lost.
func (i *Identity) setBadge(ctx context.Context, by, person, number string) error {
	name := "lose-badge"
	if number != "" {
		name = "badge"
		var err error
		if number, err = badgeOf(number); err != nil {
			return err
		}
	}
	return i.change(ctx, person, act{by: by, name: name}, func(ctx context.Context, tx bun.Tx, p *personRow) error {
		if err := errors.Join(dropKind(ctx, tx, p.ID, badgeFactor), endShifts(ctx, tx, p.ID)); err != nil || number == "" {
			return err
		}
		taken, err := tx.NewSelect().Model((*factorRow)(nil)).Where("kind = ? AND secret = ?", badgeFactor, i.badgeHash(number)).Exists(ctx)
		if err != nil {
			return err
		}
		if taken {
			return ErrBadge
		}
		_, err = tx.NewInsert().Model(&factorRow{ID: newID(), Person: p.ID, Kind: badgeFactor, Secret: i.badgeHash(number), Created: db.Time(i.clock.Now())}).Exec(ctx)
		return err
	})
}

// setPIN gives oneself a PIN, which is good with one's badge on a shared workstation and nowhere else.
func (i *Identity) setPIN(ctx context.Context, p Person, pin string) error {
	if err := i.proved(p); err != nil {
		return err
	}
	if !i.config.Station.PIN || easyPIN(pin) {
		return ErrPIN
	}
	hash, err := i.hasher.Hash(ctx, "pin:"+pin)
	if err != nil {
		return err
	}
	return i.change(ctx, p.ID, act{by: p.Actor(), name: "pin"}, func(ctx context.Context, tx bun.Tx, row *personRow) error {
		if err := dropKind(ctx, tx, row.ID, pinFactor); err != nil {
			return err
		}
		_, err := tx.NewInsert().Model(&factorRow{ID: newID(), Person: row.ID, Kind: pinFactor, Secret: hash, Created: db.Time(i.clock.Now())}).Exec(ctx)
		return err
	})
}

// easyPIN tells whether digits are none, or the first that anybody would try: the same ones, a run up or down, a year, a date, twice the same.
func easyPIN(pin string) bool {
	if len(pin) < 6 || len(pin) > 12 || strings.ContainsFunc(pin, func(r rune) bool { return r < '0' || r > '9' }) {
		return true
	}
	different, up, down := map[byte]bool{}, true, true
	for n := range len(pin) {
		different[pin[n]] = true
		if n > 0 {
			up = up && (pin[n]-pin[n-1]+10)%10 == 1
			down = down && (pin[n-1]-pin[n]+10)%10 == 1
		}
	}
	half := pin[:len(pin)/2]
	if len(different) < 3 || up || down || pin == half+half {
		return true
	}
	for _, form := range []string{"020106", "060102", "02012006", "20060102", "010206", "01022006"} {
		if _, err := time.Parse(form, pin); err == nil {
			return true
		}
	}
	return false
}

// onShift notes that somebody proved who they are on a shared workstation.
func (i *Identity) onShift(ctx context.Context, tx bun.Tx, person string, methods []string, from visitor) error {
	if from.place == "" || !slices.Contains(methods, "mfa") {
		return nil
	}
	now := db.Time(i.clock.Now())
	if _, err := tx.NewDelete().Model((*shiftRow)(nil)).Where("person = ? AND place = ?", person, from.place).Exec(ctx); err != nil {
		return err
	}
	_, err := tx.NewInsert().Model(&shiftRow{ID: newID(), Person: person, Place: from.place, Methods: methods, Proved: now, Seen: now, Ends: now.Add(i.config.Station.shift())}).Exec(ctx)
	return err
}

// endShifts has a tap of somebody open nothing any more.
func endShifts(ctx context.Context, tx bun.Tx, person string) error {
	_, err := tx.NewDelete().Model((*shiftRow)(nil)).Where("person = ?", person).Exec(ctx)
	return err
}

// holderOf is whose badge it is; nil where it is nobody's who may sign in.
func (i *Identity) holderOf(ctx context.Context, number string) (*personRow, error) {
	number, err := badgeOf(number)
	if err != nil {
		return nil, nil
	}
	p := &personRow{}
	err = i.db.Read().NewSelect().Model(p).Where("disabled IS NULL AND EXISTS (SELECT 1 FROM identity_factor AS f WHERE f.person = p.id AND f.kind = ? AND f.secret = ?)", badgeFactor, i.badgeHash(number)).Scan(ctx)
	if db.NotFound(err) {
		return nil, nil
	}
	return p, err
}

// tap opens the session of somebody who is on shift, their own one from before where it is still there; or returns errShift.
func (i *Identity) tap(ctx context.Context, p *personRow, from visitor) (opened, error) {
	var o opened
	err := i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		now := db.Time(i.clock.Now())
		h := &shiftRow{}
		err := tx.NewSelect().Model(h).Where("person = ? AND place = ? AND ends > ? AND seen > ?", p.ID, from.place, now, now.Add(-i.config.Station.tap())).Scan(ctx)
		if db.NotFound(err) {
			return errShift
		}
		if err != nil {
			return err
		}
		if _, err := ablePerson(ctx, tx, p.ID); err != nil {
			return errShift
		}
		if _, err := tx.NewUpdate().Model(h).Set("seen = ?", now).WherePK().Exec(ctx); err != nil {
			return err
		}
		if o, err = i.resume(ctx, tx, p.ID, from); err != nil {
			return err
		}
		if o.token == "" {
			if o, err = i.open(ctx, tx, p.ID, h.Methods, from); err != nil {
				return err
			}
			if _, err := tx.NewUpdate().Model(h).Set("proved = ?", h.Proved).Set("ends = ?", h.Ends).Where("person = ? AND place = ?", p.ID, from.place).Exec(ctx); err != nil {
				return err
			}
		}
		if err := asShift(ctx, tx, o, h, now); err != nil {
			return err
		}
		return i.note(ctx, tx, act{by: ledger.Person(p.ID), name: "tap", on: "device:" + from.device, detail: map[string]string{"address": from.address}})
	})
	return o, err
}

// asShift has a session that a tap opened be worth what the shift was begun with, and as old, whatever was proved in it before it was locked. It is never
// fresh: who copied a badge must not add a passkey of their own by it.
func asShift(ctx context.Context, tx bun.Tx, o opened, h *shiftRow, now time.Time) error {
	proved := now.Add(-FreshProof)
	if h.Proved.Before(proved) {
		proved = h.Proved
	}
	text, err := json.Marshal(h.Methods)
	if err != nil {
		return err
	}
	_, err = tx.NewUpdate().Model((*sessionRow)(nil)).Set("proved = ?", proved).Set("methods = ?", string(text)).Where("hash = ?", hashOf(o.token)).Exec(ctx)
	return err
}

// resume gives somebody the session that they locked on that device, under another id; none where it has ended.
func (i *Identity) resume(ctx context.Context, tx bun.Tx, person string, from visitor) (opened, error) {
	s := &sessionRow{}
	now := db.Time(i.clock.Now())
	err := tx.NewSelect().Model(s).Where("person = ? AND device = ? AND NOT enrol AND renew = '' AND ends > ? AND seen > ?", person, from.device, now, now.Add(-i.config.idle())).
		OrderExpr("id DESC").Limit(1).Scan(ctx)
	if db.NotFound(err) {
		return opened{}, nil
	}
	if err != nil {
		return opened{}, err
	}
	token := newToken()
	_, err = tx.NewUpdate().Model((*sessionRow)(nil)).Set("hash = ?", hashOf(token)).Set("seen = ?", now).Where("id = ?", s.ID).Exec(ctx)
	return opened{token: token, person: person}, err
}

// lockSession has the cookie of a session open nothing any more, while the session waits for its person.
func (i *Identity) lockSession(ctx context.Context, s *sessionRow) error {
	return i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		r, err := tx.NewUpdate().Model((*sessionRow)(nil)).Set("hash = ?", hashOf(newToken())).Where("hash = ?", s.Hash).Exec(ctx)
		if err := changedOne(r, err, errNoSession); err != nil {
			return err
		}
		return i.note(ctx, tx, act{by: ledger.Person(s.Person), name: "lock", on: "session:" + s.ID})
	})
}

// byPIN begins the shift of somebody who shows their badge and knows its PIN. Whether the badge is anybody's, it takes the same time and says the same.
func (i *Identity) byPIN(ctx context.Context, person, pin string, from visitor) (opened, error) {
	key := pinKey(cmp.Or(person, "nobody/"+from.device))
	if wait := i.codes.Begin(key); wait > 0 {
		return opened{}, &WaitError{wait}
	}
	f := &factorRow{}
	err := i.db.Read().NewSelect().Model(f).Where("person = ? AND kind = ?", person, pinFactor).Scan(ctx)
	if err != nil && !db.NotFound(err) {
		return opened{}, err
	}
	right, err := i.hasher.Verify(ctx, f.Secret, "pin:"+pin)
	if errors.Is(err, password.ErrBusy) {
		i.codes.TakeBack(key)
	}
	if err != nil {
		return opened{}, err
	}
	var o opened
	err = i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		p, err := ablePerson(ctx, tx, person)
		if errors.Is(err, ErrStep) || err == nil && (!right || f.Renew != "" || !i.config.Station.PIN) {
			return ErrCode
		}
		if err != nil {
			return err
		}
		if o, err = i.open(ctx, tx, p.ID, []string{"pin", "sc", "mfa"}, from); err != nil {
			return err
		}
		return i.note(ctx, tx, act{by: ledger.Person(p.ID), name: "sign-in", detail: map[string]string{"address": from.address, "method": "badge pin"}})
	})
	switch {
	case err == nil:
		i.codes.Succeeded(key)
	case errors.Is(err, ErrCode) && person != "":
		i.refusals.addStep(&personRow{ID: person}, from)
	case errors.Is(err, ErrCode):
		i.refusals.add(nil, from)
	}
	return o, err
}

func sweepShifts(ctx context.Context, tx bun.Tx, now time.Time) error {
	_, err := tx.NewDelete().Model((*shiftRow)(nil)).Where("ends <= ?", now).Exec(ctx)
	return err
}
