package dcerpc

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

// captures are all that hold remote procedure calls over TCP.
func captures(t testing.TB) map[string][]byte {
	t.Helper()
	files := corpus.Archive(t, "suricata-verify.tar.zst", "suricata-verify/tests/dce", "suricata-verify/tests/bug-5162")
	for _, folder := range []string{"zeek-traces/dce-rpc", "attack-sbousseaden", "attack-otrf"} {
		maps.Copy(files, corpus.Files(t, folder))
	}
	return files
}

func isRPC(f *corpus.Flow) bool {
	if !f.TCP || len(f.Chunks) == 0 {
		return false
	}
	match, dir := Probe(f.Chunks[0].Bytes)
	if match == wire.Yes && dir != f.Chunks[0].Dir { // picked up in the middle, the server first
		for i := range f.Chunks {
			f.Chunks[i].Dir = f.Chunks[i].Dir.Other()
		}
	}
	return match == wire.Yes
}

// operations counts the requests by interface and operation.
type operations map[string]int

func (o operations) Record(r Record) {
	if c, ok := r.(*Call); ok && c.Asked {
		name := "unknown"
		if c.Context != nil {
			name = c.Context.Interface.String()
		}
		o[name+" "+strconv.Itoa(int(c.Op))]++
	}
}

func TestAgreesWithTshark(t *testing.T) {
	if testing.Short() {
		t.Skip("running tshark on every capture takes a while")
	}
	compared, calls := 0, 0
	for name, capture := range captures(t) {
		got := operations{}
		for _, f := range corpus.Flows(t, capture) {
			if isRPC(f) {
				feed := wiretest.Feed[Handler]{T: t, Conversation: new(Conversation), Handler: got}
				_ = feed.Play(f.Chunks)
			}
		}
		if len(got) == 0 {
			continue
		}
		want := map[string]int{}
		for _, row := range corpus.Tshark(t, capture, "dcerpc.pkt_type == 0 && tcp && !smb && !smb2", "dcerpc.opnum", "dcerpc.cn_flags.first_frag", "dcerpc.pkt_type") {
			kinds, firsts := strings.Split(row[2], ","), strings.Split(row[1], ",")
			at := 0 // operations are shown of requests alone
			for i, op := range strings.Split(row[0], ",") {
				for at < len(kinds) && kinds[at] != "0" {
					at++
				}
				if at < len(firsts) && (firsts[at] == "1" || firsts[at] == "True") {
					want[op]++
				}
				at++
				_ = i
			}
		}
		byOp := map[string]int{}
		for k, n := range got {
			byOp[k[strings.IndexByte(k, ' ')+1:]] += n
			calls += n
		}
		compared++
		for op, n := range want { // tshark misses a request that begins in a retransmission
			if byOp[op] < n || byOp[op] > n+1 {
				t.Errorf("%s: operation %s: got %d, tshark %d", name, op, byOp[op], n)
			}
		}
	}
	t.Logf("%d captures, %d calls compared", compared, calls)
}

func TestAnySplitOfCapturesGivesTheSame(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, capture := range captures(t) {
		for _, f := range corpus.Flows(t, capture) {
			if isRPC(f) && len(f.Chunks) < 200 {
				wiretest.Splits(t, f.Chunks, fresh)
				wiretest.Splits(t, corpus.Damage(random, f.Chunks), fresh)
			}
		}
	}
}

// TestAttacksShow asks of captures of attacks for the operations that give these away.
func TestAttacksShow(t *testing.T) {
	for _, c := range []struct{ file, want string }{
		{"suricata-verify/tests/bug-5162/input.pcap", drsUUID + " 3"},                                                             // DCSync
		{"suricata-verify/tests/bug-5162/input.pcap", "12345678-1234-abcd-ef00-01234567cffb 30"},                                  // Zerologon's end
		{"suricata-verify/tests/dcerpc/dcerpc-dce-iface-01/20171220_smb_psexec_mimikatz_ticket_dump-s2.pcap", svcctlUUID + " 45"}, // a service is made
	} {
		got := operations{}
		for _, f := range corpus.Flows(t, corpus.Archive(t, "suricata-verify.tar.zst", c.file)[c.file]) {
			if isRPC(f) {
				feed := wiretest.Feed[Handler]{T: t, Conversation: new(Conversation), Handler: got}
				_ = feed.Play(f.Chunks)
			}
		}
		if got[c.want] == 0 {
			t.Errorf("%s: got %v, want %s", c.file, got, c.want)
		}
	}
}
