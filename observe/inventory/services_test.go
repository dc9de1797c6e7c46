package inventory

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"bulwark/event"
	"bulwark/observe/inventory/internal/register"
)

// depending is a hospital in which modalities use an archive, the archive a database, and all of them names.
func depending() *day {
	d := &day{}
	for n := range 3 {
		ct := fmt.Sprintf("10.0.0.%d", 40+n)
		d.flow(n, ct, "10.0.0.50", "dicom")
		d.flow(n, ct, "10.0.0.2", "dns")
	}
	d.flow(4, "10.0.0.40", "10.0.0.3", "dns") // one knows a second server of names
	d.flow(5, "10.0.0.50", "10.0.0.60", "pgsql")
	d.flow(6, "10.0.0.70", "10.0.0.60", "ssh") // looks after it
	d.flow(7, "10.0.0.80", "10.0.0.40", "ssh")
	d.add(8, "10.0.0.90", "10.0.0.60", &event.Flow{Activity: "Close", App: "tcp", BytesOut: 60, BytesIn: 40}) // knocks
	d.add(9, "10.0.0.60", "8.8.8.8", &event.Flow{Activity: "Close", App: "dns", BytesOut: 60, BytesIn: 400})
	return d
}

func hits(all []Dependent) string {
	var out []string
	for _, x := range all {
		s := fmt.Sprintf("%s:%d", x.Name, x.Step)
		if x.Spared {
			s += " spared"
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func TestWhatStops(t *testing.T) {
	i := told(t, depending())
	for _, c := range []struct {
		sentence, device, direct, indirect string
	}{
		{"who uses the archive stops with its database", "10.0.0.60", "10.0.0.50:1, 10.0.0.70:1", "10.0.0.40:2, 10.0.0.41:2, 10.0.0.42:2"},
		{"who looks after a device does not stop with what it uses", "10.0.0.50", "10.0.0.40:1, 10.0.0.41:1, 10.0.0.42:1", ""},
		{"who knows another server of names is told apart", "10.0.0.2", "10.0.0.40:1 spared, 10.0.0.41:1, 10.0.0.42:1", ""},
		{"nobody stops with who knocks", "10.0.0.90", "", ""},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			got, err := i.Dependents(find(t, i, c.device).ID)
			if err != nil {
				t.Fatal(err)
			}
			if direct, indirect := hits(got.Direct), hits(got.Indirect); direct != c.direct || indirect != c.indirect {
				t.Errorf("hit are %q and %q, want %q and %q", direct, indirect, c.direct, c.indirect)
			}
			if got.All != len(got.Direct)+len(got.Indirect) {
				t.Errorf("%d are hit, and %d are told", got.All, len(got.Direct)+len(got.Indirect))
			}
			in := 0
			for n, g := range got.Groups {
				in += g.Count
				for _, p := range g.Through {
					if p >= n || got.Groups[p].Step != g.Step-1 {
						t.Errorf("group %d is hit through %d, which is none of the step before", n, p)
					}
				}
			}
			if in != got.All {
				t.Errorf("the picture holds %d of %d", in, got.All)
			}
		})
	}
}

func TestServices(t *testing.T) {
	i := told(t, depending())
	archive := register.DeviceID(find(t, i, "10.0.0.50").ID)
	if _, err := i.Say(t.Context(), "engineer", archive, Word{Class: "pacs", Tier: ClinicalEssential}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range i.Services() {
		var by []string
		for _, p := range s.Providers {
			by = append(by, fmt.Sprintf("%s/%d", p.Name, p.Users))
		}
		slices.Sort(by)
		told := fmt.Sprintf("%s by %s for %d", s.Name, strings.Join(by, " "), s.Users)
		if s.Outside {
			told += " and outside"
		}
		got = append(got, told)
	}
	want := []string{"pacs by 10.0.0.50/3 for 3", "dns by 10.0.0.2/3 10.0.0.3/1 for 4 and outside", "database by 10.0.0.60/1 for 1", "remote by 10.0.0.40/1 10.0.0.60/1 for 2"}
	if !slices.Equal(got, want) {
		t.Errorf("services are\n%q, want\n%q", got, want)
	}
	names, err := i.ServiceDependents("dns")
	if err != nil {
		t.Fatal(err)
	}
	if hit := hits(names.Direct); hit != "10.0.0.40:1, 10.0.0.41:1, 10.0.0.42:1" || names.Spared != 0 {
		t.Errorf("without any names %q stop, %d of them spared; want three, none spared", hit, names.Spared)
	}
	if _, err := i.ServiceDependents("mail"); !errors.Is(err, ErrNoService) {
		t.Errorf("a service that nobody gives is answered with %v", err)
	}
}
