package child

import (
	"fmt"
	"testing"
)

func TestAWorkerHearsWhatOthersLearnt(t *testing.T) {
	var j journal
	var got []string
	hear := func(authority, id []byte) { got = append(got, string(authority)+"/"+string(id)) }
	j.add([]byte("HOSP"), []byte("77402394"))
	at := j.since(0, hear)
	at = j.since(at, hear)
	if len(got) != 1 || got[0] != "HOSP/77402394" {
		t.Errorf("got %v, want the one identifier, once", got)
	}
	got = nil
	for i := range 3 * journalSize {
		j.add(nil, fmt.Append(nil, i))
	}
	if j.since(at, hear); len(got) != journalSize || got[len(got)-1] != fmt.Sprint("/", 3*journalSize-1) {
		t.Errorf("got %d identifiers, want the newest %d", len(got), journalSize)
	}
}
