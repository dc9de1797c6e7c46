package identity

import (
	"errors"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"bulwark/platform/clock"
	"bulwark/platform/db/dbtest"
)

func TestAQuestionIsAnsweredOnceInTimeByWhomItWasAsked(t *testing.T) {
	c := clock.NewManual(time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC))
	all := ceremonies{key: [32]byte{1}, clock: c, used: map[string]time.Time{}}
	sealed, err := all.seal("ana", &webauthn.SessionData{Challenge: "x"})
	if err != nil {
		t.Fatal(err)
	}
	if s, err := all.open(sealed, "ana"); err != nil || s.Challenge != "x" {
		t.Errorf("got %+v, %v", s, err)
	}
	other := ceremonies{key: [32]byte{2}, clock: c}
	for name, refused := range map[string]func() error{
		"another person":  func() error { _, err := all.open(sealed, ""); return err },
		"changed":         func() error { _, err := all.open("e30"+sealed, "ana"); return err },
		"of another site": func() error { _, err := other.open(sealed, "ana"); return err },
		"nothing":         func() error { _, err := all.open("", "ana"); return err },
	} {
		if err := refused(); !errors.Is(err, ErrPasskey) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if !all.spend("x") || all.spend("x") {
		t.Error("a question is answered twice, or never")
	}
	c.Add(ceremonyLife + time.Second)
	if _, err := all.open(sealed, "ana"); !errors.Is(err, ErrPasskey) {
		t.Errorf("late: got %v", err)
	}
	if all.spend("y"); len(all.used) != 1 {
		t.Errorf("%d questions are remembered, want 1", len(all.used))
	}
}

func TestPasskeysNeedANameAndAFreshProof(t *testing.T) {
	s := newSite(t, dbtest.SQLite(t))
	r := httptest.NewRequest("POST", "https://10.0.0.5:8443/sign-in/passkey", nil)
	if _, err := s.askWho(r); !errors.Is(err, ErrPasskeyName) {
		t.Errorf("by an address: got %v", err)
	}
	r.Host = "bulwark.chu.example:8443"
	if q, err := s.askWho(r); err != nil || q.Ceremony == "" {
		t.Errorf("by a name: got %+v, %v", q, err)
	}
	old := Person{ID: "p", Login: "ana", Proved: s.clock.Now().Add(-FreshProof)}
	if _, err := s.askNew(r, old); !errors.Is(err, errProve) {
		t.Errorf("long after the sign-in: got %v", err)
	}
	if err := s.dropPasskey(t.Context(), old, "k"); !errors.Is(err, errProve) {
		t.Errorf("removing one: got %v", err)
	}
}

func TestAnsweredQuestionsAreBounded(t *testing.T) {
	c := clock.NewManual(time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC))
	all := ceremonies{clock: c, used: map[string]time.Time{}}
	for n := range manySpent {
		if !all.spend(strconv.Itoa(n)) {
			t.Fatalf("answer %d is refused", n)
		}
	}
	if all.spend("more") || len(all.used) > manySpent {
		t.Errorf("%d are remembered", len(all.used))
	}
	c.Add(ceremonyLife + time.Second)
	if !all.spend("more") || len(all.used) != 1 {
		t.Errorf("%d are remembered after their time", len(all.used))
	}
}
