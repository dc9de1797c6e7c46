package playbook

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/uptrace/bun"

	"bulwark/content/playbooks"
	"bulwark/platform/db"
	"bulwark/platform/ledger"
)

// Shelf is where the hospital's own playbooks are kept, one file each.
type Shelf interface {
	fs.FS
	// Put makes or replaces a file; after a crash it is the old or the new.
	Put(name string, text []byte) error
	// Remove removes a file.
	Remove(name string) error
}

// mostText is how long the text of a playbook may be, in bytes.
const mostText = 256 << 10

// sound reads what somebody wrote, ours or of CACAO; what nothing here can do is refused.
func (n *Playbooks) sound(text string) (*playbooks.Playbook, error) {
	if len(text) > mostText {
		return nil, refuse("a playbook has at most %d bytes", mostText)
	}
	p, err := ReadAny([]byte(text), "playbook")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAsk, err)
	}
	if missing := n.missing(p); len(missing) > 0 {
		return nil, refuse("no enforcement point here does %q", missing)
	}
	return p, nil
}

// Put keeps a playbook of the hospital's own, from now on in the place of the one of its id. Its text is another version: it only
// notes until somebody makes it active.
func (n *Playbooks) Put(ctx context.Context, actor, id, text, why string) error {
	p, err := n.sound(text)
	if err != nil {
		return err
	}
	if p.ID != id {
		return refuse("it calls itself %q and not %q", p.ID, id)
	}
	name := id + ".yaml"
	if f := n.named(id); f != nil && !f.Shipped {
		name = f.Name
	}
	return n.shelve(ctx, actor, "playbook.put", id, why, func(context.Context, bun.Tx) error { return n.needs.Own.Put(name, []byte(text)) })
}

// Remove forgets a playbook of the hospital's own; a shipped one of its id is in its place again.
func (n *Playbooks) Remove(ctx context.Context, actor, id, why string) error {
	f := n.named(id)
	if f == nil {
		return fmt.Errorf("%w: %q", ErrNoPlaybook, id)
	}
	if f.Shipped {
		return refuse("%q comes with the program: switch it off instead", id)
	}
	return n.shelve(ctx, actor, "playbook.remove", id, why, func(ctx context.Context, tx bun.Tx) error {
		if err := db.Drop(ctx, tx, (*goodRow)(nil), []string{f.Name}, "file", func(name string) []any { return []any{name} }); err != nil {
			return err
		}
		return n.needs.Own.Remove(f.Name)
	})
}

// named is the file that people know by an id, one that cannot be used too; nil: there is none.
func (n *Playbooks) named(id string) *playbooks.File {
	all := n.shelf.Load().files
	for k := range all {
		if all[k].Known() == id {
			return &all[k]
		}
	}
	return nil
}

// shelve changes a file with its entry in the ledger, and reads all anew.
func (n *Playbooks) shelve(ctx context.Context, actor, act, id, why string, do func(context.Context, bun.Tx) error) error {
	if err := checkReason(why); err != nil {
		return err
	}
	if n.needs.Own == nil {
		return refuse("no playbooks of one's own are kept here")
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	err := n.needs.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := n.record(ctx, tx, ledger.Entry{Actor: actor, Act: act, Object: "playbook:" + id, Detail: map[string]string{"reason": why}}); err != nil {
			return err
		}
		return do(ctx, tx)
	})
	return errors.Join(err, n.reload(ctx))
}
