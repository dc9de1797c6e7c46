package dcerpc

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/wiretest"
)

func bound(interfaces ...string) []wiretest.Chunk {
	taken := make([]uint16, len(interfaces))
	return []wiretest.Chunk{
		client(pdu(BindType, whole, 1, contexts(interfaces...), 0, nil)),
		server(pdu(BindAck, whole, 1, results(ndrUUID, taken...), 0, nil)),
	}
}

func TestConversation(t *testing.T) {
	on := func(u string, more ...wiretest.Chunk) []wiretest.Chunk { return append(bound(u), more...) }
	bind := func(name string) string {
		return "bind 1 alter=false asked=true BINDACK [0 " + name + " 1.0 answered=true 0 0]"
	}
	challenge := ntlmMessage(2, 48, map[int]string{12: "HOSP"})
	prove := ntlmMessage(3, 72, map[int]string{28: "HOSP", 36: "root", 44: "XRAY01", 20: strings.Repeat("x", 30)})
	signing := []wiretest.Chunk{
		client(pdu(BindType, whole, 1, contexts(drsUUID), 6, ntlmMessage(1, 32, nil))),
		server(pdu(BindAck, whole, 1, results(ndrUUID, 0), 6, challenge)),
		client(pdu(Auth3, whole, 1, make([]byte, 4), 6, prove)),
	}
	for _, c := range []struct {
		says   string
		chunks []wiretest.Chunk
		want   []string
	}{
		{"a binding says which interfaces are taken", []wiretest.Chunk{
			client(pdu(BindType, whole, 1, contexts(svcctlUUID, samrUUID), 0, nil)),
			server(pdu(BindAck, whole, 1, results(ndrUUID, 0, 2), 0, nil)),
		}, []string{"bind 1 alter=false asked=true BINDACK [0 svcctl 1.0 answered=true 0 0] [1 samr 1.0 answered=true 2 0]"}},
		{"a refused binding is told", []wiretest.Chunk{
			client(pdu(BindType, whole, 1, contexts(svcctlUUID), 0, nil)), server(pdu(BindNak, whole, 1, make([]byte, 4), 0, nil)),
		}, []string{"bind 1 alter=false asked=true BINDNAK [0 svcctl 1.0 answered=false 0 0]"}},
		{"a binding that nobody answers is told at the end", []wiretest.Chunk{client(pdu(BindType, whole, 1, contexts(svcctlUUID), 0, nil))},
			[]string{"bind 1 alter=false asked=true [0 svcctl 1.0 answered=false 0 0]"}},
		{"a call names its operation", on(drsUUID, client(ask(2, 3, make([]byte, 40))), server(answer(2, make([]byte, 500)))),
			[]string{bind("drsuapi"), "call 2 op=3 drsuapi.DRSGetNCChanges sent=1/40 RESPONSE got=1/500"}},
		{"a call in fragments is one", on(samrUUID,
			client(pdu(Request, firstFragment, 2, requestBody(13, make([]byte, 100)), 0, nil), pdu(Request, lastFragment, 2, requestBody(13, make([]byte, 50)), 0, nil)),
			server(pdu(Response, firstFragment, 2, make([]byte, 108), 0, nil), pdu(Response, lastFragment, 2, make([]byte, 28), 0, nil))),
			[]string{bind("samr"), "call 2 op=13 samr.SamrEnumerateUsersInDomain sent=2/150 RESPONSE got=2/120"}},
		{"calls may be answered in another order", on(samrUUID, client(ask(2, 1, nil), ask(3, 5, nil)), server(answer(3, nil), answer(2, nil))),
			[]string{bind("samr"), "call 3 op=5 samr.SamrLookupDomainInSamServer sent=1/0 RESPONSE got=1/0", "call 2 op=1 samr.SamrCloseHandle sent=1/0 RESPONSE got=1/0"}},
		{"a fault says why", on(samrUUID, client(ask(2, 13, nil)), server(fault(2, 5))),
			[]string{bind("samr"), "call 2 op=13 samr.SamrEnumerateUsersInDomain sent=1/0 FAULT got=1/8 fault=access_denied"}},
		{"a call that nobody answers is told at the end", on(samrUUID, client(ask(2, 13, nil))),
			[]string{bind("samr"), "call 2 op=13 samr.SamrEnumerateUsersInDomain sent=1/0"}},
		{"an answer nobody asked for is told when the client goes on", on(samrUUID, server(answer(2, nil)), client(ask(3, 1, nil)), server(answer(3, nil))),
			[]string{bind("samr"), "call 2 sent=0/0 RESPONSE got=1/0", "call 3 op=1 samr.SamrCloseHandle sent=1/0 RESPONSE got=1/0"}},
		{"a service that is made is named", on(svcctlUUID,
			client(ask(2, 12, slices.Concat(make([]byte, 20), ndr("evil"), le.AppendUint32(nil, 1), ndr("Evil"), make([]byte, 16), ndr(`C:\x.exe`)))), server(answer(2, nil))),
			[]string{bind("svcctl"), `call 2 op=12 svcctl.CreateServiceW sent=1/120 RESPONSE got=1/0 "evil" "Evil" "C:\\x.exe"`}},
		{"a file on another machine is named", on(efsUUID, client(ask(2, 0, ndr(`\\10.1.1.1\x`))), server(answer(2, nil))),
			[]string{bind("efsrpc2"), `call 2 op=0 efsrpc2.EfsRpcOpenFileRaw sent=1/40 RESPONSE got=1/0 "\\\\10.1.1.1\\x"`}},
		{"texts of other operations are not shown", on(samrUUID, client(ask(2, 38, ndr("secret"))), server(answer(2, nil))),
			[]string{bind("samr"), `call 2 op=38 samr.SamrChangePasswordUser sent=1/28 RESPONSE got=1/0`}},
		{"a sign-on is believed when a call succeeds", append(slices.Clone(signing), client(ask(2, 3, nil)), server(answer(2, nil))), []string{
			"bind 1 alter=false asked=true BINDACK [0 drsuapi 1.0 answered=true 0 0]", "message 1 AUTH3",
			"signon NTLM NTLM user=root domain=HOSP host=XRAY01 server= decided=true refused=false",
			"call 2 op=3 drsuapi.DRSGetNCChanges sent=1/0 RESPONSE got=1/0 level=privacy by=root"}},
		{"a sign-on is refused when the call is", append(slices.Clone(signing), client(ask(2, 3, nil)), server(fault(2, 5))), []string{
			"bind 1 alter=false asked=true BINDACK [0 drsuapi 1.0 answered=true 0 0]", "message 1 AUTH3",
			"signon NTLM NTLM user=root domain=HOSP host=XRAY01 server= decided=true refused=true",
			"call 2 op=3 drsuapi.DRSGetNCChanges sent=1/0 FAULT got=1/8 fault=access_denied level=privacy by=root"}},
		{"behind a gap it goes on at the next message", on(samrUUID, client(ask(2, 13, make([]byte, 400))[:200]),
			wiretest.Chunk{Dir: wire.ToServer, Lost: 300, Bytes: slices.Concat(make([]byte, 70), ask(3, 1, nil))}, server(answer(3, nil))),
			[]string{bind("samr"), "call 3 op=1 samr.SamrCloseHandle sent=1/0 RESPONSE got=1/0"}},
		{"a cancelled call is told", on(samrUUID, client(pdu(COCancel, whole, 2, nil, 0, nil))), []string{bind("samr"), "message 2 CO_CANCEL"}},
	} {
		var l log
		f := wiretest.Feed[Handler]{T: t, Conversation: new(Conversation), Handler: &l}
		err := f.Play(c.chunks)
		if err != nil || !slices.Equal(l.lines, c.want) {
			t.Errorf("%s: %v\n got %s\nwant %s", c.says, err, strings.Join(l.lines, "\n     "), strings.Join(c.want, "\n     "))
		}
		wiretest.Splits(t, c.chunks, fresh)
	}
}

