package nfs

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/wiretest"
)

const nfs3, three = int(NFS), 3

// looked up is a file of the handle "F" named scan.dcm in the folder "D", named ct in the root "R".
func lookedUp() []wiretest.Chunk {
	return []wiretest.Chunk{
		client(ask(1, nfs3, three, 3, "R", "ct")), server(answer(1, 0, "D", 0, 0)),
		client(ask(2, nfs3, three, 3, "D", "scan.dcm")), server(answer(2, 0, "F", 0, 0)),
	}
}

func TestConversation(t *testing.T) {
	by := " by 1000/100@ct1"
	known := []string{`nfs 3 LOOKUP "ct"` + by + " OK", `nfs 3 LOOKUP "scan.dcm" in "/ct"` + by + " OK"}
	on := func(more ...wiretest.Chunk) []wiretest.Chunk { return append(lookedUp(), more...) }
	says := func(more ...string) []string { return append(slices.Clone(known), more...) }
	big := strings.Repeat("a", 9000)
	compound := func(ops ...any) []byte { return xdrs("", 1, len(ops), xdrs(ops...)) }
	sequence := xdrs(op4Sequence, make([]byte, 32))
	sequenced := xdrs(op4Sequence, 0, make([]byte, 36))
	opened := xdrs(op4Open, 0, make([]byte, 40), 0, 0) // no attributes, no delegation
	for _, c := range []struct {
		says   string
		chunks []wiretest.Chunk
		want   []string
	}{
		{"a name is remembered by its handle, and its folders", on(
			client(ask(3, nfs3, three, 1, "F")), server(answer(3, 0, make([]byte, 84))),
		), says(`nfs 3 GETATTR "scan.dcm" in "/ct"` + by + " OK")},
		{"a file is read to its end", on(
			client(ask(3, nfs3, three, 6, "F", uint64(0), 4)), server(answer(3, 0, attributes(6), 4, 0, "DICM")),
			client(ask(4, nfs3, three, 6, "F", uint64(4), 4)), server(answer(4, 0, attributes(6), 2, 1, "xy")),
		), says(`nfs 3 READ "scan.dcm" in "/ct"`+by+" OK", `nfs 3 READ "scan.dcm" in "/ct"`+by+" OK",
			`file to_client "scan.dcm" in "/ct": 6 bytes in 2 of 6 last carried=6 816`)},
		{"what is read may be answered in any order", on(
			client(ask(3, nfs3, three, 6, "F", uint64(0), 4), ask(4, nfs3, three, 6, "F", uint64(4), 4)),
			server(answer(4, 0, attributes(6), 2, 1, "xy"), answer(3, 0, attributes(6), 4, 0, "DICM")),
		), says(`nfs 3 READ "scan.dcm" in "/ct"`+by+" OK", `nfs 3 READ "scan.dcm" in "/ct"`+by+" OK",
			`file to_client "scan.dcm" in "/ct": 6 bytes in 2 of 6 last carried=6 816`)},
		{"a file is written and committed", on(
			client(ask(3, nfs3, three, 7, "F", uint64(0), len(big), 0, big)), server(answer(3, 0, 0, attributes(9000), len(big), 0, uint64(0))),
			client(ask(4, nfs3, three, 21, "F", uint64(0), 0)), server(answer(4, 0, 0, 0, uint64(0))),
		), says(`nfs 3 WRITE "scan.dcm" in "/ct"`+by+" OK", `file to_server "scan.dcm" in "/ct": 9000 bytes in 1 of 9000 last carried=9000 ec98dce8`,
			`nfs 3 COMMIT "scan.dcm" in "/ct"`+by+" OK")},
		{"a small file that is written for good is done with", on(
			client(ask(3, nfs3, three, 7, "F", uint64(0), 3, 2, "abc")), server(answer(3, 0, 0, 0, 3, 2, uint64(0))),
		), says(`file to_server "scan.dcm" in "/ct": 3 bytes in 1 of 0 last carried=3 254`, `nfs 3 WRITE "scan.dcm" in "/ct"`+by+" OK")},
		{"what changes a folder is named", on(
			client(ask(3, nfs3, three, 8, "D", "new", 0, 0, 0, 0, 0, 0, 0)), server(answer(3, 0, 1, "N", 0, 0, 0)),
			client(ask(4, nfs3, three, 14, "D", "new", "D", "new.locked")), server(answer(4, 0, 0, 0, 0, 0)),
			client(ask(5, nfs3, three, 12, "D", "gone")), server(answer(5, 13, 0, 0)),
		), says(`nfs 3 CREATE "new" in "/ct"`+by+" OK", `nfs 3 RENAME "new" in "/ct" to "new.locked"`+by+" OK", `nfs 3 REMOVE "gone" in "/ct"`+by+" ERR_ACCES")},
		{"a list gives names to handles", []wiretest.Chunk{
			client(ask(1, nfs3, three, 17, "R", uint64(0), uint64(0), 512, 4096)),
			server(answer(1, 0, 0, uint64(0), 1, uint64(9), "one", uint64(1), 0, 1, "H1", 1, uint64(8), "two", uint64(2), attributes(5), 1, "H2", 0, 1)),
			client(ask(2, nfs3, three, 1, "H2")), server(answer(2, 0)),
		}, []string{"nfs 3 READDIRPLUS" + by + " OK", `nfs 3 GETATTR "two"` + by + " OK"}},
		{"version 2 has handles of a fixed length", []wiretest.Chunk{
			client(ask(1, nfs3, 2, 4, handle2('R'), "f")), server(answer(1, 0, handle2('F'), make([]byte, attr2))),
			client(ask(2, nfs3, 2, 6, handle2('F'), 0, 100, 0)), server(answer(2, 0, make([]byte, 20), 4, make([]byte, 44), "abcd")),
			client(ask(3, nfs3, 2, 11, handle2('R'), "f", handle2('R'), "g")), server(answer(3, 0)),
		}, []string{`nfs 2 LOOKUP "f"` + by + " OK", `nfs 2 READ "f"` + by + " OK", `file to_client "f" in "": 4 bytes in 1 of 4 last carried=4 3e8`, `nfs 2 RENAME "f" to "g"` + by + " OK"}},
		{"in version 4 a file is opened, written and closed", []wiretest.Chunk{
			client(ask(1, nfs3, 4, 1, compound(sequence, xdrs(op4PutFH, "D"), xdrs(op4Open, make([]byte, 20), "owner", 0, 0, "f.txt"), xdrs(op4GetFH)))),
			server(answer(1, 0, "", 4, sequenced, op4PutFH, 0, opened, op4GetFH, 0, "F")),
			client(ask(2, nfs3, 4, 1, compound(sequence, xdrs(op4PutFH, "F"), xdrs(op4Write, make([]byte, 16), uint64(0), 0, "abcdef"), xdrs(op4GetAttr, 0)))),
			server(answer(2, 0, "", 4, sequenced, op4PutFH, 0, op4Write, 0, 6, 0, uint64(0), op4GetAttr, 0, 0, "")),
			client(ask(3, nfs3, 4, 1, compound(sequence, xdrs(op4PutFH, "F"), xdrs(op4Close, 0, make([]byte, 16))))),
			server(answer(3, 0, "", 3, sequenced, op4PutFH, 0, op4Close, 0, make([]byte, 16))),
		}, []string{`nfs 4 OPEN "f.txt"` + by + " OK", `nfs 4 WRITE "f.txt"` + by + " OK", `file to_server "f.txt" in "": 6 bytes in 1 of 0 last carried=6 850`, `nfs 4 CLOSE "f.txt"` + by + " OK"}},
		{"in version 4 names may lead one to the next", []wiretest.Chunk{
			client(ask(1, nfs3, 4, 1, compound(xdrs(op4PutRootFH), xdrs(op4Lookup, "export"), xdrs(op4Lookup, "ward3"), xdrs(op4GetAttr, 0), xdrs(op4GetFH)))),
			server(answer(1, 0, "", 5, op4PutRootFH, 0, op4Lookup, 0, op4Lookup, 0, op4GetAttr, 0, 0, "", op4GetFH, 0, "D")),
			client(ask(2, nfs3, 4, 1, compound(xdrs(op4PutFH, "D"), xdrs(op4Remove, "f.txt")))),
			server(answer(2, 0, "", 2, op4PutFH, 0, op4Remove, 0, make([]byte, 20))),
			client(ask(3, nfs3, 4, 1, compound(xdrs(op4PutRootFH), xdrs(op4Lookup, "export"), xdrs(op4GetFH), xdrs(op4Remove, "g.txt")))),
			server(answer(3, 0, "", 4, op4PutRootFH, 0, op4Lookup, 0, op4GetFH, 0, "E", op4Remove, 0, make([]byte, 20))),
		}, []string{`nfs 4 LOOKUP "ward3" in "/export"` + by + " OK", `nfs 4 REMOVE "f.txt" in "/export/ward3"` + by + " OK",
			`nfs 4 REMOVE "g.txt" in "/export"` + by + " OK"}},
		{"in version 4 a file is read", []wiretest.Chunk{
			client(ask(2, nfs3, 4, 1, compound(sequence, xdrs(op4PutFH, "F"), xdrs(op4Read, make([]byte, 16), uint64(0), 6)))),
			server(answer(2, 0, "", 3, sequenced, op4PutFH, 0, op4Read, 0, 1, "abcdef")),
		}, []string{`nfs 4 READ` + by + " OK", `file to_client "" in "": 6 bytes in 1 of 0 last carried=6 850`}},
		{"in version 4 both sides say what they run", []wiretest.Chunk{
			client(ask(1, nfs3, 4, 1, compound(xdrs(op4ExchangeID, uint64(1), "me", 0, 0, 1, "kernel.org", "Linux 6.1", make([]byte, 12))))),
			server(answer(1, 0, "", 1, op4ExchangeID, 0, uint64(1), 1, 0, 0, uint64(0), "it", "scope", 1, "netapp.com", "NetApp 9\x00\x00", make([]byte, 12))),
		}, []string{`nfs 4 EXCHANGE_ID` + by + ` "Linux 6.1" with "NetApp 9" OK`}},
		{"a call that is not let in says why", []wiretest.Chunk{client(ask(1, nfs3, three, 1, "F")), server(xdrs(1, reply, 1, 1, 5))}, []string{"nfs 3 GETATTR" + by + " denied 5"}},
		{"a procedure that is not there is told", []wiretest.Chunk{client(ask(1, nfs3, three, 1, "F")), server(xdrs(1, reply, 0, 0, 0, 3))}, []string{"nfs 3 GETATTR" + by + " not done 3"}},
		{"a call that nobody answers is told at the end", []wiretest.Chunk{client(ask(1, nfs3, three, 12, "D", "x"))}, []string{`nfs 3 REMOVE "x"` + by + " unanswered"}},
		{"the port mapper says where a program is", []wiretest.Chunk{
			client(ask(1, int(PortMapper), 2, 3, int(Mount), 3, 6, 0)), server(answer(1, 20048)),
			client(ask(2, int(PortMapper), 3, 3, int(NFS), 3, "tcp", "", "")), server(answer(2, "10.1.1.1.8.1")),
		}, []string{"portmap 2 GETPORT target=mount:20048" + by + " OK", "portmap 3 GETADDR target=nfs:2049" + by + " OK"}},
		{"a mount names its path", []wiretest.Chunk{client(ask(1, int(Mount), 3, 1, "/pacs")), server(answer(1, 13))}, []string{"mount 3 MNT path=/pacs" + by + " ERR_ACCES"}},
		{"a message may come in fragments", []wiretest.Chunk{
			{Dir: wire.ToServer, Bytes: slices.Concat(xdrs(300), ask(1, nfs3, three, 7, "F", uint64(0), len(big), 0, big)[:300], mark(ask(1, nfs3, three, 7, "F", uint64(0), len(big), 0, big)[300:]))},
			server(answer(1, 0, 0, 0, len(big), 0, uint64(0))),
		}, []string{"nfs 3 WRITE" + by + " OK", `file to_server "" in "": 9000 bytes in 1 of 0 carried=9000 ec98dce8`}},
		{"behind a gap in a file it goes on", []wiretest.Chunk{
			{Dir: wire.ToServer, Bytes: mark(ask(1, nfs3, three, 7, "F", uint64(0), len(big), 0, big))[:6000]},
			{Dir: wire.ToServer, Lost: 1000, Bytes: slices.Concat(mark(ask(1, nfs3, three, 7, "F", uint64(0), len(big), 0, big))[7000:], mark(ask(2, nfs3, three, 12, "D", "x")))},
			server(answer(1, 0, 0, 0, len(big), 0, uint64(0)), answer(2, 0, 0, 0)),
		}, []string{"nfs 3 WRITE" + by + " OK", `nfs 3 REMOVE "x"` + by + " OK", `file to_server "" in "": 9000 bytes in 1 of 0 carried=8000 c72fd240`}},
		{"behind another gap it goes on at the next message", []wiretest.Chunk{
			{Dir: wire.ToServer, Bytes: mark(ask(1, nfs3, three, 12, "D", "x"))[:20]},
			{Dir: wire.ToServer, Lost: 500, Bytes: slices.Concat([]byte("rubbish"), mark(ask(2, nfs3, three, 12, "D", "y")))},
			server(answer(2, 0, 0, 0)),
		}, []string{`nfs 3 REMOVE "y"` + by + " OK"}},
	} {
		var l full
		f := wiretest.Feed[Handler]{T: t, Conversation: new(Conversation), Handler: &l}
		err := f.Play(c.chunks)
		if err != nil || !slices.Equal(l.lines, c.want) {
			t.Errorf("%s: %v\n got %s\nwant %s", c.says, err, strings.Join(l.lines, "\n     "), strings.Join(c.want, "\n     "))
		}
		wiretest.Splits(t, c.chunks, fresh)
	}
}

