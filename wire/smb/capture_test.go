package smb

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"bulwark/wire"
	"bulwark/wire/internal/corpus"
	"bulwark/wire/wiretest"
)

// log writes records down, one line each.
type log struct{ lines []string }

func (l *log) Record(r Record) { l.lines = append(l.lines, line(r)) }

// line says a record in words.
func line(r Record) string {
	var b strings.Builder
	put := func(name string, value any) {
		s := fmt.Sprint(value)
		if v, ok := value.([]byte); ok {
			s = string(v)
		}
		if s != "" && s != "0" && s != "false" && s != "none" {
			fmt.Fprintf(&b, " %s=%s", name, s)
		}
	}
	switch r := r.(type) {
	case *Negotiation:
		fmt.Fprintf(&b, "negotiation %s %s offered=%v", r.DialectName(), r.Status, r.Dialects)
		put("smb1", string(joined(r.SMB1Dialects)))
		put("sign", r.ServerSecurity)
		put("mechanisms", r.Mechanisms)
		put("cipher", r.Cipher)
		put("netname", r.Netname)
		put("domain", r.Domain)
		put("called", r.Called)
		if !r.Answered {
			b.WriteString(" unanswered")
		}
	case *Session:
		fmt.Fprintf(&b, "session %#x %s %s", r.ID, r.Status, r.Mechanism)
		put("user", r.User)
		put("domain", r.Domain)
		put("host", r.Workstation)
		if r.Scheme != 0 {
			put("scheme", r.Scheme)
		}
		if r.ClientVersion.Major != 0 {
			put("client", r.ClientVersion)
		}
		put("server", r.Server.DNSComputer)
		put("spn", r.SPN)
		put("realm", r.Realm)
		put("service", r.Service)
		put("os", r.ClientOS)
		put("lm", r.ClientLM)
		put("serves", r.ServerOS)
		put("with", r.ServerLM)
		put("guest", r.Guest)
		put("null", r.Null)
		put("encrypted", r.Encrypted)
		put("loggedoff", r.LoggedOff)
		if !r.Answered {
			b.WriteString(" unanswered")
		}
	case *Tree:
		fmt.Fprintf(&b, "tree %d %s %s %s", r.ID, r.Path, r.Type, r.Status)
		if !r.Answered {
			b.WriteString(" unanswered")
		}
	case *File:
		fmt.Fprintf(&b, "file %q %s %s %s", r.Name, r.Disposition, r.Action, r.Status)
		if r.Tree != nil {
			put("tree", r.Tree.Path)
		}
		put("size", r.Size)
		put("end", r.EndSize)
		put("read", r.BytesRead)
		put("written", r.BytesWritten)
		put("reads", r.Reads)
		put("writes", r.Writes)
		put("lists", r.Lists)
		put("pattern", r.Pattern)
		put("calls", r.Transceives)
		if r.Control != 0 {
			put("control", r.Control)
		}
		put("renamed", r.RenamedTo)
		put("deleted", r.Deleted)
		put("dir", r.Directory)
		put("pipe", r.Pipe)
		put("unnamed", r.Unnamed)
		if r.Modified != 0 {
			put("modified", time.Unix(0, r.Modified).UTC().Format(time.DateOnly))
		}
		if !r.Closed && !r.Status.Failed() {
			b.WriteString(" open")
		}
	case *Summary:
		fmt.Fprintf(&b, "summary messages=%d", r.Messages)
		put("encrypted", r.Encrypted)
		put("compressed", r.Compressed)
		put("smb1", r.SMB1)
		put("malformed", r.Malformed)
		put("unanswered", r.Unanswered)
		put("unasked", r.Unasked)
		put("gaps", r.Gaps)
		put("open", r.OpenFiles)
	}
	return b.String()
}

func joined(list [][]byte) (all []byte) {
	for i, s := range list {
		if i > 0 {
			all = append(all, '|')
		}
		all = append(all, s...)
	}
	return all
}

func isSMB(f *corpus.Flow) bool {
	if !f.TCP || len(f.Chunks) == 0 {
		return false
	}
	match, dir := Probe(f.Chunks[0].Bytes)
	return match == wire.Yes && (dir == wire.Either || dir == f.Chunks[0].Dir)
}

func run(t testing.TB, f *corpus.Flow, h Handler) error {
	t.Helper()
	feed := wiretest.Feed[Handler]{T: t, Conversation: new(Conversation), Handler: h, Scribble: true}
	return feed.Play(f.Chunks)
}

// captures are all that hold SMB.
func captures(t testing.TB) map[string][]byte {
	t.Helper()
	files := corpus.Archive(t, "suricata-verify.tar.zst")
	for _, folder := range []string{"zeek-traces", "attack-sbousseaden", "attack-otrf", "arkime"} {
		for name, capture := range corpus.Files(t, folder) {
			files[name] = capture
		}
	}
	return files
}