func TestTextsIn64BitNDR(t *testing.T) {
	wide := func(s string) []byte {
		p := ndr(s)
		return slices.Concat(p[:4], make([]byte, 12), p[8:12], make([]byte, 4), p[12:])
	}
	var l log
	f := wiretest.Feed[Handler]{T: t, Conversation: new(Conversation), Handler: &l}
	_ = f.Play([]wiretest.Chunk{
		client(pdu(BindType, whole, 1, contexts(efsUUID), 0, nil)), server(pdu(BindAck, whole, 1, results(ndr64UUID, 0), 0, nil)),
		client(ask(2, 0, wide("abc"))), server(answer(2, nil)),
	})
	if want := `call 2 op=0 efsrpc2.EfsRpcOpenFileRaw sent=1/32 RESPONSE got=1/0 "abc"`; l.lines[len(l.lines)-1] != want {
		t.Errorf("got %s, want %s", l.lines[len(l.lines)-1], want)
	}
}

func TestBigEndian(t *testing.T) {
	p := make([]byte, headerSize+12+24+20)
	copy(p, "\x05\x00\x0b\x03\x00\x00\x00\x00\x00\x48\x00\x00\x00\x00\x00\x07")
	p[24], p[30] = 1, 1
	u := uuid(samrUUID)
	copy(p[32:], u[:])
	p[49] = 1
	var l log
	f := wiretest.Feed[Handler]{T: t, Conversation: new(Conversation), Handler: &l}
	_ = f.Play([]wiretest.Chunk{client(p)})
	if want := []string{"bind 7 alter=false asked=true [0 samr 1.0 answered=false 0 0]"}; !slices.Equal(l.lines, want) {
		t.Errorf("got %q, want %q", l.lines, want)
	}
}