func TestWhoWantsNoCallsIsToldOfChanges(t *testing.T) {
	chunks := append(lookedUp(), client(ask(3, nfs3, three, 12, "D", "gone")), server(answer(3, 0, 0, 0)),
		client(ask(4, nfs3, three, 6, "F", uint64(0), 4)), server(answer(4, 0, attributes(4), 4, 1, "DICM")))
	var l log
	f := wiretest.Feed[Handler]{T: t, Conversation: new(Conversation), Handler: &l}
	err := f.Play(chunks)
	want := []string{`nfs 3 REMOVE "gone" in "/ct" by 1000/100@ct1 OK`, `file to_client "scan.dcm" in "/ct": 4 bytes in 1 of 4 last`}
	if err != nil || !slices.Equal(l.lines, want) {
		t.Errorf("got %q %v, want %q", l.lines, err, want)
	}
}

func TestDatagrams(t *testing.T) {
	var l full
	var c Conversation
	for _, x := range []struct {
		dir wire.Dir
		p   []byte
	}{
		{wire.ToServer, ask(2, nfs3, 2, 6, handle2('F'), 0, 100, 0)}, {wire.ToServer, ask(2, nfs3, 2, 6, handle2('F'), 0, 100, 0)}, // sent again
		{wire.ToClient, answer(2, 0, make([]byte, 20), 4, make([]byte, 44), "abcd")},
	} {
		if x.dir == wire.ToServer && !Looks(x.p) {
			t.Errorf("%x is not recognised", x.p[:24])
		}
		if err := c.Datagram(x.dir, x.p, &l); err != nil {
			t.Error(err)
		}
	}
	c.Close(&l)
	want := []string{"nfs 2 READ by 1000/100@ct1 OK", `file to_client "" in "": 4 bytes in 1 of 4 last carried=4 3e8`}
	if !slices.Equal(l.lines, want) {
		t.Errorf("got %q, want %q", l.lines, want)
	}
}

