package smb

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/wiretest"
)

func play(t testing.TB, chunks []wiretest.Chunk) (*log, error) {
	t.Helper()
	var l log
	f := wiretest.Feed[Handler]{T: t, Conversation: new(Conversation), Handler: &l}
	err := f.Play(chunks)
	return &l, err
}

func TestConversation(t *testing.T) {
	share := `\\files01\radiology`
	tree := `tree 5 \\files01\radiology FILE STATUS_SUCCESS`
	onFile := func(more ...wiretest.Chunk) []wiretest.Chunk { return append(opened(Disk, share, `ct\1.dcm`), more...) }
	closing := []wiretest.Chunk{client(ask(Close, 99, closeAsk(id(1)))), server(answer(Close, 99, Success, closeAnswer(40)))}
	file := func(more string) string {
		return `file "ct\\1.dcm" FILE_OPEN_IF FILE_OPENED STATUS_SUCCESS tree=\\files01\radiology size=100` + more
	}
	for _, c := range []struct {
		says   string
		chunks []wiretest.Chunk
		want   []string
	}{
		{"a dialect is agreed on", []wiretest.Chunk{
			client(ask(Negotiate, 0, negotiateAsk())), server(answer(Negotiate, 0, Success, negotiateAnswer(SMB302))),
		}, []string{"negotiation 3.02 STATUS_SUCCESS offered=[2.02 2.10 3.00 3.02 3.11] sign=3 mechanisms=[]", "summary messages=2"}},
		{"a sign-on takes several rounds and is one session", []wiretest.Chunk{
			client(frame(command{cmd: SessionSetup, id: 1, body: tokenAsk(ntlmMessage(1, 32, nil))})),
			server(answer(SessionSetup, 1, MoreProcessing, tokenAnswer(0, ntlmChallenge()))),
			client(ask(SessionSetup, 2, tokenAsk(ntlmAuthenticate("nurse7")))),
			server(answer(SessionSetup, 2, Success, tokenAnswer(1, nil))),
			client(ask(Logoff, 3, nil)), server(answer(Logoff, 3, Success, make([]byte, 4))),
		}, []string{
			"session 0x77 STATUS_SUCCESS NTLM user=nurse7 domain=HOSP host=XRAY01 scheme=NTLMv2 server=files01.hosp. guest=true",
			"session 0x77 STATUS_SUCCESS NTLM user=nurse7 domain=HOSP host=XRAY01 scheme=NTLMv2 server=files01.hosp. guest=true loggedoff=true",
			"summary messages=6",
		}},
		{"a refused sign-on says who tried", []wiretest.Chunk{
			client(ask(SessionSetup, 2, tokenAsk(ntlmAuthenticate("root")))),
			server(answer(SessionSetup, 2, LogonFailure, failed())),
		}, []string{"session 0x77 STATUS_LOGON_FAILURE NTLM user=root domain=HOSP host=XRAY01 scheme=NTLMv2", "summary messages=2"}},
		{"a sign-on that nobody answers is reported at the end", []wiretest.Chunk{client(ask(SessionSetup, 2, tokenAsk(ntlmAuthenticate("root"))))},
			[]string{"session 0x77 STATUS_SUCCESS NTLM user=root domain=HOSP host=XRAY01 scheme=NTLMv2 unanswered", "summary messages=1 unanswered=1"}},
		{"what is read and written is counted by file", onFile(
			client(ask(Read, 3, readAsk(id(1), 5000)), ask(Write, 4, writeAsk(id(1), make([]byte, 300)))),
			server(answer(Write, 4, Success, writeAnswer(300)), answer(Read, 3, Success, readAnswer(make([]byte, 4000)))),
			closing[0], closing[1],
		), []string{tree, file(" end=40 read=4000 written=300 reads=1 writes=1"), "summary messages=10"}},
		{"what is refused is not counted", onFile(
			client(ask(Write, 4, writeAsk(id(1), make([]byte, 300)))), server(answer(Write, 4, 0xc0000022, failed())), closing[0], closing[1],
		), []string{tree, file(" end=40"), "summary messages=8"}},
		{"a file that is not closed is reported at the end", onFile(), []string{tree, file(" open"), "summary messages=4 open=1"}},
		{"a tree that is left closes its files", onFile(
			client(ask(TreeDisconnect, 3, nil)), server(answer(TreeDisconnect, 3, Success, nil)),
		), []string{tree, file(" open"), "summary messages=6"}},
		{"a file is renamed and goes when it is closed", onFile(
			client(ask(SetInfo, 3, setAsk(id(1), infoFile, classRename, renameValue(`ct\1.dcm.locked`)))), server(answer(SetInfo, 3, Success, nil)),
			client(ask(SetInfo, 4, setAsk(id(1), infoFile, classDelete, []byte{1}))), server(answer(SetInfo, 4, Success, nil)),
			closing[0], closing[1],
		), []string{tree, file(` end=40 renamed=ct\1.dcm.locked deleted=true`), "summary messages=10"}},
		{"a refused rename is none", onFile(
			client(ask(SetInfo, 3, setAsk(id(1), infoFile, classRename, renameValue(`x`)))), server(answer(SetInfo, 3, 0xc0000022, failed())),
			closing[0], closing[1],
		), []string{tree, file(` end=40`), "summary messages=8"}},
		{"a file that cannot be opened is reported at once", []wiretest.Chunk{
			client(ask(Create, 2, createAsk("secret", Open, 0))), server(answer(Create, 2, 0xc0000022, failed())),
		}, []string{`file "secret" FILE_OPEN FILE_SUPERSEDED STATUS_ACCESS_DENIED`, "summary messages=2"}},
		{"a chain of requests means the file of its first", []wiretest.Chunk{
			client(frame(
				command{cmd: Create, id: 2, session: aSession, tree: aTree, body: createAsk("gone", Open, DeleteOnClose)},
				command{cmd: Write, id: 3, related: true, session: 1<<64 - 1, tree: 1<<32 - 1, body: writeAsk(related, []byte("abc"))},
				command{cmd: Close, id: 4, related: true, session: 1<<64 - 1, tree: 1<<32 - 1, body: closeAsk(related)})),
			server(frame(
				command{cmd: Create, id: 2, session: aSession, tree: aTree, answer: true, body: createAnswer(id(9), Opened, 3)},
				command{cmd: Write, id: 3, session: aSession, tree: aTree, answer: true, body: writeAnswer(3)},
				command{cmd: Close, id: 4, session: aSession, tree: aTree, answer: true, body: closeAnswer(3)})),
		}, []string{`file "gone" FILE_OPEN FILE_OPENED STATUS_SUCCESS size=3 end=3 written=3 writes=1 deleted=true`, "summary messages=6"}},
		{"an answer in two parts is one", onFile(
			client(ask(Read, 3, readAsk(id(1), 10))),
			server(frame(command{cmd: Read, id: 3, session: aSession, answer: true, async: true, status: Pending, body: failed()})),
			server(frame(command{cmd: Read, id: 3, session: aSession, answer: true, async: true, body: readAnswer(make([]byte, 10))})),
			closing[0], closing[1],
		), []string{tree, file(" end=40 read=10 reads=1"), "summary messages=9"}},
		{"a call through a pipe counts on both sides", append(opened(Pipe, `\\dc01\IPC$`, "svcctl"),
			client(ask(IOControl, 3, controlAsk(id(1), PipeTransceive, make([]byte, 200)))),
			server(answer(IOControl, 3, Success, controlAnswer(PipeTransceive, make([]byte, 50)))),
		), []string{`tree 5 \\dc01\IPC$ PIPE STATUS_SUCCESS`,
			`file "svcctl" FILE_OPEN_IF FILE_OPENED STATUS_SUCCESS tree=\\dc01\IPC$ size=100 read=50 written=200 calls=1 pipe=true open`, "summary messages=6 open=1"}},
		{"an IOCTL without a file is none of a file", []wiretest.Chunk{
			client(ask(IOControl, 3, controlAsk(related, 0x140204, nil))), server(answer(IOControl, 3, Success, controlAnswer(0x140204, nil))),
		}, []string{"summary messages=2"}},
		{"a directory is listed", onFile(
			client(ask(QueryDirectory, 3, listAsk(id(1), "*.docx"))), server(answer(QueryDirectory, 3, Success, make([]byte, 90000))),
			client(ask(QueryDirectory, 4, listAsk(id(1), "*.docx"))), server(answer(QueryDirectory, 4, 0x80000006, failed())),
		), []string{tree, file(" lists=2 pattern=*.docx open"), "summary messages=8 open=1"}},
		{"who comes late still counts by file", []wiretest.Chunk{
			client(ask(Write, 3, writeAsk(id(7), make([]byte, 70000)))), server(answer(Write, 3, Success, writeAnswer(70000))),
		}, []string{`file "" FILE_SUPERSEDE FILE_SUPERSEDED STATUS_SUCCESS written=70000 writes=1 unnamed=true open`, "summary messages=2 open=1"}},
		{"of one side alone what was sent is counted", []wiretest.Chunk{
			client(ask(Create, 2, createAsk("out", Open, 0)), ask(Write, 3, writeAsk(id(7), make([]byte, 70000))), ask(Close, 4, closeAsk(id(7)))),
		}, []string{`file "out" FILE_OPEN FILE_SUPERSEDED STATUS_SUCCESS open`,
			`file "" FILE_SUPERSEDE FILE_SUPERSEDED STATUS_SUCCESS written=70000 writes=1 unnamed=true`, "summary messages=3 unanswered=3"}},
		{"encrypted and compressed messages are counted", []wiretest.Chunk{
			client(raw(append([]byte("\xfdSMB"), make([]byte, 90000)...)), raw(append([]byte("\xfcSMB"), make([]byte, 100)...))),
		}, []string{"summary messages=2 encrypted=1 compressed=1"}},
		{"a compressed message that points outside of itself is malformed", []wiretest.Chunk{
			client(raw(append([]byte("\xfcSMB\x00\x00\x00\x00\x01\x00\x00\x00\xff\xff\xff\xff"), make([]byte, 100)...))),
		}, []string{"summary messages=1 compressed=1 malformed=1"}},
		{"a gap within a message leads to the next", onFile(
			client(ask(Write, 3, writeAsk(id(1), make([]byte, 5000)))[:1000]),
			wiretest.Chunk{Dir: wire.ToServer, Lost: 2000, Bytes: slices.Concat(ask(Write, 3, writeAsk(id(1), make([]byte, 5000)))[3000:], ask(Close, 4, closeAsk(id(1))))},
			server(answer(Write, 3, Success, writeAnswer(5000)), answer(Close, 4, Success, closeAnswer(1))),
		), []string{tree, file(" end=1 written=5000 writes=1"), "summary messages=8"}},
		{"a gap in a command that is read leads to the next message", onFile(
			client(ask(Create, 3, createAsk("lost", Open, 0))[:80]),
			wiretest.Chunk{Dir: wire.ToServer, Lost: 20, Bytes: slices.Concat(ask(Create, 3, createAsk("lost", Open, 0))[100:], ask(Close, 4, closeAsk(id(1))))},
			server(answer(Close, 4, Success, closeAnswer(1))),
		), []string{tree, file(" end=1"), "summary messages=6 gaps=1"}},
		{"a gap over several messages leads to the next that is found", onFile(
			wiretest.Chunk{Dir: wire.ToServer, Lost: 7777, Bytes: slices.Concat([]byte("...SMB..\x00\x00\x00\x50\xfeSMBnot one"), ask(Close, 4, closeAsk(id(1))))},
			server(answer(Close, 4, Success, closeAnswer(1))),
		), []string{tree, file(" end=1"), "summary messages=6 gaps=1"}},
		{"rubbish between messages is passed over", onFile(
			client([]byte("HELLO THERE"), ask(Close, 4, closeAsk(id(1)))), server(answer(Close, 4, Success, closeAnswer(1))),
		), []string{tree, file(" end=1"), "summary messages=6 malformed=1"}},
		{"a message too short to be one is passed over", onFile(
			client([]byte("\x00\x00\x00\x01\xfeSMB\x40\x00"), ask(Close, 4, closeAsk(id(1)))), server(answer(Close, 4, Success, closeAnswer(1))),
		), []string{tree, file(" end=1"), "summary messages=6 malformed=1"}},
		{"an old client begins in SMB 1 and is answered in SMB 2", []wiretest.Chunk{
			client(smb1Ask("NT LM 0.12", "SMB 2.002", "SMB 2.???")), server(answer(Negotiate, 0, Success, negotiateAnswer(SMB2Any))),
		}, []string{"negotiation 2.?? STATUS_SUCCESS offered=[] smb1=NT LM 0.12|SMB 2.002|SMB 2.??? sign=3 mechanisms=[]", "summary messages=2 smb1=1"}},
		{"an old server stays with SMB 1", []wiretest.Chunk{
			client(smb1Ask("LANMAN1.0", "NT LM 0.12")), server(smb1Answer(1)),
		}, []string{"negotiation NT LM 0.12 STATUS_SUCCESS offered=[] smb1=LANMAN1.0|NT LM 0.12 sign=3 mechanisms=[NTLM] domain=HOSP", "summary messages=2 smb1=2"}},
		{"NetBIOS names are read on port 139", []wiretest.Chunk{
			client(netBIOSRequest("FILES01", "XRAY01")), server([]byte{0x82, 0, 0, 0}),
			client(ask(Negotiate, 0, negotiateAsk())), server(answer(Negotiate, 0, Success, negotiateAnswer(SMB210))),
		}, []string{"negotiation 2.10 STATUS_SUCCESS offered=[2.02 2.10 3.00 3.02 3.11] sign=3 mechanisms=[] called=FILES01", "summary messages=2"}},
	} {
		l, err := play(t, c.chunks)
		if err != nil || !slices.Equal(l.lines, c.want) {
			t.Errorf("%s: %v\n got %s\nwant %s", c.says, err, strings.Join(l.lines, "\n     "), strings.Join(c.want, "\n     "))
		}
		wiretest.Splits(t, c.chunks, fresh)
	}
}