func TestDatagrams(t *testing.T) {
	for _, c := range []struct {
		says string
		in   [][]byte
		want []string
	}{
		{"a request and its answer are one call", [][]byte{datagram(Request, 0, 5, 13, make([]byte, 8)), datagram(Response, 0, 5, 13, make([]byte, 20))},
			[]string{"call 00112233-4455-6677-8899-aabbccddeeff/5 op=13 samr.SamrEnumerateUsersInDomain sent=1/8 RESPONSE got=1/20"}},
		{"fragments are one call", [][]byte{datagram(Request, fragment, 5, 13, make([]byte, 8)), datagram(Request, fragment|lastOfMany, 5, 13, make([]byte, 8)),
			datagram(Response, fragment, 5, 13, make([]byte, 20)), datagram(Response, fragment|lastOfMany, 5, 13, make([]byte, 20))},
			[]string{"call 00112233-4455-6677-8899-aabbccddeeff/5 op=13 samr.SamrEnumerateUsersInDomain sent=2/16 RESPONSE got=2/40"}},
		{"a request that nobody answers is told at the end", [][]byte{datagram(Request, 0, 5, 13, nil)},
			[]string{"call 00112233-4455-6677-8899-aabbccddeeff/5 op=13 samr.SamrEnumerateUsersInDomain sent=1/0"}},
		{"a ping is no call", [][]byte{datagram(Ping, 0, 5, 13, nil)}, nil},
	} {
		var l log
		var d Datagrams
		for _, p := range c.in {
			if err := d.Datagram(p, &l); err != nil {
				t.Errorf("%s: %v", c.says, err)
			}
		}
		d.Close(&l)
		if !slices.Equal(l.lines, c.want) {
			t.Errorf("%s: got %q, want %q", c.says, l.lines, c.want)
		}
	}
	if err := new(Datagrams).Datagram(make([]byte, 100), &log{}); err == nil {
		t.Error("zeros are taken for a datagram")
	}
}

func TestProbe(t *testing.T) {
	for _, c := range []struct {
		says  string
		in    []byte
		match wire.Match
		dir   wire.Dir
	}{
		{"a binding", pdu(BindType, whole, 1, contexts(samrUUID), 0, nil), wire.Yes, wire.ToServer},
		{"its answer", pdu(BindAck, whole, 1, results(ndrUUID, 0), 0, nil), wire.Yes, wire.ToClient},
		{"half a header may be one", pdu(BindType, whole, 1, nil, 0, nil)[:9], wire.Unsure, wire.Either},
		{"SOCKS is none", []byte("\x05\x01\x00\x05\x01\x00\x03\x0bexample.org"), wire.No, wire.Either},
		{"DNS is none", []byte("\x05\x00\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x07"), wire.No, wire.Either},
		{"TLS is none", []byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), wire.No, wire.Either},
	} {
		match, dir := Probe(c.in)
		if match != c.match || match == wire.Yes && dir != c.dir {
			t.Errorf("%s: got %d %s, want %d %s", c.says, match, dir, c.match, c.dir)
		}
	}
}

func TestInterfacesAreInOrderAndTheirOperationsAreCounted(t *testing.T) {
	for i := 1; i < len(interfaces); i++ {
		if interfaces[i-1].uuid >= interfaces[i].uuid {
			t.Errorf("%s stands before %s", interfaces[i-1].uuid, interfaces[i].uuid)
		}
	}
	for _, c := range []struct {
		uuid string
		op   uint16
		want string
	}{
		{svcctlUUID, 0, "CloseServiceHandle"}, {svcctlUUID, 12, "CreateServiceW"}, {svcctlUUID, 45, "CreateServiceWOW64W"}, {svcctlUUID, 55, ""},
		{svcctlUUID, 56, "QueryServiceConfigEx"}, {svcctlUUID, 64, "OpenSCManager2"}, {svcctlUUID, 65, ""},
		{samrUUID, 64, "SamrConnect5"}, {samrUUID, 73, "SamrUnicodeChangePasswordUser4"}, {drsUUID, 3, "DRSGetNCChanges"}, {drsUUID, 30, "IDL_DRSReadNgcKey"},
		{"12345678-1234-abcd-ef00-01234567cffb", 30, "NetrServerPasswordSet2"}, {"12345678-1234-abcd-ef00-01234567cffb", 47, ""},
		{"12345678-1234-abcd-ef00-01234567cffb", 26, "NetrServerAuthenticate3"}, {"12345678-1234-abcd-ef00-01234567cffb", 48, "DsrUpdateReadOnlyServerDnsRecords"},
		{"12345678-1234-abcd-ef00-0123456789ab", 89, "RpcAddPrinterDriverEx"}, {"12345678-1234-abcd-ef00-0123456789ab", 65, "RpcRemoteFindFirstPrinterChangeNotificationEx"},
		{"76f03f96-cdfd-44fc-a22c-64950a001209", 39, "RpcAsyncAddPrinterDriver"}, {"12345778-1234-abcd-ef00-0123456789ab", 76, "LsarLookupSids3"},
		{"4b324fc8-1670-01d3-1278-5a47bf6ee188", 15, "NetrShareEnum"}, {"338cd001-2244-31f1-aaaa-900038001003", 20, "BaseRegSaveKey"},
		{efsUUID, 15, "EfsRpcAddUsersToFileEx"}, {"4fc742e0-4a10-11cf-8273-00aa004ae673", 13, "NetrDfsRemoveStdRoot"},
		{"86d35949-83c9-4044-b424-db363231fd0c", 1, "SchRpcRegisterTask"}, {"9556dc99-828c-11cf-a37e-00aa003240c7", 24, "ExecMethod"},
		{"a8e0653c-2744-4389-a61d-7373df8b2292", 8, "IsPathSupported"}, {"ffffffff-0000-0000-0000-000000000000", 1, ""},
	} {
		if got := Lookup(uuid(c.uuid)).Operation(c.op); got != c.want {
			t.Errorf("%s %d: got %q, want %q", c.uuid, c.op, got, c.want)
		}
	}
}

