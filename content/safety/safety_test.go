package safety

import (
	"errors"
	"strings"
	"testing"
)

func TestTheShippedMatrix(t *testing.T) {
	m, _ := Shipped()
	tests := []struct {
		name string
		tier Tier
		e    Effect
		of   Case
		want Needs
	}{
		{"evidence of a ventilator is kept at once", LifeCritical, Evidence, Outside, Auto},
		{"a ventilator is never quarantined", LifeCritical, Quarantine, Outside, Never},
		{"a case that is not named has what is named before it", LifeCritical, Narrow, ClinicalUse, Both},
		{"an office computer is contained at once", Office, Micro, Inside, Auto},
		{"what nobody confirmed waits for a person", Unknown, Micro, Inside, SOC},
		{"what is no tier refuses", Tier(9), Evidence, Outside, Never},
		{"what is no effect refuses", Office, Effect(6), Outside, Never},
		{"what is no case refuses", Office, Evidence, Case(3), Never},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := m.Cell(tt.tier, tt.e).Needs(tt.of); got != tt.want {
				t.Errorf("%v %v %v needs %v, want %v", tt.tier, tt.e, tt.of, got, tt.want)
			}
		})
	}
}

func TestWhatIsRefused(t *testing.T) {
	_, text := Shipped()
	edit := func(old, new string) string { return strings.Replace(string(text), old, new, 1) }
	tests := []struct{ name, text, want string }{
		{"a word that is none", edit("E3: soc+clinical", "E3: soc+clincal"), `safety.yaml:18: tiers.life-critical.E3: "soc+clincal" is none of never, auto`},
		{"a key that is none", edit("  office:", "  ofice:"), "safety.yaml:35: tiers.ofice"},
		{"a cell that is missing", edit("    E5: soc\n", ""), "tiers.office.E5 is missing"},
		{"cases in another order", edit("outside auto, inside soc+clinical", "inside soc, outside auto"), "safety.yaml:17"},
		{"a case after which nothing is said", edit("outside auto, inside soc+clinical", "outside auto, inside"), "safety.yaml:17"},
		{"a newer version", edit("version: 1", "version: 2"), "safety.yaml:12: version: safety: the file is for a newer version"},
		{"no version", edit("version: 1\n", ""), "version: 0 is not 1"},
		{"a budget beyond the ceiling", edit("devices: 5", "devices: 5000"), "safety.yaml:51: budgets.devices: 5000 is not between 0 and 50"},
		{"a budget below nothing", edit("ward: 10", "ward: -1"), "budgets.ward: -1 is not between"},
		{"a budget that is missing", edit("  devices: 5\n", ""), "budgets.devices: -1 is not between"},
		{"no canary", edit("canary: 60s", "canary: 0s"), "canary: 0s is not between"},
		{"nothing", "", "is not 1"},
		{"no YAML", "tiers: [", "safety.yaml"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := Parse([]byte(tt.text), "safety.yaml")
			if err == nil || m != nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q in it and no matrix", err, tt.want)
			}
		})
	}
	if _, err := Parse([]byte(edit("version: 1", "version: 7")), "x"); !errors.Is(err, ErrVersion) {
		t.Errorf("error %v, want %v", err, ErrVersion)
	}
}

func TestStricterNeverLoosens(t *testing.T) {
	for a := range Needs(7) {
		for b := range Needs(7) {
			got := Stricter(a, b)
			if got != Stricter(b, a) {
				t.Errorf("Stricter(%v, %v) = %v, the other way round %v", a, b, got, Stricter(b, a))
			}
			if (a == Never || b == Never || a > Both || b > Both) != (got == Never) {
				t.Errorf("Stricter(%v, %v) = %v", a, b, got)
			}
			if got == Auto && (a != Auto || b != Auto) || got == SOC && (a == Clinical || b == Clinical) || got == Clinical && (a == SOC || b == SOC) {
				t.Errorf("Stricter(%v, %v) = %v loosens one", a, b, got)
			}
		}
	}
}

func TestCellsAreWrittenAsTheyAreRead(t *testing.T) {
	for _, text := range []string{"auto", "soc+clinical", "never", "outside auto, inside soc, clinical soc+clinical"} {
		var c, again Cell
		if err := c.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
		out, _ := c.MarshalText()
		if err := again.UnmarshalText(out); err != nil || again != c {
			t.Errorf("%q is written as %q, which reads %v (%v), want %v", text, out, again, err, c)
		}
	}
}

func FuzzParse(f *testing.F) {
	_, text := Shipped()
	f.Add(text)
	f.Add([]byte("version: 1\ntiers:\n  office:\n    E0: outside"))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := Parse(text, "x")
		if (m == nil) == (err == nil) {
			t.Fatalf("matrix %v with error %v", m, err)
		}
	})
}