func smb1Ask(dialects ...string) []byte {
	var list []byte
	for _, d := range dialects {
		list = append(append(append(list, 2), d...), 0)
	}
	p := make([]byte, 35, 35+len(list))
	copy(p, "\xffSMB\x72")
	put16(p, 33, uint16(len(list)))
	return raw(append(p, list...))
}

func smb1Answer(index uint16) []byte {
	p := make([]byte, 33+34+2)
	copy(p, "\xffSMB\x72")
	p[9] = 0x80
	p[32] = 17
	put16(p, 33, index)
	p[35] = 0x0f
	data := slices.Concat(make([]byte, 8), utf16le("HOSP"), []byte{0, 0})
	p[33+33] = 8
	put16(p, 33+34, uint16(len(data)))
	return raw(append(p, data...))
}

func netBIOSRequest(called, calling string) []byte {
	p := []byte{0x81, 0, 0, 68}
	for _, name := range []string{called, calling} {
		p = append(p, 32)
		for i := range 16 {
			b := byte(' ')
			if i < len(name) {
				b = name[i]
			}
			p = append(p, 'A'+b>>4, 'A'+b&15)
		}
		p = append(p, 0)
	}
	return p
}

func TestProbe(t *testing.T) {
	for _, c := range []struct {
		says  string
		in    []byte
		match wire.Match
		dir   wire.Dir
	}{
		{"a request", ask(Negotiate, 0, negotiateAsk()), wire.Yes, wire.ToServer},
		{"an answer", answer(Negotiate, 0, Success, nil), wire.Yes, wire.ToClient},
		{"SMB 1", smb1Ask("NT LM 0.12"), wire.Yes, wire.ToServer},
		{"an answer in SMB 1", smb1Answer(0), wire.Yes, wire.ToClient},
		{"an encrypted message, of either side", raw([]byte("\xfdSMB....")), wire.Yes, wire.Either},
		{"a NetBIOS session request", netBIOSRequest("A", "B"), wire.Yes, wire.ToServer},
		{"half a header may be one", ask(Negotiate, 0, nil)[:15], wire.Unsure, wire.Either},
		{"a zero may be one", []byte{0}, wire.Unsure, wire.Either},
		{"nothing may be one", nil, wire.Unsure, wire.Either},
		{"Kerberos is none", []byte{0, 0, 0, 0x45, 0x6a, 0x82}, wire.No, wire.Either},
		{"HTTP is none", []byte("GET /"), wire.No, wire.Either},
		{"SSL 2 is none", []byte{0x81, 0x2e, 1, 3, 1}, wire.No, wire.Either},
	} {
		match, dir := Probe(c.in)
		if match != c.match || match == wire.Yes && dir != c.dir {
			t.Errorf("%s: got %d %s, want %d %s", c.says, match, dir, c.match, c.dir)
		}
	}
}

