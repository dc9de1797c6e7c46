package inventory

import (
	"errors"
	"strings"
	"testing"

	"bulwark/observe/inventory/internal/register"
	"bulwark/platform/db/dbtest"
	"bulwark/platform/ledger"
)

func TestImport(t *testing.T) {
	i := open(t, dbtest.SQLite(t), Needs{})
	if err := i.book.read(ward().batch.Bytes()); err != nil {
		t.Fatal(err)
	}
	table := "\xef\xbb\xbfN° inventaire;Numéro de série;Adresse MAC;Service;Criticité;Prix\n" +
		"E-1;11026;;Radiologie;1;900000\n" +
		"E-2;;00-11-22-33-44-55;Médecine;3;700\n" +
		"E-3;nobody;;Bloc;0;1\n" +
		"E-4;11026;;Bloc;9;1\n"
	p, err := i.Import(t.Context(), ledger.Person("ana"), []byte(table), Terms{})
	if err != nil {
		t.Fatal(err)
	}
	if p.Matched != 2 || p.Changing != 2 || p.Unmatched != 2 || strings.Join(p.Ignored, " ") != "Prix" {
		t.Errorf("the preview: %+v", p)
	}
	if got := find(t, i, "10.0.0.40"); got.Word.Rev != 0 {
		t.Errorf("a preview has changed %+v", got.Word)
	}
	if _, err := i.Import(t.Context(), ledger.Person("ana"), []byte(table), Terms{Apply: true}); err != nil {
		t.Fatal(err)
	}
	ct := find(t, i, "10.0.0.40")
	if ct.Word.Ward != "Radiologie" || ct.Word.Reference != "E-1" || ct.Tier.Tier != ClinicalEssential || ct.Tier.Confirmed != morning {
		t.Errorf("the scanner: %+v", ct)
	}
	var out strings.Builder
	if err := WriteCSV(&out, i.All()); err != nil {
		t.Fatal(err)
	}
	p, err = i.Import(t.Context(), ledger.Person("ana"), []byte(out.String()), Terms{Apply: true})
	if err != nil || p.Unmatched != 0 {
		t.Errorf("the export is imported again: %+v, %v", p, err)
	}
	if again := find(t, i, "10.0.0.40"); again.Word.Ward != "Radiologie" {
		t.Errorf("after that: %+v", again)
	}
}

func TestImportRefuses(t *testing.T) {
	i := open(t, dbtest.SQLite(t), Needs{})
	for _, x := range []struct{ name, table, want string }{
		{"nothing", "", "it is empty"},
		{"no way to know the device", "ward,owner\nA,B\n", "line 1: no column tells"},
		{"a column twice", "serial,sn\n1,2\n", `line 1, column 2: "sn" is a second column for serial`},
		{"a line with too many fields", "serial,ward\n1,A\n2,B,C\n", "line 3, column 3: 3 fields, where the first line has 2"},
		{"a quote in the middle", "serial,ward\n1,A\n2,\"B\"C\n", "line 3, column 5"},
		{"another encoding", "serial,ward\n1,M\xe9decine\n", "it is not UTF-8"},
	} {
		t.Run(x.name, func(t *testing.T) {
			_, err := i.Import(t.Context(), ledger.Person("ana"), []byte(x.table), Terms{Apply: true})
			if !errors.Is(err, ErrImport) || !strings.Contains(err.Error(), x.want) {
				t.Errorf("got %v, want %s", err, x.want)
			}
		})
	}
}

func FuzzImport(f *testing.F) {
	f.Add([]byte("serial,ward\n1,A\n"))
	f.Add([]byte("N° inventaire;Adresse MAC\nE;00-11\n"))
	f.Fuzz(func(t *testing.T, table []byte) {
		_, _, err := readTable(table)
		if err != nil && !errors.Is(err, ErrImport) {
			t.Errorf("an error of another kind: %v", err)
		}
	})
}

func TestExport(t *testing.T) {
	i := open(t, dbtest.SQLite(t), Needs{})
	if err := i.book.read(ward().batch.Bytes()); err != nil {
		t.Fatal(err)
	}
	for format, want := range map[string]string{"csv": "SOMATOM go.Top", "json": `"serial": "11026"`, "cyclonedx": `"specVersion": "1.6"`,
		"ocsf": `"class_uid":5001`, "ecs": `"serial_number":"11026"`} {
		var out strings.Builder
		if err := Export(&out, format, i.All(), morning); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("%s: no %s, %v in\n%s", format, want, err, out.String())
		}
	}
	if err := Export(new(strings.Builder), "xml", nil, morning); err == nil {
		t.Error("a form that there is not was written")
	}
}

func TestImportChoice(t *testing.T) {
	i := told(t, ward())
	ct, pc, names := find(t, i, "10.0.0.40").ID, find(t, i, "10.0.0.20").ID, find(t, i, "10.0.0.2").ID
	known := finder{"hostname": {"kiosk": {ct, pc}, "ward3-pc": {pc}}, "serial": {"11026": {ct}}, "address": {"10.0.0.20": {pc}, "10.0.0.2": {names}}}
	for _, c := range []struct {
		sentence string
		values   map[string]string
		chosen   uint64
		code     string
		device   uint64
		choices  int
	}{
		{"a name of two devices is to be chosen", map[string]string{"hostname": "kiosk"}, 0, "several", 0, 2},
		{"the address tells which of two is meant", map[string]string{"hostname": "kiosk", "address": "10.0.0.20"}, 0, "", pc, 0},
		{"the one that was chosen is meant", map[string]string{"hostname": "kiosk"}, pc, "", pc, 2},
		{"a serial number and a name of different devices are to be chosen", map[string]string{"serial": "11026", "hostname": "ward3-pc"}, 0, "differ", 0, 2},
		{"an address is not held against a serial number", map[string]string{"serial": "11026", "address": "10.0.0.2"}, 0, "", ct, 0},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			r, err := i.plan(&line{2, c.values}, known, c.chosen)
			if err != nil || r.Code != c.code || r.Device != c.device || len(r.Choices) != c.choices {
				t.Errorf("got %+v, %v; want device %d, code %q, %d choices", r, err, c.device, c.code, c.choices)
			}
		})
	}
	var table *TableError
	if _, err := i.plan(&line{2, map[string]string{"hostname": "kiosk"}}, known, names); !errors.As(err, &table) || table.Line != 2 {
		t.Errorf("a device that the line cannot mean was chosen: %v", err)
	}
}

func TestImportIsHeldToWhatWasLookedAt(t *testing.T) {
	i := told(t, ward())
	csv := []byte("serial,ward\n11026,Hall\n")
	p, err := i.Import(t.Context(), ledger.Person("ana"), csv, Terms{})
	if err != nil {
		t.Fatal(err)
	}
	ct := register.DeviceID(find(t, i, "10.0.0.40").ID)
	if _, err := i.Say(t.Context(), ledger.Person("bob"), ct, Word{Ward: "Attic", Tier: NotKnown}); err != nil {
		t.Fatal(err)
	}
	if _, err := i.Import(t.Context(), ledger.Person("ana"), csv, Terms{Apply: true, Plan: p.Plan}); !errors.Is(err, ErrEdited) {
		t.Errorf("what was looked at is no more, and yet is done: %v", err)
	}
	if now := find(t, i, "10.0.0.40"); now.Word.Ward != "Attic" {
		t.Errorf("the ward is %q, want Attic as before", now.Word.Ward)
	}
}
