package child

import (
	"bytes"
	"fmt"
	"testing"
)

type heard []string

func (h *heard) Identifier(authority, id []byte) { *h = append(*h, string(authority)+"/"+string(id)) }
func (h *heard) Name(raw []byte)                 { *h = append(*h, string(raw)) }

func TestAWorkerHearsWhatOthersLearnt(t *testing.T) {
	var j journal
	one, other := &ear{journal: &j}, &ear{journal: &j}
	var hear heard
	one.Identifier([]byte("HOSP"), []byte("77402394"))
	one.Name([]byte("KERGOUZIEN^ANNE"))
	other.Name([]byte("SAID^HERSELF"))
	one.Identifier(bytes.Repeat([]byte("A"), maxLearnt), []byte("1"))
	other.listen(&hear)
	other.listen(&hear)
	if got := fmt.Sprint(hear); got != "[HOSP/77402394 KERGOUZIEN^ANNE]" {
		t.Errorf("got %v, want the identifier and the name of the other, once", got)
	}
	hear = nil
	for i := range 3 * journalSize {
		one.Identifier(nil, fmt.Append(nil, i))
	}
	other.listen(&hear)
	if got := hear; len(got) != journalSize || got[len(got)-1] != fmt.Sprint("/", 3*journalSize-1) {
		t.Errorf("got %d identifiers, want the newest %d", len(got), journalSize)
	}
}

type deaf struct{}

func (deaf) Identifier([]byte, []byte) {}
func (deaf) Name([]byte)               {}

func TestPassingOnAllocatesNothing(t *testing.T) {
	var j journal
	one, other := &ear{journal: &j}, &ear{journal: &j}
	pass := func() {
		for range journalSize {
			one.Identifier([]byte("HOSP"), []byte("77402394"))
		}
		other.listen(deaf{})
	}
	pass()
	if got := testing.AllocsPerRun(3, pass); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}
