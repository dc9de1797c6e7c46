package incident

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"bulwark/decide/incident/law"
	"bulwark/platform/db"
)

// CaseAsk is what a person changes of a case: what is nil stays as it is.
type CaseAsk struct {
	Rev       uint64            `json:"rev"`
	Title     *string           `json:"title"`
	Status    *Status           `json:"status"`
	Owner     *string           `json:"owner"`
	Incidents []uint64          `json:"incidents"`
	Facts     *law.Facts        `json:"facts"`
	Fields    map[string]string `json:"fields"`
	Task      *Task             `json:"task"`
	Note      *string           `json:"note"`
	Declared  *struct {
		law.Step
		Reference string `json:"reference"`
	} `json:"declared"`
}

// ChangeCase changes a case that is still as the person saw it.
func (i *Incidents) ChangeCase(ctx context.Context, actor string, id uint64, a CaseAsk) (Case, error) {
	if err := i.allKnown(a.Incidents); err != nil {
		return Case{}, err
	}
	var c *Case
	err := i.needs.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) (err error) {
		if c, err = readCase(ctx, tx, id); err != nil {
			return err
		}
		if c.Rev != a.Rev {
			return fmt.Errorf("%w: it is at revision %d, not %d", ErrEdited, c.Rev, a.Rev)
		}
		what, detail, err := c.change(actor, i.now(), &a)
		if err != nil {
			return err
		}
		return i.writeCase(ctx, tx, c, actor, what, detail)
	})
	if err != nil {
		return Case{}, err
	}
	i.file(c)
	return c.shown(), nil
}

// change does what a person wants, and says what that is. The ledger is told of texts that they changed, not what they say.
func (c *Case) change(actor string, now time.Time, a *CaseAsk) (what string, detail map[string]string, err error) {
	detail = map[string]string{}
	did := func(word, value string) {
		what = cmp.Or(what, word)
		detail[word] = value
	}
	for _, t := range [...]struct {
		name string
		from *string
		to   *string
	}{{"title", a.Title, &c.Title}, {"owner", a.Owner, &c.Owner}} {
		if t.from != nil {
			if fitting(t.name, *t.from, maxTitle) != nil {
				return "", nil, wrongCase("the %s is longer than %d characters, or no text", t.name, maxTitle)
			}
			*t.to = *t.from
			did(t.name, *t.from)
		}
	}
	if a.Status != nil {
		if *a.Status != Open && *a.Status != Closed {
			return "", nil, wrongCase("status %q is neither open nor closed", *a.Status)
		}
		c.Status = *a.Status
		did("status", string(c.Status))
	}
	if a.Incidents != nil {
		c.Incidents = a.Incidents
		did("incidents", numbers(a.Incidents))
	}
	if a.Facts != nil {
		if a.Facts.Aware.IsZero() || a.Facts.Aware.After(now) {
			return "", nil, wrongCase("say when the hospital became aware of it: a time that is past")
		}
		c.Facts = *a.Facts
		did("facts", fmt.Sprintf("aware %s significant %v personal %v care %v", c.Facts.Aware.Format(time.RFC3339), c.Facts.Significant, c.Facts.Personal, c.Facts.Care))
	}
	for _, step := range [...]func(*CaseAsk, string, time.Time) (string, string, error){c.fill, c.task, c.note, c.declare} {
		word, value, err := step(a, actor, now)
		if err != nil {
			return "", nil, err
		}
		if word != "" {
			did(word, value)
		}
	}
	if what == "" {
		return "", nil, wrongCase("say what is to be changed")
	}
	return what, detail, nil
}

// fill takes over what is filled in for declarations.
func (c *Case) fill(a *CaseAsk, _ string, _ time.Time) (string, string, error) {
	for name, value := range a.Fields {
		if !slices.Contains(law.Free(), name) {
			return "", "", wrongCase("field %q is none of %s", name, strings.Join(law.Free(), ", "))
		}
		if fitting(name, value, maxNote) != nil {
			return "", "", wrongCase("%s is longer than %d characters, or no text", name, maxNote)
		}
		if c.Fields[name] = value; value == "" {
			delete(c.Fields, name)
		}
	}
	if len(a.Fields) == 0 {
		return "", "", nil
	}
	return "fields", strconv.Itoa(len(a.Fields)), nil
}

