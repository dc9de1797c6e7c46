package engine

import (
	"strings"
	"testing"
)

// netbiosName is a name as it is sent: two letters for each of its 15 bytes and its suffix.
func netbiosName(name string, suffix byte) string {
	var b strings.Builder
	for _, c := range []byte(name + strings.Repeat(" ", 15-len(name)) + string(suffix)) {
		b.Write([]byte{'A' + c>>4, 'A' + c&15})
	}
	return " " + b.String() + "\x00"
}

func TestWhatHostsTellByNetBIOS(t *testing.T) {
	claim := "\x12\x34\x29\x10\x00\x01\x00\x00\x00\x00\x00\x01" + netbiosName("PUMP-7", 0) + "\x00\x20\x00\x01" +
		"\xc0\x0c\x00\x20\x00\x01\x00\x04\x93\xe0\x00\x06\x60\x00\xc0\x00\x02\x07"
	names := "\x02" + "PUMP-7         \x00\x04\x00" + "WARD3          \x1c\x84\x00" + "\x02\x00\x5e\x01\x02\x03" + strings.Repeat("\x00", 40)
	node := "\x12\x35\x84\x00\x00\x00\x00\x01\x00\x00\x00\x00" + netbiosName("*", 0) + "\x00\x21\x00\x01\x00\x00\x00\x00\x00" + string(rune(len(names))) + names
	all := tellOf(udpFrom("192.0.2.7:137", "192.0.2.255:137", []byte(claim)), udpFrom("192.0.2.7:137", "192.0.2.1:49000", []byte(node)))
	wantAll(t, all,
		`"activity_name":"Registration","transaction_uid":4660,"nbns.name":"PUMP-7","nbns.suffix":"00","nbns.use":"workstation","nbns.is_broadcast":true,"nbns.addresses":["192.0.2.7"],"nbns.node_type":"H","nbns.ttl":300000`,
		`"device.hostname":"PUMP-7","app_name":"nbns"`,
		`"activity_name":"Status"`, `"nbns.names":["PUMP-7 workstation","WARD3 domain controllers"],"device.mac":"02:00:5e:01:02:03"`,
		`"device.mac":"02:00:5e:01:02:03","device.hostname":"PUMP-7"`, `"device.role":"domain controllers"`)
	if got := allocations(udpFrom("192.0.2.7:137", "192.0.2.255:137", []byte(claim))); got != 0 {
		t.Errorf("got %v allocations a message, want 0", got)
	}
}

func TestANetBIOSNameAtThePortOfDNSIsDNS(t *testing.T) {
	ask := "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + netbiosName("PACS", 0x20) + "\x00\x21\x00\x01"
	if all := tellOf(udpFrom("192.0.2.7:49000", "192.0.2.1:53", []byte(ask))); !strings.Contains(all, `"kind":"dns"`) {
		t.Errorf("got %s, want an event of DNS", all)
	}
}