type nobody struct{}

func (nobody) Record(Record) {}

func TestTablesAreBounded(t *testing.T) {
	var c Conversation
	var many []string
	for range 200 {
		many = append(many, samrUUID)
	}
	offer, taken := contexts(many...), results(ndrUUID, make([]uint16, 200)...)
	for n := range uint32(2000) {
		for _, p := range [][]byte{pdu(BindType, whole, n, offer, 0, nil), pdu(BindAck, whole, n, taken, 0, nil), ask(n, 4, bytes.Repeat(ndr("abcd"), 50))} {
			if done, _, err := c.Decode(wire.ToServer, p, nobody{}); err != nil || done < len(p) {
				t.Fatalf("got %d of %d, %v", done, len(p), err)
			}
		}
	}
	if len(c.contexts) > MaxContexts || len(c.waiting) > MaxWaiting || len(c.bind.Contexts) > MaxContexts {
		t.Errorf("got %d contexts, %d calls, %d offered", len(c.contexts), len(c.waiting), len(c.bind.Contexts))
	}
	c.Reset()
	if len(c.contexts)+len(c.waiting)+len(c.bind.Contexts) != 0 {
		t.Error("after Reset the tables are not empty")
	}
}

func TestSteadyStateDoesNotAllocate(t *testing.T) {
	in := slices.Concat(pdu(BindType, whole, 1, contexts(svcctlUUID), 0, nil), ask(2, 16, ndr("spooler")), ask(3, 0, nil))
	out := slices.Concat(pdu(BindAck, whole, 1, results(ndrUUID, 0), 0, nil), answer(2, make([]byte, 100)), answer(3, nil))
	var c Conversation
	if got := testing.AllocsPerRun(100, func() {
		c.Decode(wire.ToServer, in, nobody{})
		c.Decode(wire.ToClient, out, nobody{})
	}); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

func FuzzConversation(f *testing.F) {
	f.Add(pdu(BindType, whole, 1, contexts(svcctlUUID, samrUUID), 6, ntlmMessage(1, 32, nil)), pdu(BindAck, whole, 1, results(ndrUUID, 0, 2), 6, ntlmMessage(2, 48, map[int]string{12: "H"})))
	f.Add(slices.Concat(pdu(BindType, whole, 1, contexts(efsUUID), 0, nil), ask(2, 0, ndr(`\\a\b`))), slices.Concat(pdu(BindAck, whole, 1, results(ndr64UUID, 0), 0, nil), answer(2, nil)))
	f.Add(pdu(Request, firstFragment|hasObject, 2, requestBody(13, make([]byte, 40)), 0, nil), fault(2, 5))
	f.Fuzz(func(t *testing.T, in, out []byte) {
		half := len(in) / 2
		wiretest.Splits(t, []wiretest.Chunk{client(in), server(out), {Dir: wire.ToServer, Lost: half, Bytes: in[half:]}, client(in), server(out)}, fresh)
	})
}

func FuzzDatagrams(f *testing.F) {
	f.Add(datagram(Request, 0, 5, 13, ndr("abc")))
	f.Add(datagram(Response, fragment, 5, 13, make([]byte, 20)))
	f.Fuzz(func(t *testing.T, p []byte) {
		var d Datagrams
		_ = d.Datagram(p, nobody{})
		_ = d.Datagram(p, nobody{})
		d.Close(nobody{})
	})
}