func (c *Case) task(a *CaseAsk, _ string, _ time.Time) (string, string, error) {
	if a.Task == nil {
		return "", "", nil
	}
	t := *a.Task
	if t.Text == "" || fitting("task", t.Text, maxNote) != nil || fitting("owner", t.Owner, maxTitle) != nil {
		return "", "", wrongCase("a task has a text, of at most %d characters", maxNote)
	}
	n := slices.IndexFunc(c.Tasks, func(o Task) bool { return o.ID == t.ID })
	switch {
	case t.ID != 0 && n < 0:
		return "", "", wrongCase("there is no task %d", t.ID)
	case n >= 0:
		c.Tasks[n] = t
	case len(c.Tasks) >= mostTasks:
		return "", "", wrongCase("there are %d tasks already", mostTasks)
	default:
		for _, o := range c.Tasks {
			t.ID = max(t.ID, o.ID)
		}
		t.ID++
		c.Tasks = append(c.Tasks, t)
	}
	return "task", fmt.Sprintf("%d done %v", t.ID, t.Done), nil
}

func (c *Case) note(a *CaseAsk, actor string, now time.Time) (string, string, error) {
	if a.Note == nil {
		return "", "", nil
	}
	if *a.Note == "" || fitting("note", *a.Note, maxNote) != nil || len(c.Notes) >= mostNotes {
		return "", "", wrongCase("a note has 1 to %d characters, and a case %d notes at most", maxNote, mostNotes)
	}
	c.Notes = append(c.Notes, Note{now, actor, *a.Note})
	return "note", strconv.Itoa(len(c.Notes)), nil
}

func (c *Case) declare(a *CaseAsk, actor string, now time.Time) (string, string, error) {
	if a.Declared == nil {
		return "", "", nil
	}
	s := a.Declared.Step
	if !law.Known(s) || fitting("reference", a.Declared.Reference, maxTitle) != nil {
		return "", "", wrongCase("nothing is declared to %q at stage %q", s.To, s.Stage)
	}
	if slices.ContainsFunc(c.Declared, func(d Declared) bool { return d.Step == s }) {
		return "", "", wrongCase("that was declared already")
	}
	c.Declared = append(c.Declared, Declared{s, now, actor, a.Declared.Reference})
	return "declared", s.To + " " + s.Stage, nil
}

// Proofs hand out what can be evidence.
type Proofs interface {
	// Finding is a finding with its events, as JSON.
	Finding(ctx context.Context, id uint64) ([]byte, error)
	// Packets is what of the packet ring is held for an incident: files with their SHA-256.
	Packets(ctx context.Context, incident uint64) (any, error)
}

// Exhibit is what a person wants to keep as evidence.
type Exhibit struct {
	Kind, Name, SHA256, Note string
	Ref                      uint64
	Body                     []byte
}

// MaxExhibit is how large one piece of evidence may be, in bytes.
const MaxExhibit = 4 << 20

type evidenceRow struct {
	bun.BaseModel `bun:"table:incident_evidence,alias:e"`
	OfCase        int64  `bun:"of_case,pk"`
	ID            int64  `bun:"id,pk"`
	Body          []byte `bun:"body"`
}

// AddEvidence adds evidence to a case: as it is now, with its hash.
func (i *Incidents) AddEvidence(ctx context.Context, actor string, id uint64, x Exhibit) (Case, error) {
	if err := i.exhibit(ctx, &x); err != nil {
		return Case{}, err
	}
	var c *Case
	err := i.needs.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) (err error) {
		if c, err = readCase(ctx, tx, id); err != nil {
			return err
		}
		if len(c.Evidence) >= mostEvidence {
			return wrongCase("there are %d pieces of evidence already", mostEvidence)
		}
		e := Evidence{ID: uint64(len(c.Evidence)) + 1, Kind: x.Kind, Name: x.Name, SHA256: x.SHA256, Bytes: len(x.Body), Kept: x.Body != nil, Note: x.Note,
			Custody: []Act{{i.now(), actor, "added"}}}
		c.Evidence = append(c.Evidence, e)
		if e.Kept {
			if err := db.Put(ctx, tx, []evidenceRow{{OfCase: int64(id), ID: int64(e.ID), Body: x.Body}}, "of_case, id", "body"); err != nil {
				return err
			}
		}
		return i.writeCase(ctx, tx, c, actor, "evidence", map[string]string{"evidence": strconv.FormatUint(e.ID, 10), "sha256": e.SHA256})
	})
	if err != nil {
		return Case{}, err
	}
	i.file(c)
	return c.shown(), nil
}

