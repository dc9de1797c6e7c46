package nfs

import (
	"maps"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/internal/corpus"
	"bulwark/wire/wiretest"
)

func captures(t testing.TB) map[string][]byte {
	t.Helper()
	files := corpus.Archive(t, "suricata-verify.tar.zst", "suricata-verify/tests/nfs", "suricata-verify/tests/issue-3277")
	for _, folder := range []string{"zeek-traces/nfs", "zeek-traces/mount"} {
		maps.Copy(files, corpus.Files(t, folder))
	}
	return files
}

// procedures counts the calls that were answered, by version and procedure; in version 4 all are COMPOUND.
type procedures map[string]int

func (procedures) Record(Record) {}

func (p procedures) Call(v *Call) {
	if v.Program != NFS || !v.Answered {
		return
	}
	n := v.Procedure
	if v.Version == 4 {
		n = min(n, 1)
	}
	p[strconv.Itoa(int(v.Version))+" "+strconv.Itoa(int(n))]++
}

func play(t *testing.T, f *corpus.Flow, h Handler) {
	t.Helper()
	if len(f.Chunks) == 0 {
		return
	}
	if !f.TCP {
		if p := f.Chunks[0].Bytes; !Looks(p) && !LooksOther(p) {
			return
		}
		var c Conversation
		for _, x := range f.Chunks {
			_ = c.Datagram(x.Dir, x.Bytes, h)
		}
		c.Close(h)
		return
	}
	if m, _ := Probe(f.Chunks[0].Bytes); m == wire.Yes {
		feed := wiretest.Feed[Handler]{T: t, Conversation: new(Conversation), Handler: h}
		_ = feed.Play(f.Chunks)
	}
}

func TestAgreesWithTshark(t *testing.T) {
	compared, calls := 0, 0
	for name, capture := range captures(t) {
		got := procedures{}
		for _, f := range corpus.Flows(t, capture) {
			play(t, f, got)
		}
		if len(got) == 0 {
			continue
		}
		want := map[string]int{}
		for _, row := range corpus.Tshark(t, capture, "rpc.msgtyp == 1 && nfs",
			"rpc.programversion", "nfs.procedure_v2", "nfs.procedure_v3", "nfs.procedure_v4", "rpc.program") {
			if len(row) < 5 || row[4] != "100003" {
				continue
			}
			version, _, _ := strings.Cut(row[0], ",") // which stands there twice
			for _, procedure := range strings.Split(row[map[string]int{"2": 1, "3": 2, "4": 3}[version]], ",") {
				want[version+" "+procedure]++
				calls++
			}
		}
		compared++
		for procedure, n := range want { // tshark leaves out what was sent again
			if got[procedure] < n || got[procedure] > n+1 {
				t.Errorf("%s: procedure %s: got %d, tshark %d", name, procedure, got[procedure], n)
			}
		}
	}
	t.Logf("%d captures, %d calls compared", compared, calls)
}

func TestAnySplitOfCapturesGivesTheSame(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, capture := range captures(t) {
		for _, f := range corpus.Flows(t, capture) {
			if !f.TCP || len(f.Chunks) == 0 {
				continue
			}
			if m, _ := Probe(f.Chunks[0].Bytes); m == wire.Yes {
				wiretest.Splits(t, f.Chunks, fresh)
				wiretest.Splits(t, corpus.Damage(random, f.Chunks), fresh)
			}
		}
	}
}
