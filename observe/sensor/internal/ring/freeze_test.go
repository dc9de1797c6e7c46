package ring

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"testing"
	"time"

	"bulwark/platform/clock"
	"bulwark/platform/vault"
)

func TestWhatIsFrozenOutlivesTheRing(t *testing.T) {
	dir := t.TempDir()
	bounds := vault.Bounds{Bytes: 3 * rigSegment}
	s, err := OpenSegments(dir, site, bounds, clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Freeze(1, time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour), rigRing); !errors.Is(err, ErrNoPackets) {
		t.Fatalf("nothing is there, and is frozen: %v", err)
	}
	r := &rig{t: t, segments: s}
	r.begin(Settings{})
	fill := func(from, to int) {
		for i := from; i < to; i++ {
			r.packet(Packet{Time: int64(i) * 1e6, Data: udp("10.0.0.1", "10.0.0.9", uint16(1000+i%50), 9, 300)})
		}
		r.recorder.Flush()
	}
	fill(0, 1000)
	since, until := time.Now().Add(-time.Hour), time.Now()
	for range 2 { // again changes nothing
		if err := s.Freeze(17, since, until, rigRing); err != nil {
			t.Fatal(err)
		}
	}
	fill(1000, 60_000)
	r.end()
	early := func() int {
		_, f := r.search(Query{Until: time.Unix(0, 999*1e6)})
		return int(f.Packets)
	}
	if held, err := s.Holds(17); !held || err != nil || early() != 1000 || s.Kept().Removed == 0 {
		t.Fatalf("held %v (%v), %d packets of 1,000 are found, %d segments were removed", held, err, early(), s.Kept().Removed)
	}
	sums, err := s.Sums(t.Context(), 17)
	if err != nil || len(sums.Segments) == 0 {
		t.Fatalf("got %+v (%v)", sums, err)
	}
	first := sums.Segments[0]
	text, err := os.ReadFile(s.frozenPath(17, first.Name))
	if sum := sha256.Sum256(text); err != nil || hex.EncodeToString(sum[:]) != first.SHA256 || int64(len(text)) != first.Bytes {
		t.Errorf("got the sum of %+v, want %x (%v)", first, sum, err)
	}
	if err := s.Freeze(18, since, time.Now(), rigSegment); !errors.Is(err, ErrFrozenMost) {
		t.Errorf("more than may be is frozen: %v", err)
	}
	if r.segments, err = OpenSegments(dir, site, bounds, clock.System{}); err != nil {
		t.Fatal(err)
	}
	if held, _ := r.segments.Holds(17); !held || early() != 1000 || r.segments.Kept().Bytes > 3*rigSegment {
		t.Fatalf("after a restart: held %v, %d packets, the ring takes %d bytes", held, early(), r.segments.Kept().Bytes)
	}
	for _, id := range []uint64{17, 18} {
		if err := r.segments.Thaw(id); err != nil {
			t.Fatal(err)
		}
	}
	if held, _ := r.segments.Holds(17); held || early() != 0 || r.segments.FrozenBytes() != 0 {
		t.Errorf("after its end: held %v, %d packets, %d bytes", held, early(), r.segments.FrozenBytes())
	}
}

func TestAFreezeOfWhichAFileIsGoneIsNotHeld(t *testing.T) {
	r := newRig(t, Settings{})
	r.packet(Packet{Data: udp("10.0.0.1", "10.0.0.9", 1, 9, 300)})
	r.recorder.Flush()
	if err := r.segments.Freeze(1, time.Now().Add(-time.Hour), time.Now(), rigRing); err != nil {
		t.Fatal(err)
	}
	f, err := r.segments.frozen(1)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(r.segments.frozenPath(1, f.Segments[0].Name)); err != nil {
		t.Fatal(err)
	}
	if held, err := r.segments.Holds(1); held || err != nil {
		t.Errorf("held %v (%v)", held, err)
	}
	if err := os.WriteFile(r.segments.frozenPath(1, frozenList), []byte(`{"segments":[{"name":"../x"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := r.segments.Holds(1); err == nil {
		t.Error("a name that leads out of the folder is taken")
	}
	r.end()
}
