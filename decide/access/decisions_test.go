package access

import (
	"testing"
	"time"

	"bulwark/decide/access/policy"
)

func TestEqualDecisionsWithinTenSecondsOfTheFirstAreOneEvent(t *testing.T) {
	h := newHospital(t)
	ada := h.as("1")
	ask := func() { ada.Decide(policy.ID("Action", "readRecord"), policy.ID("Record", "unheard-of")) }
	waiting := func() int {
		h.asked.mu.Lock()
		defer h.asked.mu.Unlock()
		return len(h.asked.all)
	}
	due := func() { h.tellUntil(h.now.Now().Add(-merge), h.now.Now()) }
	ask()
	h.now.Add(merge - time.Millisecond)
	ask()
	due()
	if h.digest.number != 0 || waiting() != 1 {
		t.Fatalf("before ten seconds: %d events, %d decisions wait", h.digest.number, waiting())
	}
	h.now.Add(time.Millisecond)
	due()
	if h.digest.number != 1 || h.digest.deny != 2 || waiting() != 0 {
		t.Errorf("after ten: %d events of %d decisions, %d wait", h.digest.number, h.digest.deny, waiting())
	}
	ask()
	h.now.Add(-time.Hour)
	due()
	if h.digest.number != 2 {
		t.Error("after the clock was set back it is kept for an hour")
	}
}
