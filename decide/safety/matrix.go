package safety

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	content "bulwark/content/safety"
	"bulwark/platform/ledger"
)

// SetMatrix puts a hospital's own matrix in force; an empty text puts the shipped one back.
func (s *Safety) SetMatrix(ctx context.Context, text, by, reason string) error {
	if text != "" {
		if _, err := content.Parse([]byte(text), "safety.yaml"); err != nil {
			return fmt.Errorf("%w: %w", ErrMatrix, err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.take(ctx, []byte(text), by, reason); err != nil {
		return err
	}
	if err := s.writeFile([]byte(text)); err != nil {
		return err
	}
	s.read = []byte(text)
	s.say("")
	return nil
}

// take puts a text in force, which can be read, and keeps it with its entry. The lock is held.
func (s *Safety) take(ctx context.Context, text []byte, by, reason string) error {
	m, next := content.Shipped()
	if len(text) > 0 {
		var err error
		if m, err = content.Parse(text, "safety.yaml"); err != nil {
			return fmt.Errorf("%w: %w", ErrMatrix, err)
		}
		next = text
	}
	sum := sha256.Sum256(next)
	e := ledger.Entry{Actor: by, Act: "safety.matrix", Outcome: ledger.Done, Detail: map[string]string{"sha256": hex.EncodeToString(sum[:]), "reason": reason}}
	if err := s.keep(ctx, rowMatrix, string(text), e); err != nil {
		return err
	}
	s.matrix, s.text, s.edited = m, next, len(text) > 0
	s.needs.Live("safety", struct{}{})
	return nil
}

// writeFile replaces the file; after a crash it is the old one or the new one. Nothing takes it away.
func (s *Safety) writeFile(text []byte) error {
	if s.needs.File == "" {
		return nil
	}
	if len(text) == 0 {
		if err := os.Remove(s.needs.File); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	part, err := os.CreateTemp(filepath.Dir(s.needs.File), filepath.Base(s.needs.File)+".*.part")
	if err != nil {
		return err
	}
	_, err = part.Write(text)
	if err := errors.Join(err, part.Sync(), part.Close()); err != nil {
		return errors.Join(err, os.Remove(part.Name()))
	}
	return os.Rename(part.Name(), s.needs.File)
}

// MatrixView is the matrix as people see it.
type MatrixView struct {
	Version   int         `json:"version"`
	Text      string      `json:"text"`
	Edited    bool        `json:"edited"`
	Problem   string      `json:"problem"`
	Rows      []RowView   `json:"rows"`
	Overruled []Overruled `json:"overruled"`
}

// RowView is what the effects need on one tier.
type RowView struct {
	Tier  int        `json:"tier"`
	Name  string     `json:"name"`
	Cells []CellView `json:"cells"`
}

// CellView is what one effect needs: what holds, whatever the matrix says.
type CellView struct {
	Effect   string `json:"effect"`
	Outside  string `json:"outside"`
	Inside   string `json:"inside"`
	Clinical string `json:"clinical"`
}

// Overruled is a cell that says less than what holds.
type Overruled struct {
	Tier   int    `json:"tier"`
	Effect string `json:"effect"`
	Case   string `json:"case"`
	Says   string `json:"says"`
	Holds  string `json:"holds"`
}

// view is the matrix as people see it: each cell is what the judge comes to.
func view(m *content.Matrix) (rows []RowView, over []Overruled) {
	over = []Overruled{}
	for t := range content.Tier(content.Tiers) {
		row := RowView{Tier: int(t), Name: t.String()}
		for e := range content.Effect(content.Effects) {
			var holds [3]string
			for i, of := range [...]content.Case{content.Outside, content.Inside, content.ClinicalUse} {
				says, n := m.Cell(t, e).Needs(of), holding(m, t, e, of)
				holds[i] = n.String()
				if n != says {
					over = append(over, Overruled{int(t), e.String(), of.String(), says.String(), n.String()})
				}
			}
			row.Cells = append(row.Cells, CellView{e.String(), holds[0], holds[1], holds[2]})
		}
		rows = append(rows, row)
	}
	return rows, over
}

// holding is what the judge comes to for one confirmed device at which an act is aimed.
func holding(m *content.Matrix, t content.Tier, e content.Effect, of content.Case) content.Needs {
	d := Touched{ID: 1, Tier: t, Confirmed: t != content.Unknown, Aimed: true, Outside: 1, Asked: 1}
	if of >= content.Inside {
		d.Inside = 1
	}
	if of == content.ClinicalUse {
		d.Clinical = 1
	}
	if of == content.Outside && e >= content.Micro { // what is aimed at a device is never only about the outside
		d.Inside = 1
	}
	return Judge(Request{Effect: e, Facts: Facts{Seen: true, Touched: []Touched{d}}}, m).Needs
}
