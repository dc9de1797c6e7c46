package dicom

import (
	"bytes"
	"testing"

	"bulwark/wire/wiretest"
)

// keeper keeps the data sets that are stored.
type keeper struct {
	sets  [][]byte
	whole []bool
	lost  []uint64
	of    *Command
}

func (k *keeper) Object(c *Command, p []byte, last bool) {
	if k.of != c {
		k.sets, k.whole, k.lost, k.of = append(k.sets, nil), append(k.whole, false), append(k.lost, 0), c
	}
	n := len(k.sets) - 1
	k.sets[n] = append(k.sets[n], p...)
	k.lost[n] = c.Lost
	if last {
		k.whole[n], k.of = true, nil
	}
}

func TestObjectsAreHandedOn(t *testing.T) {
	first, second := object(explicitLE, 1, 200_000), object(explicitLE, 2, 1)
	send := func(size int) []byte {
		return append(message(1, size, store(1, 1), first), message(1, size, store(2, 2), second)...)
	}
	whole := send(1000)
	for _, c := range []struct {
		name   string
		chunks []wiretest.Chunk
		whole  []bool
		lost   uint64
	}{
		{"two objects, one after the other", []wiretest.Chunk{{Bytes: whole}}, []bool{true, true}, 0},
		{"in one fragment each", []wiretest.Chunk{{Bytes: send(1 << 20)}}, []bool{true, true}, 0},
		{"bytes within a fragment are lost", []wiretest.Chunk{{Bytes: whole[:100_000]}, {Lost: 10, Bytes: whole[100_010:]}}, []bool{true, true}, 10},
		{"bytes over fragments are lost", []wiretest.Chunk{{Bytes: whole[:100_000]}, {Lost: 5000, Bytes: whole[105_000:]}}, []bool{true, true}, 5000},
		{"the connection ends within one", []wiretest.Chunk{{Bytes: whole[:100_000]}}, []bool{false}, 0},
	} {
		k := &keeper{}
		f := wiretest.Feed[Handler]{T: t, Conversation: &Conversation{Objects: k}, Handler: &recorder{}}
		if err := f.Play(append(opening(explicitLE), c.chunks...)); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if len(k.sets) != len(c.whole) {
			t.Errorf("%s: got %d objects, want %d", c.name, len(k.sets), len(c.whole))
			continue
		}
		for i, want := range c.whole {
			if k.whole[i] != want {
				t.Errorf("%s: object %d: got whole %v, want %v", c.name, i, k.whole[i], want)
			}
		}
		if k.lost[0] != c.lost {
			t.Errorf("%s: got %d lost, want %d", c.name, k.lost[0], c.lost)
		}
		if c.lost == 0 && c.whole[0] && !bytes.Equal(k.sets[0], first) {
			t.Errorf("%s: got %d bytes, want the %d that were stored", c.name, len(k.sets[0]), len(first))
		}
		if len(c.whole) > 1 && !bytes.Equal(k.sets[1], second) {
			t.Errorf("%s: the second object: got %d bytes, want %d", c.name, len(k.sets[1]), len(second))
		}
	}
}
