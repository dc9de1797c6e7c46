package playbook

import (
	"context"

	"github.com/uptrace/bun"

	"bulwark/content/playbooks"
	"bulwark/platform/db"
)

// Of a file that cannot be read any more the last text that could stays in force, as the last matrix does: automation freezes until it is mended, and
// what runs goes on to its end.
// Its mode is that of this text, which is not another because a file is broken.

type goodRow struct {
	bun.BaseModel `bun:"table:playbook_good,alias:g"`
	File          string `bun:"file,pk"`
	Text          string `bun:"text"`
}

// stale is a file that cannot be read, of which an older text goes on.
type stale struct {
	Text string // as it stands in the file
	Why  string // it cannot be read, with the line
}

// shelfful is all playbooks as they were read last.
type shelfful struct {
	files []playbooks.File
	stale map[string]stale // by the name of the file
}

// reload reads all playbooks, keeps what of the hospital's own can be read, and takes what was kept where a file cannot.
func (n *Playbooks) reload(ctx context.Context) error {
	s := &shelfful{files: playbooks.Load(n.needs.Own), stale: map[string]stale{}}
	var rows []goodRow
	if err := n.needs.DB.Read().NewSelect().Model(&rows).Scan(ctx); err != nil {
		return err
	}
	good := map[string]string{}
	for _, row := range rows {
		good[row.File] = row.Text
	}
	var fresh []goodRow
	for k := range s.files {
		f := &s.files[k]
		text, there := good[f.Name]
		switch {
		case f.Shipped:
		case f.Err == nil && f.Text != text:
			fresh = append(fresh, goodRow{File: f.Name, Text: f.Text})
		case f.Err != nil && there:
			p, err := playbooks.Read([]byte(text), f.Name)
			if err != nil || s.has(p.ID, k) { // of an older program, or another file is this playbook now
				break
			}
			n.needs.Log.WarnContext(ctx, "a playbook cannot be read, and goes on as it was", "file", f.Name, "error", f.Err)
			s.stale[f.Name] = stale{Text: f.Text, Why: f.Err.Error()}
			f.Text, f.Playbook, f.Err = text, p, nil
		}
		if f.Err != nil {
			n.needs.Log.WarnContext(ctx, "a playbook cannot be used", "file", f.Name, "error", f.Err)
		}
	}
	if len(fresh) > 0 {
		if err := n.needs.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error { return db.Put(ctx, tx, fresh, "file", "text") }); err != nil {
			return err
		}
	}
	n.shelf.Store(s)
	return nil
}

// has reports whether another of the hospital's own files is a playbook.
func (s *shelfful) has(id string, but int) bool {
	for k := range s.files {
		if f := &s.files[k]; k != but && !f.Shipped && f.Known() == id {
			return true
		}
	}
	return false
}
