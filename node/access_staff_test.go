package node

import (
	"slices"
	"testing"

	"bulwark/decide/identity"
	"bulwark/platform/pseudonym"
)

func TestStaffAreKnownAgainInMessages(t *testing.T) {
	key := [32]byte{7}
	events, b := pseudonym.New(key), newStaffBook(key)
	for _, c := range []struct {
		known          identity.Known
		number, name   string
		family         string
		isNot, notOfIt string
	}{
		{identity.Known{Login: "adurand", Name: "Ana Durand"}, "ADURAND", "DURAND^ANA", "Durand^Paul", "DURAND^PAUL", "ANA^X"},
		{identity.Known{Login: "x", Name: "Dr DURAND Ana", National: "810101234567"}, "10101234567", "DURAND^ANA^^^DR", "DURAND^LUC", "DURAND^LUC", "ANA^LUC"},
		{identity.Known{Login: "x", Name: "Ana Maria da Silva", National: "810101234567"}, "810101234567", "DA SILVA^ANA MARIA", "Silva^Luc", "SILVA^LUC", "ANA^LUC"},
	} {
		m := b.of(&c.known)
		has := func(all []string, p []byte) bool { return slices.Contains(all, string(p)) }
		if !has(m.numbers, events.Staff(nil, []byte(c.number))) || has(m.numbers, events.Staff(nil, []byte("4711"))) {
			t.Errorf("%s: numbers", c.known.Name)
		}
		if !has(m.names, events.Name(nil, []byte(c.name))) || has(m.names, events.Name(nil, []byte(c.isNot))) {
			t.Errorf("%s: names", c.known.Name)
		}
		if !has(m.families, events.Family(nil, []byte(c.family))) || has(m.families, events.Family(nil, []byte(c.notOfIt))) {
			t.Errorf("%s: families", c.known.Name)
		}
	}
	if m := b.of(&identity.Known{Login: "admin", Name: "admin"}); len(m.names) != 0 || len(m.families) != 0 || len(m.numbers) != 1 {
		t.Errorf("who has no name: %+v", m)
	}
}