// seen collects transactions.
type seen struct {
	log
	lines []string
}

func (s *seen) Transaction(t *Transaction) {
	line := fmt.Sprintf("%s %s answered=%v asked=%v", t.Command, t.Status, t.Answered, t.Asked)
	if t.Tree != nil {
		line += " tree=" + string(t.Tree.Path)
	}
	if t.File != nil {
		line += " file=" + string(t.File.Name)
	}
	if t.Length > 0 {
		line += fmt.Sprint(" length=", t.Length)
	}
	s.lines = append(s.lines, line)
}

func TestContentSaysWhenItIsEarly(t *testing.T) {
	var l full
	f := wiretest.Feed[Handler]{T: t, Conversation: new(Conversation), Handler: &l}
	second := readAsk(id(1), 3)
	put64(second, 8, 3) // its offset
	_ = f.Play(append(opened(Disk, `\\a\b`, "f"), client(ask(Read, 3, readAsk(id(1), 3)), ask(Read, 4, second)),
		server(answer(Read, 4, Success, readAnswer([]byte("def"))), answer(Read, 3, Success, readAnswer([]byte("abc"))))))
	var got []string
	for _, line := range l.lines {
		if line == "early" || strings.HasPrefix(line, "content") {
			got = append(got, strings.Fields(line)[0])
		}
	}
	if want := []string{"early", "content", "content"}; !slices.Equal(got, want) {
		t.Errorf("got %q of %q, want %q", got, l.lines, want)
	}
}

