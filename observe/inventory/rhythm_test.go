package inventory

import (
	"encoding/json"
	"testing"

	"bulwark/platform/db"
	"bulwark/platform/db/dbtest"
)

// A week in which an archive takes images every hour, and an office machine works from eight to four on weekdays.
func fortnight() *day {
	d := &day{}
	for h := range 14 * 24 { // morning is Monday, eight o'clock
		d.flow(h*60, "10.0.0.40", "10.0.0.50", "dicom")
		if h%24 < 8 && h/24%7 < 5 {
			d.flow(h*60+1, "10.0.0.60", "10.0.0.70", "ldap")
		}
	}
	return d
}

func TestRhythm(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		i := open(t, d, Needs{Config: Config{Zone: "UTC"}})
		if err := i.book.read(fortnight().batch.Bytes()); err != nil {
			t.Fatal(err)
		}
		check := func(t *testing.T, i *Inventory) {
			for _, c := range []struct {
				name, addr  string
				week        int // conversations
				mondayEight uint64
				when        When
			}{
				{"the scanner never sleeps", "10.0.0.40", 336, 2, When{true, true}},
				{"nor does the archive", "10.0.0.50", 336, 2, When{true, true}},
				{"the office does", "10.0.0.60", 80, 2, When{}},
			} {
				v, err := i.Show(find(t, i, c.addr).ID)
				if err != nil {
					t.Fatal(err)
				}
				var sum uint64
				for _, row := range v.Rhythm {
					for _, n := range row {
						sum += n
					}
				}
				if sum != uint64(c.week) || v.Rhythm[0][8] != c.mondayEight || v.When == nil || *v.When != c.when {
					t.Errorf("%s: %d, on Monday at eight %d, %+v", c.name, sum, v.Rhythm[0][8], v.When)
				}
			}
			on, err := i.Dependents(find(t, i, "10.0.0.70").ID)
			if err != nil || on.Rhythm[4][15] != 2 || on.Rhythm[5][9] != 0 || *on.When != (When{}) {
				t.Errorf("the directory is asked %+v, %v", on, err)
			}
			if on, err := i.Dependents(find(t, i, "10.0.0.60").ID); err != nil || *on.Rhythm != (Rhythm{}) || on.When != nil {
				t.Errorf("the office serves nobody, and yet is asked %+v, %v", on, err)
			}
		}
		check(t, i)
		if err := i.save(t.Context()); err != nil {
			t.Fatal(err)
		}
		check(t, open(t, d, Needs{Ledger: i.ledger, Config: Config{Zone: "UTC"}}))
	})
}

// A list does not carry the week of each device.
func TestListHasNoRhythm(t *testing.T) {
	i := told(t, ward())
	for _, d := range i.All() {
		text, err := json.Marshal(d)
		if err != nil || d.Rhythm != nil {
			t.Errorf("%s, %v", text, err)
		}
	}
}
