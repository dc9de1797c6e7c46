package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"bulwark/platform/health"
)

// Keeper holds checkpoints where whoever can rewrite the database cannot reach them: another machine, a log
// collector, a peer; at the least a file outside the database.
type Keeper interface {
	// Keep takes a checkpoint that is newer than those before.
	Keep(ctx context.Context, checkpoint string) error
	// Kept gives back the newest, or several.
	Kept(ctx context.Context) ([]string, error)
}

const (
	keepPeriod   = time.Minute
	verifyPeriod = 24 * time.Hour
)

// Name is "ledger".
func (l *Ledger) Name() string { return "ledger" }

// Run gives each new head to the keeper within a minute, verifies the whole ledger at the start and once a day, and
// warns of what it finds, until ctx ends; the last head is kept at the end.
func (l *Ledger) Run(ctx context.Context) error {
	keep, verify := time.NewTicker(keepPeriod), time.NewTicker(verifyPeriod)
	defer keep.Stop()
	defer verify.Stop()
	kept := ""
	l.watch(ctx)
	for {
		select {
		case <-ctx.Done():
			l.handOut(context.WithoutCancel(ctx), &kept)
			return nil
		case <-keep.C:
			l.handOut(ctx, &kept)
		case <-verify.C:
			l.watch(ctx)
		}
	}
}

// handOut gives the head to the keeper when it is not the one that was kept before.
func (l *Ledger) handOut(ctx context.Context, kept *string) {
	if l.keeper == nil {
		return
	}
	now, err := l.Checkpoint(ctx)
	if err == nil && now != "" && now != *kept {
		if err = l.keeper.Keep(ctx, now); err == nil {
			*kept = now
		}
	}
	if err != nil {
		l.warn.Set(&notKept, health.Args{"error": err.Error()})
		return
	}
	l.warn.Clear(&notKept, "")
}

// watch verifies the ledger and warns of what is wrong with it.
func (l *Ledger) watch(ctx context.Context) {
	r, err := l.Verify(ctx)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		l.warn.Set(&notWhole, health.Args{"fault": err.Error()})
	case !r.Whole():
		l.warn.Set(&notWhole, health.Args{"fault": r.Faults[0].Text})
	default:
		l.warn.Clear(&notWhole, "")
	}
}

// Warnables are the warnings of this package.
func Warnables() []*health.Warnable { return []*health.Warnable{&notWhole, &notKept} }

var notWhole = health.Warnable{
	ID: "ledger.not-whole", Severity: health.Unprotected,
	Title: health.Text{EN: "The ledger was tampered with", FR: "Le registre a été altéré"},
	Text: health.Text{EN: "Verifying the ledger found: {fault}.",
		FR: "La vérification du registre a trouvé : {fault}."},
	NextStep: health.Text{EN: "Save the database as it is, find out who could write to it, and compare it with a backup.",
		FR: "Sauvegardez la base de données telle qu'elle est, cherchez qui a pu y écrire, et comparez avec une sauvegarde."},
}

var notKept = health.Warnable{
	ID: "ledger.not-kept", Severity: health.Degraded,
	Title: health.Text{EN: "The ledger's head is not kept elsewhere", FR: "La tête du registre n'est pas gardée ailleurs"},
	Text: health.Text{EN: "Setting the whole database back to an earlier state would go unnoticed: {error}.",
		FR: "Un retour de la base entière à un état antérieur passerait inaperçu : {error}."},
	NextStep: health.Text{EN: "Restore the place where heads are kept; Bulwark tries again every minute.",
		FR: "Rétablissez l'accès à l'endroit où les têtes sont gardées ; Bulwark réessaie chaque minute."},
}

// File is a [Keeper] that keeps the newest checkpoint in one file outside the database. It shows a database that was
// set back alone; a file on another machine shows more.
type File string

// Keep replaces the file; after a crash it is the old one or the new one.
func (f File) Keep(_ context.Context, checkpoint string) error {
	part, err := os.CreateTemp(filepath.Dir(string(f)), filepath.Base(string(f))+".*.part")
	if err != nil {
		return err
	}
	_, err = part.WriteString(checkpoint)
	if err := errors.Join(err, part.Sync(), part.Close()); err != nil {
		return errors.Join(err, os.Remove(part.Name()))
	}
	return os.Rename(part.Name(), string(f))
}

// Kept reads the file; nothing where there is none yet.
func (f File) Kept(context.Context) ([]string, error) {
	text, err := os.ReadFile(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the kept checkpoint: %w", err)
	}
	return []string{string(text)}, nil
}