func TestTransactionsAreToldToWhoWantsThem(t *testing.T) {
	chunks := append(opened(Disk, `\\a\b`, "f"),
		client(ask(Read, 3, readAsk(id(1), 10))), server(answer(Read, 3, EndOfFile, failed())),
		server(answer(Close, 77, Success, closeAnswer(0))),
		client(ask(Close, 4, closeAsk(id(1)))))
	var s seen
	f := wiretest.Feed[Handler]{T: t, Conversation: new(Conversation), Handler: &s}
	if err := f.Play(chunks); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`SMB2_COMMAND_TREE_CONNECT STATUS_SUCCESS answered=true asked=true tree=\\a\b`,
		`SMB2_COMMAND_CREATE STATUS_SUCCESS answered=true asked=true tree=\\a\b file=f`,
		`SMB2_COMMAND_READ STATUS_END_OF_FILE answered=true asked=true tree=\\a\b file=f length=10`,
		`SMB2_COMMAND_CLOSE STATUS_SUCCESS answered=true asked=false tree=\\a\b`,
		`SMB2_COMMAND_CLOSE STATUS_SUCCESS answered=false asked=true tree=\\a\b file=f`,
	}
	if !slices.Equal(s.lines, want) {
		t.Errorf("got %s\nwant %s", strings.Join(s.lines, "\n    "), strings.Join(want, "\n    "))
	}
}

