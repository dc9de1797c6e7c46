package inventory

import (
	"errors"
	"strings"
	"testing"

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
	p, err := i.Import(t.Context(), ledger.Person("ana"), []byte(table), false)
	if err != nil {
		t.Fatal(err)
	}
	if p.Matched != 2 || p.Changing != 2 || p.Unmatched != 2 || strings.Join(p.Ignored, " ") != "Prix" {
		t.Errorf("the preview: %+v", p)
	}
	if got := find(t, i, "10.0.0.40"); got.Word.Rev != 0 {
		t.Errorf("a preview has changed %+v", got.Word)
	}
	if _, err := i.Import(t.Context(), ledger.Person("ana"), []byte(table), true); err != nil {
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
	p, err = i.Import(t.Context(), ledger.Person("ana"), []byte(out.String()), true)
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
		{"a line with too many fields", "serial,ward\n1,A\n2,B,C\n", "line 3, column 1: wrong number of fields"},
		{"a quote in the middle", "serial,ward\n1,A\n2,\"B\"C\n", "line 3, column 5"},
		{"another encoding", "serial,ward\n1,M\xe9decine\n", "it is not UTF-8"},
	} {
		t.Run(x.name, func(t *testing.T) {
			_, err := i.Import(t.Context(), ledger.Person("ana"), []byte(x.table), true)
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
