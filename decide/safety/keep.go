package safety

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"

	"github.com/uptrace/bun"

	content "bulwark/content/safety"
	"bulwark/platform/db"
	"bulwark/platform/ledger"
)

type stateRow struct {
	bun.BaseModel `bun:"table:safety_state,alias:s"`
	Name          string `bun:"name,pk"`
	Doc           string `bun:"doc"`
}

// Names of rows.
const (
	rowMatrix  = "matrix"
	rowFreezes = "freezes"
	rowMode    = "mode"
)

func rowNames() []string { return []string{rowMatrix, rowFreezes, rowMode} }

// modeDoc is whether automatic acts are done.
type modeDoc struct {
	Live bool `json:"live"`
}

// object is what the ledger calls a row.
func object(name string) string { return "safety/" + name }

// sum is the mark by which the ledger knows a row again; empty: there is no row.
func sum(doc string) string {
	if doc == "" {
		return ""
	}
	h := sha256.Sum256([]byte(doc))
	return hex.EncodeToString(h[:])
}

// keep writes a row and its entry in the ledger, which has the sum of it, in one transaction; an empty text drops the row. The lock
// is held, or nobody else is there yet.
func (s *Safety) keep(ctx context.Context, name, doc string, e ledger.Entry) error {
	e.Object, e.Detail = object(name), maps.Clone(e.Detail)
	e.Detail["row"] = sum(doc)
	err := s.needs.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		var err error
		if doc == "" {
			err = db.Drop(ctx, tx, (*stateRow)(nil), []string{name}, "name", func(n string) []any { return []any{n} })
		} else {
			err = db.Put(ctx, tx, []stateRow{{Name: name, Doc: doc}}, "name", "doc")
		}
		if err != nil {
			return err
		}
		_, err = s.needs.Ledger.Append(ctx, tx, e)
		return err
	})
	if err == nil {
		s.rows[name] = doc
	}
	return err
}

// known reports whether a row is the one that the ledger knows.
func (s *Safety) known(ctx context.Context, name, doc string) (bool, error) {
	page, err := s.needs.Ledger.List(ctx, ledger.Query{Object: object(name), Limit: 1})
	if err != nil {
		return false, err
	}
	if len(page.Entries) == 0 {
		return doc == "", nil
	}
	return page.Entries[0].Detail["row"] == sum(doc), nil
}

// stored are the rows as they are in the database.
func (s *Safety) stored(ctx context.Context) (map[string]string, error) {
	var rows []stateRow
	err := s.needs.DB.Read().NewSelect().Model(&rows).Scan(ctx)
	docs := map[string]string{}
	for _, row := range rows {
		docs[row.Name] = row.Doc
	}
	return docs, err
}

// load takes up what was kept. A row that is not the one that the ledger knows is dropped: what is shipped is in force, shadow mode,
// and nothing is automatic.
func (s *Safety) load(ctx context.Context) error {
	docs, err := s.stored(ctx)
	if err != nil {
		return err
	}
	forged, why := "", " was not what the ledger knows: it was dropped"
	for _, name := range rowNames() {
		known, err := s.known(ctx, name, docs[name])
		switch {
		case errors.Is(err, ledger.ErrUnread): // the last good state stays
			forged, why, known = err.Error(), "", true
		case err != nil:
			return err
		}
		if known {
			s.rows[name] = docs[name]
			s.resume(name, docs[name])
			continue
		}
		forged = name
		if err := s.keep(ctx, name, "", forgery(name)); err != nil {
			return err
		}
	}
	return s.alarm(ctx, forged, why)
}

// resume takes up a row. What cannot be read freezes.
func (s *Safety) resume(name, doc string) {
	if doc == "" {
		return
	}
	switch name {
	case rowMatrix:
		if m, err := content.Parse([]byte(doc), "the matrix that was kept"); err == nil {
			s.matrix, s.text, s.edited = m, []byte(doc), true
		} else {
			s.problem = err.Error()
		}
	case rowFreezes:
		if err := json.Unmarshal([]byte(doc), &s.freezes); err != nil {
			s.freezes = map[string]Freeze{"tampered": s.freeze("tampered", ledger.Program("safety"), err.Error())}
		}
	case rowMode:
		var m modeDoc
		if json.Unmarshal([]byte(doc), &m) == nil {
			s.live = m.Live
		}
	}
}

// compare compares what is kept with what is known, and puts back what somebody else wrote or took away: the last good state stays,
// and nothing is automatic.
func (s *Safety) compare(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	docs, err := s.stored(ctx)
	if err != nil {
		return err
	}
	forged := ""
	for _, name := range rowNames() {
		if docs[name] == s.rows[name] {
			continue
		}
		forged = name
		if err := s.keep(ctx, name, s.rows[name], forgery(name)); err != nil {
			return err
		}
	}
	return s.alarm(ctx, forged, " in the database was not what is known: that was put back")
}

// forgery is what the ledger says of a row that somebody else wrote.
func forgery(name string) ledger.Entry {
	return ledger.Entry{Actor: ledger.Program("safety"), Act: "safety.tampered", Outcome: ledger.Refused, Detail: map[string]string{"what": name}}
}

// alarm stops automation because of a row that somebody else wrote; empty: there is none. The lock is held, or nobody else is there
// yet.
func (s *Safety) alarm(ctx context.Context, forged, what string) error {
	if forged == "" {
		return nil
	}
	s.needs.Log.Error("the interlock was changed behind the program's back", "what", forged+what)
	return s.freezeFor(ctx, "tampered", ledger.Program("safety"), forged+what)
}
