package inventory

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"bulwark/observe/inventory/internal/register"
	"bulwark/platform/db/dbtest"
)

// told is an inventory that has read a day.
func told(t *testing.T, d *day) *Inventory {
	t.Helper()
	i := open(t, dbtest.SQLite(t), Needs{})
	if err := i.book.read(d.batch.Bytes()); err != nil {
		t.Fatal(err)
	}
	return i
}

func TestMap(t *testing.T) {
	d := ward()
	d.flow(5, "10.0.0.40", "10.0.0.50", "dicom")
	d.flow(5, "10.0.0.40", "10.0.0.50", "http")
	d.flow(5, "10.0.9.7", "10.0.0.50", "http")
	i := told(t, d)
	for _, c := range []struct {
		sentence string
		by       Grouping
		groups   string
	}{
		{"devices of a network stand together, the largest network first", ByNetwork, "10.0.0.0/24:4 10.0.9.0/24:1 outside:1"},
		{"without a ward all are in one group", ByWard, ":5 outside:1"},
		{"what is not understood means by class", "planet", ":1 domain controller:1 imaging modality:1 pacs:1 workstation:1 outside:1"},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			m := i.Map(c.by)
			var groups []string
			for _, g := range m.Groups {
				name := g.Name
				if g.Outside {
					name = "outside"
				}
				groups = append(groups, fmt.Sprintf("%s:%d", name, g.Count))
			}
			if got := strings.Join(groups, " "); got != c.groups {
				t.Errorf("groups are %q, want %q", got, c.groups)
			}
			in := make([]int, len(m.Groups))
			for _, n := range m.Devices {
				in[n.Group]++
			}
			for n, g := range m.Groups {
				if in[n] != g.Count {
					t.Errorf("group %q holds %d devices, and says %d", g.Name, in[n], g.Count)
				}
			}
		})
	}
	m := i.Map(ByClass)
	var edges []string
	for _, e := range m.Edges {
		var apps []string
		for _, a := range e.Apps {
			apps = append(apps, m.Apps[a])
		}
		edges = append(edges, fmt.Sprintf("%s>%s %s %d", m.Devices[e.From].Name, m.Devices[e.To].Name, strings.Join(apps, ","), e.Conversations))
	}
	slices.Sort(edges)
	want := []string{"10.0.9.7>10.0.0.50 http 1", "ct_room1>10.0.0.50 dicom,http 3", "ward3-pc> tls 1", "ward3-pc>10.0.0.2 krb5,ldap 2"}
	if got := strings.ToLower(strings.Join(edges, "; ")); got != strings.Join(want, "; ") {
		t.Errorf("edges are %q, want %q", got, strings.Join(want, "; "))
	}
}

func TestDependents(t *testing.T) {
	d := ward()
	d.flow(5, "10.0.9.7", "10.0.0.40", "http")  // uses the CT, which uses the archive
	d.flow(5, "10.0.9.8", "10.0.0.50", "dicom") // uses the archive itself
	d.flow(6, "10.0.9.8", "10.0.0.50", "dicom")
	d.flow(6, "10.0.9.8", "10.0.0.40", "http")
	i := told(t, d)
	archive, ct := find(t, i, "10.0.0.50"), find(t, i, "10.0.0.40")
	if _, err := i.Say(t.Context(), "engineer", register.DeviceID(ct.ID), Word{Tier: LifeCritical}); err != nil {
		t.Fatal(err)
	}
	got, err := i.Dependents(archive.ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Direct) != 2 || got.Direct[0].ID != ct.ID || got.Direct[0].Tier.Tier != LifeCritical {
		t.Errorf("the life-critical one is not the first of two that use the archive: %+v", got.Direct)
	}
	if len(got.Indirect) != 1 || got.Indirect[0].Name != "10.0.9.7" || !slices.Equal(got.Indirect[0].Via, []uint64{ct.ID}) {
		t.Errorf("the one that uses the CT alone is not told with the way: %+v", got.Indirect)
	}
	if !slices.Equal(got.Serves, []string{"dicom"}) || got.Outside {
		t.Errorf("serves %v, outside %v, want dicom inside", got.Serves, got.Outside)
	}
	if _, err := i.Dependents(4711); err == nil {
		t.Error("a device that there is not has dependents")
	}
}

func TestChoose(t *testing.T) {
	i := told(t, ward())
	if _, err := i.Say(t.Context(), "engineer", register.DeviceID(find(t, i, "10.0.0.40").ID), Word{Tier: LifeCritical, Ward: "Radiology"}); err != nil {
		t.Fatal(err)
	}
	all := i.list()
	for _, c := range []struct {
		sentence, query, names string
	}{
		{"the most critical stand first, and the proposed before the unknown", "sort=tier", "CT_ROOM1 10.0.0.50 10.0.0.2 ward3-pc"},
		{"by name, whatever the case", "sort=name", "10.0.0.2 10.0.0.50 CT_ROOM1 ward3-pc"},
		{"a proposed tier is not a confirmed one", "tier=1", ""},
		{"a proposed tier is asked for with its mark", "tier=1?", "10.0.0.50 10.0.0.2"},
		{"two values of a facet widen it", "tier=1?&tier=0&sort=name", "10.0.0.2 10.0.0.50 CT_ROOM1"},
		{"unconfirmed takes proposed and unknown ones", "tier=unconfirmed&sort=name", "10.0.0.2 10.0.0.50 ward3-pc"},
		{"a ward narrows", "ward=Radiology", "CT_ROOM1"},
		{"a maker narrows", "vendor=SIEMENS", "CT_ROOM1"},
		{"two facets must both hold", "vendor=SIEMENS&class=printer", ""},
		{"a part of the list", "sort=name&from=1&limit=2", "10.0.0.50 CT_ROOM1"},
		{"behind the end there is nothing", "from=99", ""},
		{"those first seen lately", "since=2026-03-02T08:02:30Z&sort=name", "10.0.0.50 CT_ROOM1"},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			q, err := url.ParseQuery(strings.ReplaceAll(c.query, "?", "%3F"))
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, v := range choose(all, q).Devices {
				names = append(names, v.Name)
			}
			if got := strings.Join(names, " "); got != c.names {
				t.Errorf("%s lists %q, want %q", c.query, got, c.names)
			}
		})
	}
}
