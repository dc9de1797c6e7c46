package engine

import (
	"encoding/asn1"
	"strings"
	"testing"
)

// snmpTree is an element of BER with the tag and what lies inside.
func snmpTree(tag byte, parts ...[]byte) []byte {
	var body []byte
	for _, p := range parts {
		body = append(body, p...)
	}
	return append([]byte{tag, byte(len(body))}, body...)
}

func snmpInt(n int) []byte {
	b, _ := asn1.Marshal(n)
	return b
}

func snmpOID(arcs ...int) []byte {
	b, _ := asn1.Marshal(asn1.ObjectIdentifier(arcs))
	return b
}

// snmpTwo is a message of version 2c.
func snmpTwo(community string, pdu byte, status int, bindings ...[]byte) []byte {
	return snmpTree(0x30, snmpInt(1), snmpTree(4, []byte(community)),
		snmpTree(0xa0|pdu, snmpInt(77), snmpInt(status), snmpInt(status), snmpTree(0x30, bindings...)))
}

var (
	sysDescr = snmpOID(1, 3, 6, 1, 2, 1, 1, 1, 0)
	sysName  = snmpOID(1, 3, 6, 1, 2, 1, 1, 5, 0)
	sysOID   = snmpOID(1, 3, 6, 1, 2, 1, 1, 2, 0)
)

func TestWhatDevicesTellBySNMP(t *testing.T) {
	null := []byte{5, 0}
	ask := snmpTwo("public", 0, 0, snmpTree(0x30, sysDescr, null), snmpTree(0x30, sysName, null))
	answer := snmpTwo("public", 2, 0, snmpTree(0x30, sysDescr, snmpTree(4, []byte("RICOH MP C3004 2.07\r\nmore"))), snmpTree(0x30, sysName, snmpTree(4, []byte("ward3-mfp"))),
		snmpTree(0x30, sysOID, snmpOID(1, 3, 6, 1, 4, 1, 367, 1, 1)))
	refusal := snmpTwo("w4rd", 2, 2, snmpTree(0x30, sysDescr, null))
	all := tellOf(udpFrom("192.0.2.1:40000", "192.0.2.7:161", ask), udpFrom("192.0.2.7:161", "192.0.2.1:40000", answer),
		udpFrom("192.0.2.1:40001", "192.0.2.7:161", snmpTwo("w4rd", 3, 0, snmpTree(0x30, sysName, snmpTree(4, []byte("x"))))),
		udpFrom("192.0.2.7:161", "192.0.2.1:40001", refusal))
	wantAll(t, all,
		`"activity_name":"get_request","snmp.version":2,"transaction_uid":77,"snmp.oids":["1.3.6.1.2.1.1.1.0","1.3.6.1.2.1.1.5.0"],"is_cleartext":true,"snmp.is_default_community":true}`,
		`"activity_name":"response"`, `"response_time":1000000`,
		`"src_endpoint.ip":"192.0.2.7","src_endpoint.port":40000`,
		`"device.hostname":"ward3-mfp","device.vendor_name":"Ricoh","device.software_version":"RICOH MP C3004 2.07","app_name":"snmp","device.uid":"1.3.6.1.4.1.367.1.1"`,
		`"activity_name":"set_request"`, `"snmp.error":"noSuchName","snmp.error_index":2`)
	refused := snmpTwo("w4rd", 2, 6, snmpTree(0x30, sysName, snmpTree(4, []byte("not-its-name"))))
	if all := tellOf(udpFrom("192.0.2.7:161", "192.0.2.1:40001", refused)); strings.Contains(all, "not-its-name") {
		t.Errorf("a name is told that a device refused:\n%s", all)
	}
	if strings.Contains(all, "w4rd") || strings.Contains(all, `"x"`) {
		t.Errorf("a community or a value is told:\n%s", all)
	}
	p := udpFrom("192.0.2.7:161", "192.0.2.1:40000", answer)
	if got := allocations(p); got != 0 {
		t.Errorf("got %v allocations a message, want 0", got)
	}
}

func TestOfSNMPThatPollsAllDayTheFirstMessagesAreTold(t *testing.T) {
	ask := udpFrom("192.0.2.1:40000", "192.0.2.7:161", snmpTwo("c0mmunity", 0, 0, snmpTree(0x30, sysName, []byte{5, 0})))
	set := udpFrom("192.0.2.1:40000", "192.0.2.7:161", snmpTwo("c0mmunity", 3, 0, snmpTree(0x30, sysName, []byte{5, 0})))
	packets := make([][]byte, 100, 101)
	for i := range packets {
		packets[i] = ask
	}
	all := tellOf(append(packets, set)...)
	if got := strings.Count(all, `"activity_name":"get_request"`); got != maxPolls {
		t.Errorf("got %d requests, want %d", got, maxPolls)
	}
	wantAll(t, all, `"activity_name":"set_request"`)
}

func TestSNMPThatRefusesAUserIsAFailedSignOn(t *testing.T) {
	usm := snmpTree(0x30, snmpTree(4, []byte("\x80\x00\x1f\x88\x03\x02\x00\x5e\x01\x02\x03")), snmpInt(5), snmpInt(6), snmpTree(4, []byte("nurse")), snmpTree(4), snmpTree(4))
	scoped := snmpTree(0x30, snmpTree(4), snmpTree(4), snmpTree(0xa8, snmpInt(1), snmpInt(0), snmpInt(0), snmpTree(0x30,
		snmpTree(0x30, snmpOID(1, 3, 6, 1, 6, 3, 15, 1, 1, 5, 0), []byte{0x41, 1, 9}))))
	report := snmpTree(0x30, snmpInt(3), snmpTree(0x30, snmpInt(9), snmpInt(65507), snmpTree(4, []byte{0}), snmpInt(3)), snmpTree(4, usm), scoped)
	wantAll(t, tellOf(udpFrom("192.0.2.7:161", "192.0.2.1:40000", report)),
		`"activity_name":"report","snmp.version":3`, `"user.name":"nurse","snmp.security_level":"noAuthNoPriv","snmp.engine_id":"80001f880302005e010203","snmp.enterprise_id":8072,"status_detail":"wrong digest"`,
		`"kind":"auth"`, `"user.name":"nurse","auth_protocol":"SNMPv3 USM","status":"failure","status_detail":"wrong digest"`,
		`"device.mac":"02:00:5e:01:02:03","device.vendor_name":"Net-SNMP","app_name":"snmp"`)
}