func TestProbe(t *testing.T) {
	for _, c := range []struct {
		says  string
		in    []byte
		match wire.Match
		dir   wire.Dir
		other wire.Match
	}{
		{"a call", mark(ask(1, nfs3, three, 1, "F")), wire.Yes, wire.ToServer, wire.No},
		{"an answer", mark(answer(1, 0)), wire.Yes, wire.ToClient, wire.No},
		{"a call of the port mapper", mark(ask(1, int(PortMapper), 2, 3, 1, 1, 1, 0)), wire.No, wire.Either, wire.Yes},
		{"half a header may be one", mark(ask(1, nfs3, three, 1, "F"))[:20], wire.Unsure, wire.Either, wire.Unsure},
		{"HTTP is none", []byte("GET / HTTP/1.1\r\nHost: a"), wire.No, wire.Either, wire.No},
		{"SSL 2 is none", []byte("\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10\x00\x00\x09\x06\x00\x40\x00\x00\x64\x00\x00\x62\x00\x00\x08\x00\x00"), wire.No, wire.Either, wire.No},
		{"another program is none", mark(ask(1, 400000, 1, 1)), wire.No, wire.Either, wire.No},
	} {
		match, dir := Probe(c.in)
		other, _ := ProbeOther(c.in)
		if match != c.match || match == wire.Yes && dir != c.dir || other != c.other {
			t.Errorf("%s: got %d %s %d, want %d %s %d", c.says, match, dir, other, c.match, c.dir, c.other)
		}
	}
}

