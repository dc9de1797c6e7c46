package eve

import (
	"encoding/json"
	"flag"
	"net/netip"
	"os"
	"reflect"
	"strings"
	"testing"

	"bulwark/event"
)

var update = flag.Bool("update", false, "write the golden files anew")

var head = event.Header{Time: 1_795_315_393_262_507_000, Flow: 7, Src: netip.MustParseAddr("10.1.0.11"),
	Dst: netip.MustParseAddr("10.2.0.1"), Ports: event.Ports{Src: 50720, Dst: 443}, Proto: tcp, VLAN: 12, Packet: 3}

// full is an event of the kind with something in each field: texts bear the names of their fields.
func full(k event.Kind) *event.Event {
	p := event.New(k)
	v := reflect.ValueOf(p).Elem()
	for i := range v.NumField() {
		f, name := v.Field(i), v.Type().Field(i).Name
		switch f.Kind() {
		case reflect.String:
			f.SetString(name)
		case reflect.Uint64:
			f.SetUint(uint64(i + 1))
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Slice:
			f.Set(reflect.ValueOf([]string{"1"}))
		}
	}
	return &event.Event{Header: head, Payload: p}
}

// cases are what the golden file holds: each kind, and what the options and the payload change.
func cases() []struct {
	what string
	o    Options
	e    *event.Event
} {
	type one = struct {
		what string
		o    Options
		e    *event.Event
	}
	var all []one
	for _, k := range event.Kinds() {
		all = append(all, one{"a " + k.String() + " with all that it may have", Options{Ethernet: true, Records: Records{Hellos: true, Headers: true}}, full(k)})
	}
	answer := &event.DNS{Activity: "Response", Hostname: "_sip._udp.example", Type: "SRV", Rcode: "NOERROR", RawFlags: 0x8180,
		Flags: []string{"rd", "ra"}, Answers: []string{"20 1 5060 sip.example", "a b", "\xc5x"}, AnswerTypes: []string{"SRV", "TXT", "NULL"},
		AnswerNames: []string{"_sip._udp.example", "t", "n"}, TTLs: []string{"60", "61", "62"},
		Authorities: []string{"ns.example admin.example 1 2 3 4 5"}, AuthorityNames: []string{"example"}, AuthorityTypes: []string{"SOA"},
		AuthorityTTLs: []string{"9"}}
	at := func(h event.Header, p event.Payload) *event.Event { return &event.Event{Header: h, Payload: p} }
	udpHead := head
	udpHead.Proto, udpHead.Src, udpHead.Dst = udp, netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2")
	icmpHead := head
	icmpHead.Proto, icmpHead.Ports = icmp, event.Ports{Src: 8}
	espHead := head
	espHead.Proto, espHead.Ports, espHead.Inner = esp, event.Ports{Src: 0, Dst: 123}, 13
	return append(all,
		one{"of a DNS response the server is the source, and IPv6 is written in full", Options{}, at(udpHead, answer)},
		one{"the older form of DNS", Options{DNS2: true}, at(udpHead, answer)},
		one{"DNS answers by type only", Options{NoDNSDetails: true}, at(udpHead, answer)},
		one{"questions of other types are left out", Options{DNSTypes: []string{"mx"}}, at(udpHead, answer)},
		one{"responses are left out", Options{NoDNSResponses: true}, at(udpHead, answer)},
		one{"other types of records are left out", Options{Records: Records{Types: []string{"tls"}}}, at(udpHead, answer)},
		one{"an echo with its answer", Options{Seed: 1}, at(icmpHead, &event.Flow{State: "established", ICMPReply: 1})},
		one{"ESP has an index and no ports, and both VLAN ids are told", Options{}, at(espHead, &event.Flow{State: "new"})},
		one{"a share of pipes", Options{}, at(head, &event.SMB{Command: "SMB2_COMMAND_TREE_CONNECT", Tree: `\\dc1\IPC$`, StatusCode: 1})},
		one{"an opened file with its times", Options{}, at(head, &event.SMB{Command: "SMB2_COMMAND_CREATE", Dialect: "3.11", File: "a", Disposition: "FILE_OPEN", Created: 5e9})},
		one{"a directory's messages as they came", Options{}, at(head, &event.LDAP{Record: `{"request":{"operation":"unbind_request"}}`})},
		one{"what is no JSON is not taken over", Options{}, at(head, &event.LDAP{Operation: "unbind_request", Record: `{`})},
		one{"a part of a file", Options{}, at(head, &event.File{Name: "/f", App: "http", Activity: "Read", Range: "bytes 5-9/*", Gaps: true})},
	)
}

func TestWhatIsWritten(t *testing.T) {
	const golden = "testdata/records.txtar"
	var got strings.Builder
	for _, c := range cases() {
		w := Writer{Options: c.o}
		line := w.Append(nil, c.e)
		if len(line) > 0 && !json.Valid(line) {
			t.Errorf("%s: no JSON: %s", c.what, line)
		}
		got.WriteString("-- " + c.what + " --\n" + string(line) + "\n")
	}
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() == string(want) {
		return
	}
	g, w := strings.Split(got.String(), "\n"), strings.Split(string(want), "\n")
	for i := range g {
		if i >= len(w) || g[i] != w[i] {
			t.Fatalf("line %d:\ngot  %s\nwant %s\ngo test ./event/eve -update writes the file anew", i+1, g[i], append(w, "")[min(i, len(w))])
		}
	}
}

func TestAFileRepeatsTheRequestThatCarriedIt(t *testing.T) {
	var w Writer
	w.Append(nil, &event.Event{Header: head, Payload: &event.HTTP{Host: "ehr", URL: "/f", TxID: 2}})
	for _, c := range []struct {
		what string
		tx   uint64
		want bool
	}{{"the same request", 2, true}, {"another request", 1, false}} {
		line := string(w.Append(nil, &event.Event{Header: head, Payload: &event.File{App: "http", Name: "/f", TxID: c.tx}}))
		if got := strings.Contains(line, `"http":{"hostname":"ehr"`); got != c.want {
			t.Errorf("%s: got %t, want %t: %s", c.what, got, c.want, line)
		}
	}
}

// DNS over HTTP/2 is one record: the answer, with the exchange that carried it.
func TestDNSOverHTTP2IsOneRecord(t *testing.T) {
	var w Writer
	if got := w.Append(nil, &event.Event{Header: head, Payload: &event.HTTP{Version: "HTTP/2", DNS: true, TxID: 2, URL: "/dns-query", Status: 200}}); len(got) != 0 {
		t.Errorf("the exchange: got %s, want nothing", got)
	}
	var r struct {
		Source string `json:"src_ip"`
		HTTP   struct{ URL string }
		DNS    struct{ Type string }
	}
	line := w.Append(nil, &event.Event{Header: head, Payload: &event.DNS{Activity: "Response", Carrier: "doh2", Hostname: "a.example", Type: "A"}})
	if err := json.Unmarshal(line, &r); err != nil {
		t.Fatal(err)
	}
	if r.HTTP.URL != "/dns-query" || r.DNS.Type != "response" || r.Source != "10.1.0.11" {
		t.Errorf("the answer: got %s, want it with the exchange, from the client", line)
	}
}
