package wire

import (
	"bytes"
	"testing"
)

func TestPiecesOfASpaceDoNotTouch(t *testing.T) {
	var s Space
	var all [100][]byte
	for round := range 40 {
		for i := range all {
			all[i] = s.Append(all[i], bytes.Repeat([]byte{byte(i)}, round))
		}
	}
	for i, b := range all {
		if want := bytes.Repeat([]byte{byte(i)}, 39*40/2); !bytes.Equal(b, want) {
			t.Errorf("piece %d: got %d bytes, or others than were written; want %d", i, len(b), len(want))
		}
	}
}

func TestASpaceThatIsNilIsTheHeap(t *testing.T) {
	var s *Space
	if got := string(s.Append(s.Append(nil, []byte("bul")), []byte("wark"))); got != "bulwark" {
		t.Errorf("got %q, want bulwark", got)
	}
}

func TestManyBuffersOfASpaceAreOneAllocation(t *testing.T) {
	var s Space
	var all [256][]byte
	if got := testing.AllocsPerRun(10, func() {
		for i := range all {
			all[i] = s.Append(nil, []byte("what a decoder keeps for a conversation"))
		}
	}); got > 1 {
		t.Errorf("got %v allocations for %d buffers, want 1 at most", got, len(all))
	}
}
