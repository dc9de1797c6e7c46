package access

import (
	"errors"
	"fmt"
	"testing"
)

func TestWhereCareTeamsAreFullSomebodyStillLeavesOne(t *testing.T) {
	h := newHospital(t)
	if err := h.SetTeam(t.Context(), "host", "1", "p~1", true); err != nil {
		t.Fatal(err)
	}
	for n := len(h.teams); n < mostTeams; n++ {
		h.teams[fmt.Sprint("team", n)] = &Team{Person: "2", Patient: "p~2"}
	}
	if err := h.SetTeam(t.Context(), "host", "1", "p~3", true); !errors.Is(err, ErrAsk) {
		t.Errorf("one more than are kept: %v", err)
	}
	if err := h.SetTeam(t.Context(), "host", "1", "p~1", false); err != nil {
		t.Error(err)
	}
}