// eve writes transactions down as EVE's smb object has them.
type eve struct {
	log
	events []map[string]string
	files  map[string]bool // a file's content is one event for reading, one for writing
}

func (e *eve) Transaction(t *Transaction) {
	m := map[string]string{
		"command": t.Name(), "dialect": t.Negotiation.DialectName(),
		"session_id": fmt.Sprint(t.SessionID), "tree_id": fmt.Sprint(t.TreeID),
	}
	if t.Answered {
		m["status"], m["status_code"] = t.Status.String(), fmt.Sprintf("0x%x", uint32(t.Status))
	}
	switch t.Command {
	case Negotiate:
		m["server_guid"] = string(t.Negotiation.ServerGUID.AppendEVE(nil))
		m["client_dialects"] = fmt.Sprint(t.Negotiation.Dialects)
		if t.Version == 1 {
			m["client_dialects"] = string(joined(t.Negotiation.SMB1Dialects))
		}
	case SessionSetup:
		if s := t.Session; s != nil && t.Version == 1 {
			m["request.native_os"], m["request.native_lm"] = string(s.ClientOS), string(s.ClientLM)
			m["response.native_os"], m["response.native_lm"] = string(s.ServerOS), string(s.ServerLM)
		}
		if s := t.Session; s != nil && t.Proves && s.ClientVersion.Major != 0 {
			m["ntlmssp.version"] = s.ClientVersion.String()
			m["ntlmssp.user"], m["ntlmssp.domain"], m["ntlmssp.host"] = string(s.User), string(s.Domain), string(s.Workstation)
		}
	case TreeConnect:
		if t.Tree.IsPipe() {
			m["named_pipe"] = string(t.Tree.Path)
		} else {
			m["share"] = string(t.Tree.Path)
		}
		m["share_type"] = t.Tree.Type.String()
	case Create:
		if t.File == nil {
			break
		}
		m["filename"], m["disposition"], m["access"] = string(t.File.Name), t.File.Disposition.String(), "normal"
		if t.File.DeleteOnClose {
			m["access"] = "delete on close"
		}
		m["size"], m["created"] = fmt.Sprint(t.File.Size), fmt.Sprint(t.File.Created/1e9)
		m["fuid"] = string(t.File.ID.AppendEVE(nil))
	case SetInfo:
		switch {
		case t.Renames:
			m["rename.from"], m["rename.to"] = string(t.File.Name), string(t.File.RenamedTo)
		case t.Deletes:
			m["filename"], m["access"] = string(t.File.Name), "delete on close"
		default:
			return
		}
	case QueryInfo:
		return
	case Read, Write:
		if t.File == nil || t.File.Pipe {
			return // EVE shows the remote procedure calls in there
		}
		m["filename"], m["fuid"] = string(t.File.Name), string(t.File.ID.AppendEVE(nil))
		key := m["fuid"] + m["command"]
		if e.files[key] {
			return
		}
		if e.files == nil {
			e.files = map[string]bool{}
		}
		e.files[key] = true
	}
	e.events = append(e.events, m)
}

func (e *eve) count(want map[string]string) (n int) {
	for _, m := range e.events {
		all := true
		for k, v := range want {
			all = all && m[k] == v
		}
		if all {
			n++
		}
	}
	return n
}