// nobody is a handler that does nothing.
type nobody struct{}

func (nobody) Record(Record) {}

func TestTablesAreBounded(t *testing.T) {
	var c Conversation
	for n := range uint64(20_000) {
		session := command{session: n % 500, tree: uint32(n % 300), id: n}
		for _, cmd := range []Command{SessionSetup, TreeConnect, Create, Read, IOControl, Close} {
			session.cmd, session.body = cmd, make([]byte, 100)
			put64(session.body, 16, n)
			put64(session.body, 8, n)
			feedWhole(t, &c, wire.ToServer, frame(session))
			if n%3 == 0 {
				session.answer = true
				feedWhole(t, &c, wire.ToClient, frame(session))
				session.answer = false
			}
		}
	}
	x := &c.tables
	for _, b := range []struct {
		name     string
		got, max int
	}{
		{"files", len(x.files) + len(x.freeFiles), MaxFiles + 1}, {"trees", len(x.trees) + len(x.freeTrees), MaxTrees + MaxWaiting + 2},
		{"sessions", len(x.sessions) + len(x.freeSessions), MaxSessions + MaxWaiting + 2}, {"waiting", len(x.waiting), MaxWaiting},
		{"ids", len(x.byID), MaxFiles},
	} {
		if b.got > b.max {
			t.Errorf("%s: got %d, want at most %d", b.name, b.got, b.max)
		}
	}
	c.Reset()
	if len(x.files)+len(x.trees)+len(x.sessions)+len(x.waiting)+len(x.byID) != 0 {
		t.Error("after Reset the tables are not empty")
	}
}

