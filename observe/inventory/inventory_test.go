package inventory

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bulwark/event"
	"bulwark/observe/inventory/internal/register"
	"bulwark/platform/clock"
	"bulwark/platform/db"
	"bulwark/platform/db/dbtest"
	"bulwark/platform/health"
	"bulwark/platform/keys"
	"bulwark/platform/ledger"
)

var morning = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// day makes a batch of what a small ward does.
type day struct {
	batch event.Batch
	n     uint64
}

func (d *day) add(minute int, src, dst string, p event.Payload) {
	if d.batch.Len() == 0 {
		d.n++
		d.batch.Reset("sensor", "site", d.n)
	}
	h := event.Header{Time: morning.Add(time.Duration(minute) * time.Minute).UnixNano(), Proto: 6}
	h.Src, _ = netip.ParseAddr(src)
	h.Dst, _ = netip.ParseAddr(dst)
	d.batch.Add(&h, p)
}

func (d *day) flow(minute int, src, dst, app string) {
	d.add(minute, src, dst, &event.Flow{Activity: "Close", App: app, BytesOut: 100, BytesIn: 2000, State: "closed"})
}

func ward() *day {
	d := &day{}
	d.add(0, "0.0.0.0", "255.255.255.255", &event.DHCP{Message: "ack", MAC: "00:11:22:33:44:55", Assigned: "10.0.0.20", Hostname: "WARD3-PC.hosp.example"})
	d.add(1, "10.0.0.2", "", &event.Asset{Role: "kerberos kdc", Source: "krb5"})
	d.flow(1, "10.0.0.20", "10.0.0.2", "krb5")
	d.flow(2, "10.0.0.20", "10.0.0.2", "ldap")
	d.flow(2, "10.0.0.20", "93.184.216.34", "tls")
	d.add(3, "10.0.0.40", "", &event.Asset{Vendor: "SIEMENS", Model: "SOMATOM go.Top", Serial: "11026", Software: "VA30A", AETitle: "CT_ROOM1", Source: "dicom"})
	d.add(4, "10.0.0.40", "10.0.0.50", &event.DICOM{Activity: "Store", Modality: "CT", Source: "requestor"})
	d.flow(4, "10.0.0.40", "10.0.0.50", "dicom")
	return d
}

func open(t *testing.T, d *db.DB, n Needs) *Inventory {
	t.Helper()
	n.DB, n.Clock, n.Log = d, clock.NewManual(morning), slog.New(slog.DiscardHandler)
	if n.Ledger == nil {
		k, err := keys.Open(filepath.Join(t.TempDir(), "keys"))
		if err != nil {
			t.Fatal(err)
		}
		n.Ledger, err = ledger.Open(t.Context(), ledger.Needs{DB: d, Clock: n.Clock, Origin: "bulwark/test/ledger", Key: k.Signing("ledger"),
			Keeper: ledger.File(filepath.Join(t.TempDir(), "heads")), Health: health.NewTracker(n.Clock)})
		if err != nil {
			t.Fatal(err)
		}
	}
	i, err := New(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// text is all that an inventory shows.
func text(t *testing.T, i *Inventory) string {
	t.Helper()
	b, err := json.Marshal(i.All())
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func find(t *testing.T, i *Inventory, addr string) Device {
	t.Helper()
	for _, d := range i.All() {
		for _, a := range d.Addresses {
			if a.Now && a.Addr.String() == addr {
				return d
			}
		}
	}
	t.Fatalf("no device is at %s", addr)
	return Device{}
}

func TestInventory(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		i := open(t, d, Needs{})
		if err := i.book.read(ward().batch.Bytes()); err != nil {
			t.Fatal(err)
		}
		if got := len(i.All()); got != 4 {
			t.Fatalf("%d devices, want 4: %+v", got, i.All())
		}
		if pc := find(t, i, "10.0.0.20"); pc.Name != "ward3-pc" || pc.MACs[0] != "00:11:22:33:44:55" || strings.Join(pc.Uses, " ") != "krb5 ldap tls" {
			t.Errorf("the workstation: %+v", pc)
		}
		if dc := find(t, i, "10.0.0.2"); dc.Class.Name != "domain controller" || dc.Class.Sure != "certain" || dc.Tier.Tier != NotKnown || dc.Tier.Proposed != ClinicalEssential {
			t.Errorf("the domain controller: %+v", dc)
		}
		if ct := find(t, i, "10.0.0.40"); ct.Vendor != "SIEMENS" || ct.Model != "SOMATOM go.Top" || ct.Serial != "11026" || ct.Name != "CT_ROOM1" {
			t.Errorf("the scanner: %+v", ct)
		}
		uses, err := i.Uses(find(t, i, "10.0.0.2").ID)
		if err != nil || len(uses) != 2 || !uses[0].Gives || uses[0].Name != "ward3-pc" {
			t.Errorf("uses of the domain controller: %+v, %v", uses, err)
		}
		t.Run("people", func(t *testing.T) { people(t, i) })
		if err := i.save(t.Context()); err != nil {
			t.Fatal(err)
		}
		again := open(t, d, Needs{Ledger: i.ledger})
		if a, b := text(t, i), text(t, again); a != b {
			t.Errorf("taken up again\n%s\nwant\n%s", b, a)
		}
	})
}

func people(t *testing.T, i *Inventory) {
	ct := find(t, i, "10.0.0.40")
	w := Word{Name: " CT room 1 ", Tier: LifeCritical, Ward: "Radiology", Confirmed: morning}
	said, err := i.Say(t.Context(), ledger.Person("ana"), register.DeviceID(ct.ID), w)
	if err != nil || said.Rev != 1 {
		t.Fatalf("said %+v, %v", said, err)
	}
	if got := find(t, i, "10.0.0.40"); got.Name != "CT room 1" || got.Tier.Tier != LifeCritical || got.Word.By != "person:ana" {
		t.Errorf("after a person's word: %+v", got)
	}
	if _, err := i.Say(t.Context(), ledger.Person("bob"), register.DeviceID(ct.ID), w); !errors.Is(err, ErrEdited) {
		t.Errorf("two at once: %v", err)
	}
	for _, bad := range []Word{{Tier: 7}, {Class: "teapot"}, {Name: strings.Repeat("x", 201)}, {Ward: "\xff"}} {
		if _, err := i.Say(t.Context(), ledger.Person("ana"), register.DeviceID(ct.ID), bad); !errors.Is(err, ErrWord) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if _, err := i.Say(t.Context(), ledger.Person("ana"), 4711, Word{}); !errors.Is(err, ErrNoDevice) {
		t.Errorf("a device that is not there: %v", err)
	}
}

// Where the database cannot be written for a while, nothing that was learnt is lost.
func TestSaveAfterTrouble(t *testing.T) {
	d := dbtest.SQLite(t)
	i := open(t, d, Needs{})
	if err := i.book.read(ward().batch.Bytes()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := i.save(ctx); err == nil {
		t.Fatal("a write that was given up went well")
	}
	if err := i.save(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a, b := text(t, i), text(t, open(t, d, Needs{Ledger: i.ledger})); a != b {
		t.Errorf("taken up again\n%s\nwant\n%s", b, a)
	}
}
