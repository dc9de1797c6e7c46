package incident

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"bulwark/decide/incident/law"
	"bulwark/platform/db"
	"bulwark/platform/db/dbtest"
	"bulwark/platform/sheet"
)

func TestCases(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		i, now := open(t, d, Needs{Proofs: drawer{}})
		f := &told{at: morning}
		f.add(1, 1, "critical", 7, 1, "")
		hear(t, i, f)
		if err := i.keep(t.Context()); err != nil {
			t.Fatal(err)
		}
		c, err := i.OpenCase(t.Context(), "person:1", "A gateway was attacked", []uint64{1})
		if err != nil {
			t.Fatal(err)
		}
		now.Add(time.Hour)
		title, note := "The infusion gateway was attacked", "Called the ward."
		c, err = i.ChangeCase(t.Context(), "person:1", c.ID, CaseAsk{Rev: c.Rev, Title: &title, Note: &note, Task: &Task{Text: "Look at its log"},
			Facts: &law.Facts{Aware: morning, Significant: true}, Fields: map[string]string{"organisation": "CH d’Essai"}})
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Tasks) != 1 || c.Tasks[0].ID != 1 || len(c.Notes) != 1 || c.Clocks[1].Due != morning.Add(24*time.Hour) || !c.Clocks[1].Applies {
			t.Errorf("changed: %+v", c)
		}
		if _, err := i.ChangeCase(t.Context(), "person:2", c.ID, CaseAsk{Rev: 1, Note: &note}); !errors.Is(err, ErrEdited) {
			t.Errorf("changed as it was before: %v", err)
		}
		for _, x := range []Exhibit{{Kind: "incident", Ref: 1}, {Kind: "file", Name: "dump", Body: []byte("bytes")},
			{Kind: "reference", Name: "disk 7", SHA256: strings.Repeat("AB", 32)}} {
			if c, err = i.AddEvidence(t.Context(), "person:1", c.ID, x); err != nil {
				t.Fatalf("%s: %v", x.Kind, err)
			}
		}
		e, body, err := i.ReadEvidence(t.Context(), "person:2", c.ID, 2)
		if err != nil || string(body) != "bytes" || e.SHA256 != "277089d91c0bdf4f2e6862ba7e4a07605119431f5d13f726dd352b06f1b206a9" || len(e.Custody) != 2 {
			t.Errorf("read: %+v %q %v", e, body, err)
		}
		if _, _, err := i.ReadEvidence(t.Context(), "person:2", c.ID, 3); !errors.Is(err, ErrNoCase) {
			t.Errorf("what is kept elsewhere is read: %v", err)
		}
		snapshotOf(t, i, c.ID)
		tampered(t, i, d, c.ID)
		papers(t, i, c.ID)
		o, _ := open(t, d, Needs{})
		if v, err := o.Show(1); err != nil || v.Case != c.ID {
			t.Errorf("the incident, taken up again: case %d, %v", v.Case, err)
		}
		if got, want := o.Cases(CaseQuery{Limit: 9}), i.Cases(CaseQuery{Limit: 9}); !reflect.DeepEqual(got, want) || got.Items[0].Tasks != 1 {
			t.Errorf("cases, taken up again: %+v, want %+v", got, want)
		}
	})
}

// drawer hands out proofs.
type drawer struct{}

func (drawer) Finding(_ context.Context, id uint64) ([]byte, error) {
	return fmt.Appendf(nil, `{"id":%d,"events":["one"]}`, id), nil
}

func (drawer) Packets(context.Context, uint64) (any, error) {
	return []string{"a segment with its sum"}, nil
}

// snapshotOf keeps incident 1 with its findings and packets, as they are.
func snapshotOf(t *testing.T, i *Incidents, id uint64) {
	t.Helper()
	c, err := i.AddEvidence(t.Context(), "person:1", id, Exhibit{Kind: "snapshot", Ref: 1})
	if err != nil {
		t.Fatal(err)
	}
	_, body, err := i.ReadEvidence(t.Context(), "person:1", id, uint64(len(c.Evidence)))
	if err != nil {
		t.Fatal(err)
	}
	var s snapshot
	if err := json.Unmarshal(body, &s); err != nil || !strings.Contains(string(s.Incident), `"id":1`) || len(s.Findings) != 1 || string(s.Findings[0]) != `{"id":1,"events":["one"]}` ||
		fmt.Sprint(s.Packets) != "[a segment with its sum]" {
		t.Errorf("the snapshot is %s (%v)", body, err)
	}
}

// tampered tries to read evidence that somebody changed.
func tampered(t *testing.T, i *Incidents, d *db.DB, id uint64) {
	t.Helper()
	if err := d.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewUpdate().Model((*evidenceRow)(nil)).Set("body = ?", []byte("other")).Where("of_case = ? AND id = 2", int64(id)).Exec(ctx)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := i.ReadEvidence(t.Context(), "person:2", id, 2); err == nil || !strings.Contains(err.Error(), "not as it was taken") {
		t.Errorf("evidence that was changed is read: %v", err)
	}
}