func feedWhole(t testing.TB, c *Conversation, dir wire.Dir, p []byte) {
	t.Helper()
	if done, _, err := c.Decode(dir, p, nobody{}); err != nil || done < len(p) {
		t.Fatalf("got %d of %d bytes, %v", done, len(p), err)
	}
}

// work is one file's life, both sides.
func work() (in, out []byte) {
	in = slices.Concat(ask(Create, 2, createAsk(`ct\1.dcm`, OpenIf, 0)))
	out = slices.Concat(answer(Create, 2, Success, createAnswer(id(1), Opened, 100)))
	for n := range uint64(8) {
		in = append(in, ask(Read, 3+n, readAsk(id(1), 4096))...)
		out = append(out, answer(Read, 3+n, Success, readAnswer(make([]byte, 4096)))...)
	}
	in = append(in, ask(Close, 20, closeAsk(id(1)))...)
	return in, append(out, answer(Close, 20, Success, closeAnswer(100))...)
}

func TestSteadyStateDoesNotAllocate(t *testing.T) {
	in, out := work()
	in = append(ask(SessionSetup, 1, tokenAsk(ntlmAuthenticate("nurse7"))), in...)
	out = append(answer(SessionSetup, 1, Success, tokenAnswer(0, nil)), out...)
	var c Conversation
	if got := testing.AllocsPerRun(100, func() {
		feedWhole(t, &c, wire.ToServer, in)
		feedWhole(t, &c, wire.ToClient, out)
	}); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
	if got := testing.AllocsPerRun(100, func() {
		feedWhole(t, &c, wire.ToServer, in)
		feedWhole(t, &c, wire.ToClient, out)
		c.Close(nobody{})
		c.Reset()
	}); got != 0 {
		t.Errorf("with Reset: got %v allocations, want 0", got)
	}
}