type nobody struct{}

func (nobody) Record(Record) {}

func TestTablesAreBounded(t *testing.T) {
	var c Conversation
	for n := range 20_000 {
		h := string(binary.BigEndian.AppendUint32(nil, uint32(n)))
		for _, x := range []wiretest.Chunk{
			client(ask(n, nfs3, three, 3, h, "name")), server(answer(n, 0, h+"x", 0, 0)),
			client(ask(n, nfs3, three, 7, h, uint64(0), 4, 0, "abcd")), client(ask(n+1_000_000, nfs3, three, 1, h)),
		} {
			if done, _, err := c.Decode(x.Dir, x.Bytes, nobody{}); err != nil || done < len(x.Bytes) {
				t.Fatalf("got %d of %d, %v", done, len(x.Bytes), err)
			}
		}
	}
	if len(c.waiting)+len(c.spare) > MaxWaiting+1 || len(c.files)+len(c.free) > MaxOpen+1 || len(c.names.ring) > MaxNames || len(c.names.byHandle) > MaxNames {
		t.Errorf("got %d calls, %d files, %d names, %d handles", len(c.waiting)+len(c.spare), len(c.files)+len(c.free), len(c.names.ring), len(c.names.byHandle))
	}
	c.Reset()
	if len(c.waiting)+len(c.files)+len(c.names.ring)+len(c.names.byHandle) != 0 {
		t.Error("after Reset the tables are not empty")
	}
}

