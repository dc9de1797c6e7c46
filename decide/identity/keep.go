package identity

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/uptrace/bun"

	"bulwark/decide/identity/directory"
	"bulwark/platform/conf"
	"bulwark/platform/db"
	"bulwark/platform/ledger"
)

// What is known of staff is kept as long as it serves, and no longer (docs/decisions/0090-staff-data.md). Once a day what is too old goes, some
// hundred rows at a time; what a crash interrupts goes the next day, for what is asked is what is still there.

// Keep is how long what is known of staff is kept. Sessions, links and codes go when they end.
type Keep struct {
	// Leavers is how long somebody who was suspended, or left the directory, is known by name. They are erased then. 0 means 1 year.
	Leavers time.Duration `conf:"leavers"`
	// Invited is how long somebody is known who never came. 0 means 90 days.
	Invited time.Duration `conf:"invited"`
	// Badges is how long the badge and the PIN of somebody who is suspended stay theirs. 0 means 30 days.
	Badges time.Duration `conf:"badges"`
	// Devices is how long a device is known whose certificate was revoked or ended. 0 means 1 year.
	Devices time.Duration `conf:"devices"`
	// Posture is how long the last report of a device is kept. 0 means 90 days.
	Posture time.Duration `conf:"posture"`
}

const aDay = 24 * time.Hour

// Check refuses what would erase people while they are on leave, and what would keep for ever.
func (k *Keep) Check() error {
	var bad []error
	for name, d := range map[string]time.Duration{"leavers": k.Leavers, "invited": k.Invited, "badges": k.Badges, "devices": k.Devices, "posture": k.Posture} {
		if d != 0 && (d < aDay || d > 10*365*aDay) {
			bad = append(bad, conf.At(name, errors.New("is neither 0 nor between 1 day and 10 years")))
		}
	}
	return errors.Join(bad...)
}

// purged is what a purge took away, by kind; held are those whom an obligation keeps.
type purged map[string]int

// text says how many of which kind, and how many went.
func (p purged) text() (all map[string]string, n int) {
	all = map[string]string{}
	for kind, k := range p {
		if k > 0 {
			all[kind] = fmt.Sprint(k)
		}
		if kind != "held" {
			n += k
		}
	}
	return all, n
}

// atOnce is how many rows one transaction takes away, mostPurged how many one purge does of a kind.
const atOnce, mostPurged = 200, 20_000

// purge takes away what is too old.
func (i *Identity) purge(ctx context.Context) (purged, error) {
	now, k, out := db.Time(i.clock.Now()), i.config.Keep, purged{}
	ago := func(d, otherwise time.Duration) time.Time { return now.Add(-cmp.Or(d, otherwise)) }
	suspended := "person IN (SELECT id FROM identity_person WHERE disabled IS NOT NULL AND disabled < ?)"
	err := errors.Join(
		i.eraseOld(ctx, out, "leavers", "disabled IS NOT NULL AND disabled < ?", ago(k.Leavers, 365*aDay)),
		i.eraseOld(ctx, out, neverCame, "disabled IS NULL AND source = '' AND created < ? AND NOT EXISTS (SELECT 1 FROM identity_factor AS f WHERE f.person = p.id) AND NOT EXISTS (SELECT 1 FROM identity_session AS s WHERE s.person = p.id)", ago(k.Invited, 90*aDay)),
		i.drop(ctx, out, "badges", "identity_factor", "id", "kind IN ('badge', 'pin') AND "+suspended, ago(k.Badges, 30*aDay)),
		i.drop(ctx, out, "devices", "identity_device", "id", "COALESCE(revoked, expires) < ?", ago(k.Devices, 365*aDay)),
		i.blank(ctx, out, ago(k.Posture, 90*aDay)))
	if out["leavers"]+out[neverCame] > 0 {
		i.afterErasing(ctx)
	}
	detail, n := out.text()
	if n > 0 {
		err = errors.Join(err, i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
			return i.note(ctx, tx, act{by: ledger.Program("identity"), name: "purge", on: "identity/kept", detail: detail})
		}))
		i.happened(ledger.Program("identity"), "purge", "identity/kept", uint64(n))
	}
	return out, err
}