// TestSuricataVerify holds the checks of suricata-verify that are about the fields read here.
func TestSuricataVerify(t *testing.T) {
	const dir = "suricata-verify/tests/"
	files := corpus.Archive(t, "suricata-verify.tar.zst", dir)
	create := func(name string, more ...string) map[string]string {
		m := map[string]string{"command": "SMB2_COMMAND_CREATE", "filename": name}
		for i := 0; i < len(more); i += 2 {
			m[more[i]] = more[i+1]
		}
		return m
	}
	for _, c := range []struct {
		file  string
		count int
		match map[string]string
	}{
		{"smb2-04/20171220_smb_at_schedule.pcap", 1, create("atsvc", "status", "STATUS_SUCCESS", "disposition", "FILE_OPEN",
			"access", "normal", "created", "0", "size", "0", "fuid", "0000004d-0000-0000-0005-0000ffffffff")},
		{"smb2-06/20171220_smb_net_user.pcap", 1, create("lsarpc", "dialect", "2.10", "status_code", "0x0", "session_id", "35184439197745",
			"tree_id", "1", "fuid", "0000002a-0008-0000-0009-000000000008")},
		{"smb2-07/20171220_smb_psexec_add_user.pcap", 1, map[string]string{"access": "delete on close", "filename": "PSEXESVC.exe"}},
		{"smb2-07/20171220_smb_psexec_add_user.pcap", 1, create("PSEXESVC.exe", "disposition", "FILE_OVERWRITE_IF")},
		{"smb2-07/20171220_smb_psexec_add_user.pcap", 1, create("PSEXESVC-VICTIM-PC-2412-stderr", "disposition", "FILE_OPEN")},
		{"smb2-07/20171220_smb_psexec_add_user.pcap", 1, create("PSEXESVC-VICTIM-PC-2412-stdout", "disposition", "FILE_OPEN")},
		{"smb2-07/20171220_smb_psexec_add_user.pcap", 1, create("PSEXESVC-VICTIM-PC-2412-stdin", "disposition", "FILE_OPEN")},
		{"smb2-07/20171220_smb_psexec_add_user.pcap", 1, map[string]string{"command": "SMB2_COMMAND_TREE_CONNECT", "named_pipe": `\\dc1\IPC$`}},
		{"smb2-07/20171220_smb_psexec_add_user.pcap", 2, map[string]string{"command": "SMB2_COMMAND_TREE_CONNECT", "share": `\\dc1\ADMIN$`}},
		{"smb2-async/input.pcap", 1, map[string]string{"rename.from": `UsuarioA\Desktop\directorioCompartido\11\148\1538\F9768.pdf`}},
		{"smb2-delete/input.pcap", 1, map[string]string{"access": "delete on close", "filename": "test"}},
		{"smb3-02-midstream/input.pcap", 1, map[string]string{"command": "SMB2_COMMAND_TREE_CONNECT", "status": "STATUS_SUCCESS", "named_pipe": `\\10.160.65.202\IPC$`}},
		{"smb2-ntlmssp-negotiateflags/input.pcap", 7, map[string]string{"ntlmssp.version": "10.0 build 10586 rev 15"}},
		{"smb1-01/smb1.pcap", 17, nil},
		{"smb1-01/smb1.pcap", 7, map[string]string{"dialect": "unknown", "command": "SMB2_COMMAND_CREATE", "status": "STATUS_SUCCESS"}},
		{"smb1-01/smb1.pcap", 7, map[string]string{"dialect": "unknown", "command": "SMB2_COMMAND_CLOSE", "status": "STATUS_SUCCESS"}},
		{"smb1-01/smb1.pcap", 0, map[string]string{"command": "SMB2_COMMAND_GET_INFO"}},
		{"smb1-01/smb1.pcap", 2, map[string]string{"command": "SMB2_COMMAND_FIND", "status": "STATUS_SUCCESS"}},
		{"smb1-01/smb1.pcap", 1, map[string]string{"command": "SMB2_COMMAND_READ", "status": "STATUS_SUCCESS"}},
		{"smb1-01/smb1.pcap", 1, create(`Test\2009-12 Payroll.xlsx`, "session_id", "4398046511153", "tree_id", "1", "disposition", "FILE_OPEN",
			"fuid", "00000065-0030-0000-0025-0020ffffffff")},
		{"smb1-01/smb1.pcap", 1, map[string]string{"command": "SMB2_COMMAND_READ", "session_id": "4398046511153", "tree_id": "1",
			"filename": `Test\2009-12 Payroll.xlsx`, "fuid": "00000065-0030-0000-0025-0020ffffffff"}},
		{"smb1-02/smb1_osx.pcap", 3, map[string]string{"dialect": "NT LM 0.12", "command": "SMB1_COMMAND_NEGOTIATE_PROTOCOL", "status": "STATUS_SUCCESS",
			"status_code": "0x0", "client_dialects": "NT LM 0.12", "server_guid": "31347374-0032-0000-0000-000000000000"}},
		{"smb1-02/smb1_osx.pcap", 3, map[string]string{"command": "SMB1_COMMAND_SESSION_SETUP_ANDX", "status": "STATUS_MORE_PROCESSING_REQUIRED",
			"tree_id": "65535", "request.native_os": "Mac OS X 10.10", "request.native_lm": "SMBFS 3.0.0", "response.native_os": "QTS",
			"response.native_lm": "Samba 4.4.16"}},
		{"smb1-02/smb1_osx.pcap", 3, map[string]string{"command": "SMB1_COMMAND_LOGOFF_ANDX", "status": "SRV_BADUID"}},
	} {
		var e eve
		for _, f := range corpus.Flows(t, files[dir+c.file], 445, 139) {
			if isSMB(f) {
				if err := run(t, f, &e); err != nil {
					t.Errorf("%s: %v", c.file, err)
				}
			}
		}
		if got := e.count(c.match); got != c.count {
			t.Errorf("%s: got %d of %v, want %d", c.file, got, c.match, c.count)
			for _, m := range e.events {
				t.Log(m)
			}
		}
	}
}