func TestPipeService(t *testing.T) {
	for name, want := range map[string]string{
		"svcctl": "service control", `\PIPE\samr`: "accounts and groups", `\lsarpc`: "local security authority", "LSARPC": "local security authority",
		"PSEXESVC": "", "a very long name that is none of them": "", "": "",
	} {
		if got := PipeService([]byte(name)); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestNames(t *testing.T) {
	g := GUID{0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}
	if got, want := g.String(), "00112233-4455-6677-8899-aabbccddeeff"; got != want {
		t.Errorf("guid: got %s, want %s", got, want)
	}
	if got, want := string(g.AppendEVE(nil)), "00112233-4455-6677-9988-bbaaffeeddcc"; got != want {
		t.Errorf("guid in EVE: got %s, want %s", got, want)
	}
	if got, want := unixNano(133_500_000_000_000_000), int64(1_705_526_400_000_000_000); got != want {
		t.Errorf("time: got %d, want %d", got, want)
	}
	if got := Status(0xc0ffee00).String(); got != "0xc0ffee00" {
		t.Errorf("status: got %s, want 0xc0ffee00", got)
	}
}

func FuzzConversation(f *testing.F) {
	in, out := work()
	f.Add(in[:600], out[:900])
	f.Add(ask(SessionSetup, 2, tokenAsk(ntlmAuthenticate("root"))), answer(SessionSetup, 2, MoreProcessing, tokenAnswer(1, ntlmChallenge())))
	f.Add(ask(Negotiate, 0, negotiateAsk()), answer(Negotiate, 0, Success, negotiateAnswer(SMB311)))
	f.Add(smb1Ask("LANMAN1.0", "NT LM 0.12"), smb1Answer(1))
	f.Add(netBIOSRequest("A", "B"), []byte{0x82, 0, 0, 0})
	f.Add(ask(SetInfo, 3, setAsk(id(1), infoFile, classRename, renameValue("x"))), answer(SetInfo, 3, Success, nil))
	f.Add(ask(IOControl, 3, controlAsk(id(1), PipeTransceive, make([]byte, 20))), answer(IOControl, 3, Success, controlAnswer(PipeTransceive, make([]byte, 50))))
	f.Add(ask(TreeConnect, 1, treeAsk(`\\a\IPC$`)), answer(TreeConnect, 1, Success, treeAnswer(Pipe)))
	f.Add(raw(append([]byte("\xfcSMB"), make([]byte, 20)...)), raw(append([]byte("\xfdSMB"), make([]byte, 20)...)))
	f.Fuzz(func(t *testing.T, in, out []byte) {
		half := len(in) / 2
		wiretest.Splits(t, []wiretest.Chunk{client(in), server(out), {Dir: wire.ToServer, Lost: half, Bytes: in[half:]}, client(in), server(out)}, fresh)
	})
}

func BenchmarkFile(b *testing.B) {
	in, out := work()
	var c Conversation
	b.ReportAllocs()
	b.SetBytes(int64(len(in) + len(out)))
	for b.Loop() {
		feedWhole(b, &c, wire.ToServer, in)
		feedWhole(b, &c, wire.ToClient, out)
	}
}

func BenchmarkSignOn(b *testing.B) {
	in := ask(SessionSetup, 1, tokenAsk(ntlmAuthenticate("nurse7")))
	out := answer(SessionSetup, 1, Success, tokenAnswer(0, nil))
	var c Conversation
	b.ReportAllocs()
	b.SetBytes(int64(len(in) + len(out)))
	for b.Loop() {
		feedWhole(b, &c, wire.ToServer, in)
		feedWhole(b, &c, wire.ToClient, out)
	}
}

func BenchmarkFind(b *testing.B) {
	p := append(bytes.Repeat([]byte("no such thing in here, only SMB now and then"), 1400), ask(Logoff, 1, nil)...)
	b.ReportAllocs()
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		s := side{lost: true}
		if n, err := s.find(p); err != nil || s.lost {
			b.Fatal(n, err)
		}
	}
}