// exhibit completes what is to be kept, and refuses what cannot be.
func (i *Incidents) exhibit(ctx context.Context, x *Exhibit) (err error) {
	if fitting("name", x.Name, maxTitle) != nil || fitting("note", x.Note, maxNote) != nil || len(x.Body) > MaxExhibit {
		return wrongCase("a name has at most %d characters, a note %d, and a file %d bytes", maxTitle, maxNote, MaxExhibit)
	}
	switch x.Kind {
	case "finding":
		x.Name = "finding " + strconv.FormatUint(x.Ref, 10)
		if i.needs.Proofs == nil {
			return wrongCase("findings are not kept here")
		}
		if x.Body, err = i.needs.Proofs.Finding(ctx, x.Ref); err != nil {
			return wrongCase("finding %d: %v", x.Ref, err)
		}
	case "incident":
		x.Name = "incident " + strconv.FormatUint(x.Ref, 10)
		d, err := i.Show(x.Ref)
		if err != nil {
			return err
		}
		if x.Body, err = json.Marshal(d); err != nil {
			return err
		}
	case "snapshot":
		x.Name = "snapshot of incident " + strconv.FormatUint(x.Ref, 10)
		if x.Body, err = i.snapshot(ctx, x.Ref); err != nil {
			return err
		}
	case "file":
		if x.Name == "" || len(x.Body) == 0 {
			return wrongCase("a file has a name, and bytes")
		}
	case "reference":
		sum, err := hex.DecodeString(x.SHA256)
		if err != nil || len(sum) != sha256.Size || x.Name == "" {
			return wrongCase("what is kept elsewhere has a name, and its SHA-256 in 64 hexadecimal digits")
		}
		x.SHA256, x.Body = hex.EncodeToString(sum), nil
		return nil
	default:
		return wrongCase("kind %q is none of finding, incident, snapshot, file, reference", x.Kind)
	}
	if len(x.Body) > MaxExhibit {
		return wrongCase("%s has %d bytes, more than %d", x.Name, len(x.Body), MaxExhibit)
	}
	sum := sha256.Sum256(x.Body)
	x.SHA256 = hex.EncodeToString(sum[:])
	return nil
}

// ReadEvidence hands out a piece of evidence, which is noted. It refuses one that is not as it was taken.
func (i *Incidents) ReadEvidence(ctx context.Context, actor string, id, n uint64) (e Evidence, body []byte, err error) {
	var c *Case
	err = i.needs.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) (err error) {
		if c, err = readCase(ctx, tx, id); err != nil {
			return err
		}
		if n == 0 || n > uint64(len(c.Evidence)) || !c.Evidence[n-1].Kept {
			return fmt.Errorf("%w: case %d keeps no evidence %d", ErrNoCase, id, n)
		}
		var row evidenceRow
		if err := tx.NewSelect().Model(&row).Where("of_case = ? AND id = ?", int64(id), int64(n)).Scan(ctx); err != nil {
			return err
		}
		p := &c.Evidence[n-1]
		if sum := sha256.Sum256(row.Body); hex.EncodeToString(sum[:]) != p.SHA256 {
			return fmt.Errorf("evidence %d of case %d is not as it was taken: its SHA-256 is %x, not %s", n, id, sum, p.SHA256)
		}
		p.Custody = act(p.Custody, Act{i.now(), actor, "read"})
		e, body = *p, row.Body
		return i.writeCase(ctx, tx, c, actor, "read", map[string]string{"evidence": strconv.FormatUint(n, 10), "sha256": p.SHA256})
	})
	if err == nil {
		i.file(c)
	}
	return e, body, err
}
