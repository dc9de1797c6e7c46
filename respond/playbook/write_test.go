package playbook

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"bulwark/platform/db"
	"bulwark/platform/db/dbtest"
)

// shelf keeps playbooks in memory; full, when set, is what it answers.
type shelf struct {
	fstest.MapFS
	full error
}

func (s *shelf) Put(name string, text []byte) error {
	if s.full == nil {
		s.MapFS[name] = &fstest.MapFile{Data: text}
	}
	return s.full
}

func (s *shelf) Remove(name string) error {
	delete(s.MapFS, name)
	return nil
}

const mine = "form: 1\nid: mine\ntitle: {en: a, fr: b}\nwhen: {severity: high}\nsteps:\n  - {id: x, do: tell, title: {en: a, fr: b}}\n"

func TestAPlaybookIsKeptOnlyWhenItIsSound(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := &world{}
		p := open(t, d, w)
		s := &shelf{MapFS: fstest.MapFS{}}
		p.needs.Own = s
		for _, c := range []struct{ what, id, text, why, want string }{
			{"text with a wrong line names it", "mine", strings.Replace(mine, "high", "hgh", 1), "ours", "playbook:4: when.severity"},
			{"a playbook of another id", "other", mine, "ours", `"mine" and not "other"`},
			{"no reason", "mine", mine, " ", "reason"},
			{"an act that nothing here does", "mine", strings.Replace(mine, "do: tell", "do: contain, act: fly, of: outside, minutes: 5", 1), "ours", `"fly"`},
			{"more than there is room for", "mine", strings.Repeat("#", mostText+1), "ours", "at most"},
		} {
			if err := p.Put(t.Context(), "person:a", c.id, c.text, c.why); !errors.Is(err, ErrAsk) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v, want %q", c.what, err, c.want)
			}
		}
		s.full = errors.New("disk full")
		if err := p.Put(t.Context(), "person:a", "mine", mine, "ours"); !errors.Is(err, s.full) {
			t.Errorf("a disk that is full: %v", err)
		}
		if _, err := p.file("mine"); !errors.Is(err, ErrNoPlaybook) {
			t.Errorf("what was refused is there: %v", err)
		}
		s.full = nil
		must(t, p.Put(t.Context(), "person:a", "mine", mine, "ours"))
		f, err := p.file("mine")
		must(t, err)
		if f.Text != mine || f.Shipped {
			t.Errorf("it is kept as %+v", f)
		}
	})
}

func TestARemovedPlaybookGivesWayToTheShippedOne(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := open(t, d, &world{})
		p.needs.Own = &shelf{MapFS: fstest.MapFS{}}
		must(t, p.Put(t.Context(), "person:a", "ransomware", strings.Replace(mine, "id: mine", "id: ransomware", 1), "ours"))
		if f, err := p.file("ransomware"); err != nil || f.Shipped {
			t.Fatalf("the own one is not in its place: %v", err)
		}
		must(t, p.Remove(t.Context(), "person:a", "ransomware", "no longer"))
		if f, err := p.file("ransomware"); err != nil || !f.Shipped {
			t.Errorf("the shipped one is not in its place again: %v", err)
		}
		if err := p.Remove(t.Context(), "person:a", "ransomware", "no longer"); !errors.Is(err, ErrAsk) {
			t.Errorf("a shipped one was removed: %v", err)
		}
	})
}

// A file that is broken while the program is away freezes, and leaves what it was in force.
func TestTheLastGoodPlaybookStays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := open(t, d, &world{})
		s := &shelf{MapFS: fstest.MapFS{}}
		p.needs.Own = s
		must(t, p.Put(t.Context(), "person:a", "mine", mine, "ours"))
		broken := strings.Replace(mine, "high", "hgh", 1)
		s.MapFS["mine.yaml"] = &fstest.MapFile{Data: []byte(broken)}
		again := open(t, d, &world{})
		again.needs.Own = s
		must(t, again.reload(t.Context()))
		f, err := again.file("mine")
		must(t, err)
		if f.Text != mine || again.Unread() == "" {
			t.Errorf("it stays as %q, unread %q", f.Text, again.Unread())
		}
		all, err := again.List(t.Context())
		must(t, err)
		for _, v := range all {
			if v.ID == "mine" && (v.Stale == "" || v.Text != broken || v.Error != "") {
				t.Errorf("people see %+v", v)
			}
		}
		must(t, again.Put(t.Context(), "person:a", "mine", mine+"# mended\n", "mended"))
		if f, err := again.file("mine"); err != nil || !strings.Contains(f.Text, "mended") || len(again.shelf.Load().stale) != 0 {
			t.Errorf("mended it is %+v (%v)", f, err)
		}
		if again.Unread() != "" {
			t.Errorf("mended it freezes: %s", again.Unread())
		}
		s.MapFS["other.yaml"] = &fstest.MapFile{Data: []byte(broken)}
		must(t, again.reload(t.Context()))
		if again.Unread() == "" {
			t.Error("one that never could be read freezes nothing")
		}
		must(t, again.Remove(t.Context(), "person:a", "mine", "no longer"))
		s.MapFS["mine.yaml"] = &fstest.MapFile{Data: []byte(broken)}
		must(t, again.reload(t.Context()))
		if _, err := again.file("mine"); err == nil {
			t.Error("what was removed goes on")
		}
	})
}