// papers looks at what is printed.
func papers(t *testing.T, i *Incidents, id uint64) {
	t.Helper()
	var b bytes.Buffer
	if err := i.Report(t.Context(), &b, id, true, false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"The infusion gateway was attacked", "a déclenché « Rule 1 » contre Infusion gateway", "NIS2, alerte précoce", "Called the ward.", "277089d9", "Conservation"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the report does not hold %q", want)
		}
	}
	v, err := i.Declaration(t.Context(), id, law.Step{To: "nis2", Stage: "early"})
	if err != nil {
		t.Fatal(err)
	}
	missing := ""
	for _, f := range v.Fields {
		if f.Missing {
			missing += f.ID + " "
		}
	}
	check(t, "what nobody said yet", missing, "contact malicious crossborder ")
	p := &paper{FR: true, Declaration: &v}
	b.Reset()
	if err := p.print(&b, "declaration.html"); err != nil || !strings.Contains(b.String(), "CH d’Essai") {
		t.Errorf("the draft: %v\n%s", err, &b)
	}
	b.Reset()
	if err := p.draft(&b); err != nil || !bytes.HasPrefix(b.Bytes(), []byte("%PDF-")) {
		t.Errorf("the draft as a PDF: %v", err)
	}
	b.Reset()
	if err := i.Report(t.Context(), &b, id, true, true); err != nil {
		t.Fatal(err)
	}
	readPDF(t, b.Bytes(), "The infusion gateway was attacked", "NIS2, alerte précoce", "Called the ward.", "277089d9", "Conservation", "Ce qui s’est passé")
	if _, err := i.Declaration(t.Context(), id, law.Step{To: "nobody"}); !errors.Is(err, ErrCaseAsk) {
		t.Errorf("declared to nobody: %v", err)
	}
}

// readPDF looks for words in a PDF as another program reads it, where there is one.
func readPDF(t *testing.T, pdf []byte, words ...string) {
	t.Helper()
	if !bytes.HasPrefix(pdf, []byte("%PDF-")) || !bytes.HasSuffix(bytes.TrimSpace(pdf), []byte("%%EOF")) {
		t.Fatalf("%d bytes are no PDF", len(pdf))
	}
	reader, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Log("pdftotext of poppler-utils is not here: the PDF was not read back")
		return
	}
	cmd := exec.CommandContext(t.Context(), reader, "-layout", "-enc", "UTF-8", "-", "-")
	cmd.Stdin = bytes.NewReader(pdf)
	text, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	for _, w := range words {
		if !strings.Contains(string(text), w) {
			t.Errorf("the PDF does not hold %q:\n%s", w, text)
		}
	}
}

// What is longer than a page goes on on the next, and what is longer than a table may be is counted.
func TestALongReport(t *testing.T) {
	p := &paper{Printed: morning, Case: Case{ID: 1, Title: "Long", Notes: []Note{{Text: strings.Repeat("A long note, œuvre. ", 2000)}}}}
	d := Detail{}
	for n := range sheet.MostRows + 7 {
		d.Story = append(d.Story, Sentence{At: morning, Text: both(fmt.Sprint("sentence ", n, " ", strings.Repeat("x", 300)))})
	}
	d.Story[0].Text = both(strings.Repeat("higher than a page ", 1000))
	p.Incidents = []Detail{d}
	var b, again bytes.Buffer
	if err := errors.Join(p.pdf(&b), p.pdf(&again)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Error("the same case prints two PDFs")
	}
	readPDF(t, b.Bytes(), "Further rows: 7", "sentence 1999", "/ ")
}

// TestCaseList reads lists of cases page by page.
func TestCaseList(t *testing.T) {
	at := func(hours int) *law.Clock { return &law.Clock{Due: morning.Add(time.Duration(hours) * time.Hour)} }
	i := &Incidents{listed: map[uint64]CaseItem{
		1: {ID: 1, Status: Open}, 2: {ID: 2, Status: Open, Clock: at(9), Owner: "person:1"}, 3: {ID: 3, Status: Closed}, 4: {ID: 4, Status: Open},
		5: {ID: 5, Status: Open, Clock: at(3)}, 6: {ID: 6, Status: Open, Clock: at(9)},
	}}
	for _, tt := range []struct {
		name  string
		q     CaseQuery
		want  []uint64
		total int
		next  string
	}{
		{"the clock that runs out first is on top, what is closed last", CaseQuery{Limit: 9}, []uint64{5, 6, 2, 4, 1, 3}, 6, ""},
		{"a page names the next one", CaseQuery{Limit: 2}, []uint64{5, 6}, 6, "6"},
		{"which goes on there", CaseQuery{Limit: 4, After: 6}, []uint64{2, 4, 1, 3}, 6, ""},
		{"of a person", CaseQuery{Limit: 9, Owner: "person:1"}, []uint64{2}, 1, ""},
		{"of a status", CaseQuery{Limit: 9, Status: "closed"}, []uint64{3}, 1, ""},
	} {
		p := i.Cases(tt.q)
		var got []uint64
		for _, c := range p.Items {
			got = append(got, c.ID)
		}
		if !slices.Equal(got, tt.want) || p.Total != tt.total || p.Next != tt.next {
			t.Errorf("%s: got %d of %d, next %q, want %d of %d, next %q", tt.name, got, p.Total, p.Next, tt.want, tt.total, tt.next)
		}
	}
}