func TestAnySplitOfCapturesGivesTheSame(t *testing.T) {
	flows := 0
	for _, capture := range captures(t) {
		for _, f := range corpus.Flows(t, capture, 445, 139) {
			if isSMB(f) {
				flows++
				wiretest.Splits(t, f.Chunks, fresh)
			}
		}
	}
	t.Logf("%d flows", flows)
}

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	l := new(full)
	return new(Conversation), l, func() string { return strings.Join(l.lines, "\n") }
}

// full writes content down too: of each message that carries some, how much and its sum.
type full struct {
	log
	carried [2]carried
}

type carried struct {
	sum     uint64
	n, lost int
	at      uint64
}

func (l *full) Content(p *Piece) {
	c := &l.carried[p.Dir]
	if p.First {
		*c = carried{at: p.Offset, sum: uint64(p.Message.Command)}
	}
	c.lost += p.Lost
	if p.Early && p.First {
		l.lines = append(l.lines, "early")
	}
	for _, b := range p.Bytes {
		c.sum = (c.sum ^ uint64(b)) * 0x100000001b3
	}
	if c.n += len(p.Bytes); p.Last {
		l.lines = append(l.lines, fmt.Sprintf("content %s of %q at %d: %d bytes, %x, lost=%d", p.Dir, p.File.Name, c.at, c.n, c.sum, c.lost))
	}
}

func TestDamagedCapturesGiveTheSameHoweverTheyAreSplit(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, capture := range captures(t) {
		for _, f := range corpus.Flows(t, capture, 445, 139) {
			if f.TCP && isSMB(f) {
				wiretest.Splits(t, corpus.Damage(random, f.Chunks), fresh)
			}
		}
	}
}

// commands counts what one capture holds.
type commands struct {
	log
	answered map[Command]int
	smb1     map[Code]int
}

func (c *commands) Transaction(t *Transaction) {
	if t.Version == 1 && t.Answered && t.Negotiation.Dialect <= SMB1 {
		c.smb1[t.Code]++
	}
	if t.Answered && (t.Version == 2 || t.Negotiation.Dialect > SMB1) { // an SMB 1 request may be answered in SMB 2
		c.answered[t.Command]++
	}
}

func TestAgreesWithTshark(t *testing.T) {
	if testing.Short() {
		t.Skip("running tshark on every capture takes a while")
	}
	compared, answers, old := 0, 0, 0
	for name, capture := range captures(t) {
		got := commands{answered: map[Command]int{}, smb1: map[Code]int{}}
		for _, f := range corpus.Flows(t, capture, 445, 139) {
			if isSMB(f) {
				_ = run(t, f, &got)
			}
		}
		old += compareSMB1(t, name, capture, got.smb1)
		if len(got.answered) == 0 {
			continue
		}
		want := map[Command]int{}
		for _, row := range corpus.Tshark(t, capture, "smb2 && tcp", "smb2.cmd", "smb2.flags.response", "smb2.nt_status") {
			cmds, responses := strings.Split(row[0], ","), strings.Split(row[1], ",")
			status := strings.Split(row[2], ",")
			at := 0 // statuses are shown of answers alone
			for i := range cmds {
				if i >= len(responses) || responses[i] != "1" && responses[i] != "True" {
					continue
				}
				interim := at < len(status) && status[at] == "0x00000103"
				at++
				n, err := strconv.Atoi(cmds[i])
				if err != nil {
					t.Fatal(err)
				}
				if !interim && n != int(OplockBreak) { // some of which nobody asked for
					want[Command(n)]++
					answers++
				}
			}
		}
		compared++
		delete(got.answered, OplockBreak)
		if !maps.Equal(got.answered, want) {
			t.Errorf("%s: got %v, tshark %v", name, got.answered, want)
		}
	}
	t.Logf("%d captures, %d answers compared, %d of SMB 1", compared, answers, old)
}

// compareSMB1 compares the answers of SMB 1 with tshark's, which names the first command of a chain alone.
func compareSMB1(t *testing.T, name string, capture []byte, got map[Code]int) (answers int) {
	if len(got) == 0 {
		return 0
	}
	want := map[Code]int{}
	for _, row := range corpus.Tshark(t, capture, "smb && tcp && smb.flags.response == 1", "smb.cmd") {
		for _, cmd := range strings.Split(row[0], ",") {
			n, err := strconv.ParseUint(cmd, 0, 8)
			if err != nil {
				t.Fatal(err)
			}
			if Code(n) != codeNone { // nothing follows in the chain
				want[Code(n)]++
				answers++
			}
		}
	}
	for code, n := range want {
		if got[code] < n {
			t.Errorf("%s: got %d of %s, tshark %d", name, got[code], code, n)
		}
	}
	return answers
}
