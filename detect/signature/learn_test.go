package signature

import (
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"bulwark/platform/clock"
)

// Rules about whoever is new are off until it is learnt who there is. Then they know those who were heard by then, and those on
// devices that a person has confirmed since; a program that starts anew knows them still.
func TestItIsLearntWhoThereIs(t *testing.T) {
	begun := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	now := clock.NewManual(begun)
	heard := []Name{}
	n := Needs{Config: Config{Shipped: true, Learning: 7 * 24 * time.Hour}, Dir: t.TempDir(), Clock: now, Log: slog.New(slog.DiscardHandler),
		Names: func() []Name { return heard }}
	b, err := Open(n)
	if err != nil {
		t.Fatal(err)
	}
	hear := func(list, value string, confirmed bool) {
		heard = append(heard, Name{list, value, now.Now(), confirmed})
	}
	check := func(when, dicom, hl7, names string) {
		t.Helper()
		b.learn(t.Context())
		for list, want := range map[string]string{"dicom": dicom, "hl7": hl7} {
			b.mu.RLock()
			e := &b.now.items[b.now.byID[ID{1, map[string]uint32{"dicom": 9009001, "hl7": 9009002}[list]}]]
			state, why := b.state(e, now.Now())
			b.mu.RUnlock()
			if !strings.HasPrefix(state+" "+why.EN, want) {
				t.Errorf("%s the rule of %s is %s: %s; want %s", when, list, state, why.EN, want)
			}
		}
		rules, _ := b.Rules()
		var got string
		for _, f := range rules.Files {
			if f.Name == "bulwark/known-dicom.lst" {
				got = string(f.Text)
			}
		}
		if want := string(KnownList("dicom", strings.Fields(names)).Text); names != "?" && got != want {
			t.Errorf("%s the list is %q, want that of %s", when, got, names)
		}
	}
	if p, err := b.List(t.Context(), url.Values{"q": {"entité applicative inconnue"}}); err != nil || p.Total != 1 || p.Items[0].SID != 9009001 {
		t.Errorf("by its title in French: %d rules, %v, want 9009001", p.Total, err)
	}
	check("before anybody is heard", "disabled It learns who speaks DICOM for 7 days", "disabled", "")
	hear("dicom", "PACS", false)
	hear("dicom", "CT1", false)
	check("on the first day", "disabled It learns who speaks DICOM until 2026-03-09 08:00", "disabled It learns who speaks HL7 for 7 days", "?")
	now.Add(6 * 24 * time.Hour)
	hear("hl7", "LAB", false)
	hear("dicom", "MR1", false)
	check("on the sixth day", "disabled", "disabled It learns who speaks HL7 until 2026-03-15", "?")
	now.Add(24*time.Hour + time.Minute)
	hear("dicom", "HARVEST", false)
	check("after a week", Loaded, Disabled, "CT1 MR1 PACS")
	if b, err = Open(n); err != nil {
		t.Fatal(err)
	}
	check("after a restart", Loaded, Disabled, "CT1 MR1 PACS")
	heard = nil // the inventory has forgotten all
	hear("dicom", "CT2", true)
	check("when a person has confirmed a device", Loaded, Disabled, "CT1 CT2 MR1 PACS")
	now.Add(7 * 24 * time.Hour)
	check("after another week", Loaded, Loaded, "CT1 CT2 MR1 PACS")
	if _, err := b.Decide(t.Context(), Decision{Rules: "1:9009001", Reason: "too loud"}); err != nil {
		t.Fatal(err)
	}
	check("when a person has taken it out", "disabled Taken out of force", Loaded, "?")
	if rules, _ := b.Rules(); !slices.Equal(rules.Off, []ID{{1, 9009003}, {1, 9009001}}) {
		t.Errorf("off are %v, want 9009003, which waits, and 9009001, which a person has taken out", rules.Off)
	}
}

// More names than can be known leave the rule off: it would tell of those that found no room.
func TestTooManyNamesToLearn(t *testing.T) {
	var l learnt
	at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	var all []Name
	for n := range maxNames + 5 {
		all = append(all, Name{List: "hl7", Value: fmt.Sprintf("APP%d", n), First: at})
	}
	l.learn(all, time.Hour)
	if len(l.Names) != maxNames || l.over(time.Hour, at.Add(24*time.Hour)) {
		t.Errorf("%d names are known, and the rule is on: %v", len(l.Names), l.over(time.Hour, at.Add(24*time.Hour)))
	}
}
