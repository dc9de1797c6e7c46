package engine

import (
	"encoding/binary"
	"strings"
	"testing"
)

// radiusMessage is a message with attributes, each a type and its value; number stands in its authenticator.
func radiusMessage(code, id, number byte, attributes ...any) []byte {
	b := append([]byte{code, id, 0, 0, number}, "authenticator-1"...)
	for i := 0; i < len(attributes); i += 2 {
		value := attributes[i+1].(string)
		b = append(append(b, byte(attributes[i].(int)), byte(2+len(value))), value...)
	}
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	return b
}

const (
	radiusNAS     = "192.0.2.5:40000"
	radiusServer  = "192.0.2.9:1812"
	radiusSecret  = "0123456789ABCDEF"
	radiusStation = "00-11-22-33-44-55"
)

func radiusSignOn(id byte) []byte {
	return udpFrom(radiusNAS, radiusServer, radiusMessage(1, id, id, 1, "WARD\\anna", 2, radiusSecret, 32, "ap-3", 4, "\xc0\x00\x02\x05", 31, radiusStation, 30, "AA-BB-CC-00-00-01:Staff", 61, "\x00\x00\x00\x13"))
}

func TestRADIUSTellsWhoComesIn(t *testing.T) {
	all := tellOf(radiusSignOn(1), udpFrom(radiusServer, radiusNAS, radiusMessage(2, 1, 77, 64, "\x00\x00\x00\x0d", 65, "\x00\x00\x00\x06", 81, "120",
		8, "\x0a\x09\x00\x07", 24, "a-state", 25, "a-class", 26, "\x00\x00\x39\xe7\x01\x07nurse", 26, "\x00\x00\x00\x09\x01\x19leap:session-key=hidden")))
	wantAll(t, all,
		`"activity_name":"access_request","transaction_uid":1,"user.name":"WARD\\anna","device.mac":"00:11:22:33:44:55","radius.called_mac":"aa:bb:cc:00:00:01","radius.ssid":"Staff","radius.nas_id":"ap-3","radius.nas_ip":"192.0.2.5","radius.nas_port_type":"wireless 802.11","auth_protocol":"PAP"}`,
		`"activity_name":"access_accept","transaction_uid":1,"auth_protocol":"PAP","device.ip":"10.9.0.7","radius.vlan":"120","radius.vendor_attributes":["Aruba-User-Role=nurse"],"response_time":1000000}`,
		`"kind":"auth"`, `"user.name":"anna","user.domain":"WARD","auth_protocol":"PAP","status":"success","service.name":"Staff","device.mac":"00:11:22:33:44:55","proxy_endpoint.hostname":"ap-3"}`,
		`"src_endpoint.ip":"192.0.2.5"`, `"device.hostname":"ap-3","device.role":"wireless access point","app_name":"radius"}`,
		`"device.role":"radius server","app_name":"radius"}`,
		`"src_endpoint.ip":"10.9.0.7"`, `"device.mac":"00:11:22:33:44:55","app_name":"radius","user.name":"anna"}`)
	for _, secret := range []string{radiusSecret, "hidden", "a-state", "a-class", "authenticator"} {
		if strings.Contains(all, secret) {
			t.Errorf("%s is told:\n%s", secret, all)
		}
	}
}

func TestRADIUSOverTCPIsTheSame(t *testing.T) {
	ask := radiusMessage(1, 1, 1, 1, "anna", 2, radiusSecret, 32, "ap-3", 31, radiusStation)
	got := played(t, up(string(ask)), down(string(radiusMessage(2, 1, 77, 18, "Hello"))))
	tells(t, got, []string{`"kind":"radius"`, `"activity_name":"access_accept"`, `"kind":"auth"`, `"user.name":"anna","auth_protocol":"PAP","status":"success"`}, []string{radiusSecret})
}

func TestRADIUSRefuses(t *testing.T) {
	all := tellOf(radiusSignOn(1), udpFrom(radiusServer, radiusNAS, radiusMessage(3, 1, 77, 18, "No way")))
	wantAll(t, all, `"activity_name":"access_reject"`, `"auth_protocol":"PAP","status":"failure","status_detail":"No way","service.name":"Staff"`)
	if strings.Contains(all, "10.9.0.7") {
		t.Errorf("a device came in that was refused:\n%s", all)
	}
}

func TestRADIUSThatIsSentAgainIsToldOnce(t *testing.T) {
	accept := udpFrom(radiusServer, radiusNAS, radiusMessage(2, 1, 77, 18, "Hello"))
	all := tellOf(radiusSignOn(1), radiusSignOn(1), radiusSignOn(1), accept, accept)
	for text, want := range map[string]int{`"access_request"`: 1, `"access_accept"`: 1, `"kind":"auth"`: 1, `"radius.retransmissions":2`: 1} {
		if got := strings.Count(all, text); got != want {
			t.Errorf("got %s %d times, want %d:\n%s", text, got, want, all)
		}
	}
}

func TestADeviceWithoutASupplicantSignsOnByItsAddress(t *testing.T) {
	ask := radiusMessage(1, 3, 3, 1, "001122334455", 2, radiusSecret, 4, "\xc0\x00\x02\x05", 31, radiusStation)
	wantAll(t, tellOf(udpFrom(radiusNAS, radiusServer, ask), udpFrom(radiusServer, radiusNAS, radiusMessage(2, 3, 8, 18, "Hello"))),
		`"user.name":"001122334455","auth_protocol":"MAC","status":"success","service.name":"network access","device.mac":"00:11:22:33:44:55"}`)
}

func TestAnAnswerOfRADIUSToWhatWasNotAskedIsNoSignOn(t *testing.T) {
	all := tellOf(radiusSignOn(1), udpFrom(radiusServer, radiusNAS, radiusMessage(2, 2, 77, 18, "Hello")),
		udpFrom(radiusServer, radiusNAS, radiusMessage(5, 1, 78)))
	if strings.Contains(all, `"kind":"auth"`) {
		t.Errorf("got a sign-on in\n%s", all)
	}
}

func TestAccountingTellsWhoHasWhichAddress(t *testing.T) {
	report := func(status string) []byte {
		return udpFrom(radiusNAS, "192.0.2.9:5555", radiusMessage(4, 9, status[3], 40, status, 44, "S-7", 1, "host/pc7.hospital.example", 8, "\x0a\x09\x00\x07", 31, radiusStation,
			42, "\x00\x00\x00\x05", 52, "\x00\x00\x00\x02", 43, "\x00\x00\x00\x09", 46, "\x00\x00\x00\x3d", 49, "\x00\x00\x00\x01"))
	}
	wantAll(t, tellOf(report("\x00\x00\x00\x03")), `"radius.status":"interim","session.uid":"S-7","radius.bytes_in":8589934597,"radius.bytes_out":9,"radius.session_time":61,"radius.terminate_cause":"user request"}`,
		`"device.mac":"00:11:22:33:44:55","device.hostname":"pc7.hospital.example","app_name":"radius"}`)
	if all := tellOf(report("\x00\x00\x00\x02")); strings.Contains(all, `"device.hostname":"pc7`) {
		t.Errorf("a device is told that is gone:\n%s", all)
	}
}

func TestRADIUSCostsNoMemory(t *testing.T) {
	if got := allocations(radiusSignOn(1), udpFrom(radiusServer, radiusNAS, radiusMessage(2, 1, 77, 81, "120", 26, "\x00\x00\x39\xe7\x01\x07nurse"))); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}