func TestSteadyStateDoesNotAllocate(t *testing.T) {
	chunks := append(lookedUp(), client(ask(3, nfs3, three, 6, "F", uint64(0), 4)), server(answer(3, 0, attributes(6), 4, 1, "DICM")))
	var c Conversation
	if got := testing.AllocsPerRun(100, func() {
		for _, x := range chunks {
			c.Decode(x.Dir, x.Bytes, nobody{})
		}
	}); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

func FuzzConversation(f *testing.F) {
	f.Add(mark(ask(1, nfs3, three, 3, "R", "ct")), mark(answer(1, 0, "D", 0, 0)))
	f.Add(mark(ask(1, nfs3, three, 7, "F", uint64(0), 4, 2, "abcd")), mark(answer(1, 0, 0, attributes(4), 4, 2, uint64(0))))
	f.Add(mark(ask(1, nfs3, three, 17, "R", uint64(0), uint64(0), 512, 4096)), mark(answer(1, 0, 0, uint64(0), 1, uint64(9), "one", uint64(1), 0, 1, "H1", 0, 1)))
	f.Add(mark(ask(1, nfs3, 4, 1, "", 1, 3, op4PutFH, "F", op4Read, make([]byte, 16), uint64(0), 6, op4Close, make([]byte, 20))), mark(answer(1, 0, "", 2, op4PutFH, 0, op4Read, 0, 1, "abcdef")))
	f.Add(mark(ask(1, nfs3, 2, 6, handle2('F'), 0, 100, 0)), mark(answer(1, 0, make([]byte, 20), 4, make([]byte, 44), "abcd")))
	f.Add(mark(xdrs(1, call, 2, nfs3, 4, 0, int(AuthGSS), string(xdrs(1, 1, 0, 1, "")), 0, 0, "token")), mark(answer(1)))
	f.Fuzz(func(t *testing.T, in, out []byte) {
		half := len(in) / 2
		wiretest.Splits(t, []wiretest.Chunk{{Bytes: in}, {Dir: wire.ToClient, Bytes: out}, {Lost: half, Bytes: in[half:]}, {Bytes: in}, {Dir: wire.ToClient, Bytes: out}}, fresh)
	})
}

func FuzzDatagram(f *testing.F) {
	f.Add(ask(1, nfs3, three, 7, "F", uint64(0), 4, 2, "abcd"), answer(1, 0, 0, attributes(4), 4, 2, uint64(0)))
	f.Fuzz(func(t *testing.T, in, out []byte) {
		var c Conversation
		_ = c.Datagram(wire.ToServer, in, nobody{})
		_ = c.Datagram(wire.ToClient, out, nobody{})
		c.Close(nobody{})
	})
}
