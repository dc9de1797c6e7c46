package names

import (
	"slices"
	"strings"
	"testing"
)

func TestNamesThatTellNoDeviceFromAnother(t *testing.T) {
	g := Load()
	for name, want := range map[string]bool{
		"localhost": true, "vm": true, "ubuntu": true, "android": true, "iphone": true, "printer": true,
		"localhost-live": true, "printer2": false, "": false,
		"ct1": false, "nurse1": false, "printer-117": false, "alices-iphone": false, "android-3f2a9c81d0e4b7a1": false, "desktop-1abc234": false,
		"srv-ubuntu": false, "test-lab-pacs": false, "pacs": false,
	} {
		if got := g.Has(name); got != want {
			t.Errorf("%q tells no device from another: %v, want %v", name, got, want)
		}
	}
}

func TestTheListIsInLowerCaseAndHasEachNameOnce(t *testing.T) {
	var all []string
	for line := range strings.Lines(text) {
		name, source, ok := strings.Cut(line, "#")
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		if !ok || strings.TrimSpace(source) == "" {
			t.Errorf("%q has no source", name)
		}
		if name != strings.ToLower(name) || strings.Contains(name, " ") {
			t.Errorf("%q is not in lower case, or has a space", name)
		}
		all = append(all, name)
	}
	slices.Sort(all)
	for i := range all[1:] {
		if all[i] == all[i+1] {
			t.Errorf("%q is there twice", all[i])
		}
	}
}

func TestMakersAreSaidInShort(t *testing.T) {
	for maker, want := range map[string]string{
		"Cisco Systems, Inc": "Cisco Systems", "Dell Inc.": "Dell", "Axis Communications AB": "Axis Communications", "Micro-Star INTL CO., LTD.": "Micro-Star",
		"LCFC(HeFei) Electronics Technology co., ltd": "LCFC", "Apple, Inc.": "Apple", "AG": "AG", "": "",
	} {
		if got := Short(maker); got != want {
			t.Errorf("%q in short is %q, want %q", maker, got, want)
		}
	}
}
