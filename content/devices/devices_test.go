package devices

import (
	"errors"
	"testing"
)

func TestEveryFileIsAFingerprintWithItsSource(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Errorf("got %d fingerprints", len(all))
	}
	for _, f := range all {
		if f.Match.Decoder == "" && f.Match.Protocol != "hl7" && f.Match.Protocol != "astm" {
			t.Errorf("%s: nobody reads %q", f.Name, f.Match.Protocol)
		}
	}
}

func TestAFingerprintThatLacksSomethingIsRefused(t *testing.T) {
	whole := Fingerprint{Name: "a", Vendor: "v", Product: "p", Class: "c", Confidence: "likely", Source: []string{"s"}, Match: Match{Decoder: "d"}}
	if err := whole.check("a"); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Fingerprint){
		"another name": func(f *Fingerprint) { f.Name = "b" }, "no vendor": func(f *Fingerprint) { f.Vendor = "" },
		"no source": func(f *Fingerprint) { f.Source = nil }, "no confidence": func(f *Fingerprint) { f.Confidence = "sure" },
		"nothing to look at": func(f *Fingerprint) { f.Match = Match{} }, "no value": func(f *Fingerprint) { f.Match = Match{Protocol: "hl7"} },
	} {
		f := whole
		change(&f)
		if err := f.check("a"); !errors.Is(err, ErrFingerprint) {
			t.Errorf("%s: got %v, want %v", name, err, ErrFingerprint)
		}
	}
}

func TestNames(t *testing.T) {
	tests := []struct {
		name, value, facility string
		m                     Match
		want                  bool
	}{
		{"a prefix of any case", "mindray_egateway", "", Match{Prefix: "MINDRAY_EGATEWAY"}, true},
		{"an exact value is not a prefix", "Mindray2", "", Match{Exact: "Mindray"}, false},
		{"a facility counts where it is asked for", "VSP", "GE Healthcare", Match{Exact: "VSP", Facility: "GE"}, true},
		{"another facility does not", "VSP", "Hospital", Match{Exact: "VSP", Facility: "GE"}, false},
		{"a shorter value is none", "XN", "", Match{Prefix: "XN-"}, false},
	}
	for _, tt := range tests {
		if got := tt.m.Names(tt.value, tt.facility); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}