// happened tells the rest of the program what became of staff data.
func (i *Identity) happened(actor, act, on string, n uint64) {
	if i.staffTold != nil {
		i.staffTold(actor, act, on, n)
	}
}

// drop deletes rows of a table, some at a time.
func (i *Identity) drop(ctx context.Context, out purged, kind, table, key, where string, before time.Time) error {
	for out[kind] < mostPurged {
		n := 0
		err := i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
			r, err := tx.ExecContext(ctx, "DELETE FROM ? WHERE ? IN (SELECT ? FROM ? WHERE "+where+" LIMIT ?)", bun.Ident(table), bun.Ident(key), bun.Ident(key), bun.Ident(table), before, atOnce)
			if err != nil {
				return err
			}
			k, err := r.RowsAffected()
			n = int(k)
			return err
		})
		if err != nil {
			return fmt.Errorf("purging %s: %w", kind, err)
		}
		if out[kind] += n; n < atOnce {
			return nil
		}
	}
	return nil
}

// blank forgets reports of devices.
func (i *Identity) blank(ctx context.Context, out purged, before time.Time) error {
	return i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		r, err := tx.NewUpdate().Model((*deviceRow)(nil)).Set("posture = ?", `{"system":"","checks":{}}`).Set("reported = NULL").Where("reported < ?", before).Exec(ctx)
		if err != nil {
			return fmt.Errorf("purging posture: %w", err)
		}
		n, err := r.RowsAffected()
		out["posture"] = int(n)
		return err
	})
}

// eraseOld erases the people that a condition chooses, but those whom an obligation keeps.
func (i *Identity) eraseOld(ctx context.Context, out purged, kind, where string, before time.Time) error {
	read := readings{}
	for after := ""; out[kind] < mostPurged; {
		var rows []*personRow
		err := i.db.Read().NewSelect().Model(&rows).Column("id").Where("id > ?", after).Where(where, before).OrderExpr("id").Limit(atOnce).Scan(ctx)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, p := range rows {
			after = p.ID
			var stands *ObligedError
			switch _, err := i.eraseOne(ctx, ledger.Program("identity"), p.ID, kind, read); {
			case errors.As(err, &stands), errors.Is(err, ErrThere), errors.Is(err, directory.ErrAway):
				out["held"]++
			case errors.Is(err, ErrActive): // they came just now
			case err != nil:
				return fmt.Errorf("erasing a leaver: %w", err)
			default:
				out[kind]++
			}
		}
	}
	return nil
}

// holdRow is somebody whom nobody may erase.
type holdRow struct {
	bun.BaseModel `bun:"table:identity_hold,alias:h"`
	Person        string    `bun:"person,pk"`
	Reason        string    `bun:"reason"`
	By            string    `bun:"held_by"`
	At            time.Time `bun:"at"`
}

// ErrReason means that a reason is missing, or too long.
var ErrReason = errors.New("identity: no reason of 3 to 500 characters")

func reasonOf(text string) (string, error) {
	text = strings.Join(strings.Fields(text), " ")
	if n := len([]rune(text)); n < 3 || n > 500 || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "", ErrReason
	}
	return text, nil
}

// hold keeps somebody from being erased, or no more.
func (i *Identity) hold(ctx context.Context, by, id, reason string, on bool) error {
	name := "hold"
	if !on {
		name = "release"
	}
	reason, err := reasonOf(reason)
	if err != nil {
		return err
	}
	return i.change(ctx, id, act{by: by, name: name}, func(ctx context.Context, tx bun.Tx, p *personRow) error {
		if _, err := tx.NewDelete().Model((*holdRow)(nil)).Where("person = ?", id).Exec(ctx); err != nil || !on {
			return err
		}
		_, err := tx.NewInsert().Model(&holdRow{Person: id, Reason: reason, By: by, At: db.Time(i.clock.Now())}).Exec(ctx)
		return err
	})
}

// obligations are why somebody is not erased.
func (i *Identity) obligations(ctx context.Context, p *personRow) ([]string, error) {
	var all []string
	held, err := i.db.Read().NewSelect().Model((*holdRow)(nil)).Where("person = ?", p.ID).Exists(ctx)
	if err != nil {
		return nil, err
	}
	if held {
		all = append(all, "legal-hold")
	}
	if i.obliged != nil {
		more, err := i.obliged(ctx, p.ID, p.Login)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}
