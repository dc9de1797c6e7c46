package child

import (
	"fmt"
	"testing"
)

type heard []string

func (h *heard) Identifier(authority, id []byte) { *h = append(*h, string(authority)+"/"+string(id)) }
func (h *heard) Name(raw []byte)                 { *h = append(*h, string(raw)) }

func TestAWorkerHearsWhatOthersLearnt(t *testing.T) {
	var j journal
	var hear heard
	j.Identifier([]byte("HOSP"), []byte("77402394"))
	j.Name([]byte("KERGOUZIEN^ANNE"))
	at := j.since(0, &hear)
	at = j.since(at, &hear)
	if got := fmt.Sprint(hear); got != "[HOSP/77402394 KERGOUZIEN^ANNE]" {
		t.Errorf("got %v, want the identifier and the name, once", got)
	}
	hear = nil
	for i := range 3 * journalSize {
		j.Identifier(nil, fmt.Append(nil, i))
	}
	j.since(at, &hear)
	if got := hear; len(got) != journalSize || got[len(got)-1] != fmt.Sprint("/", 3*journalSize-1) {
		t.Errorf("got %d identifiers, want the newest %d", len(got), journalSize)
	}
}
