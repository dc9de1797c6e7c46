package engine

import (
	"encoding/binary"
	"strings"
	"testing"
)

// ikeMessage is a message of version 2 with payloads; each is its kind and its body.
func ikeMessage(exchange, flags uint8, responder uint64, payloads ...any) []byte {
	b := binary.BigEndian.AppendUint64(nil, 0x1122334455667788)
	b = binary.BigEndian.AppendUint64(b, responder)
	b = append(b, 0, 0x20, exchange, flags, 0, 0, 0, 0, 0, 0, 0, 0)
	next := 16
	for i := 0; i < len(payloads); i += 2 {
		b[next] = byte(payloads[i].(int))
		next = len(b)
		body := payloads[i+1].(string)
		b = append(b, 0, 0, byte((len(body)+4)>>8), byte(len(body)+4))
		b = append(b, body...)
	}
	binary.BigEndian.PutUint32(b[24:], uint32(len(b)))
	return b
}

// ikeOffer is a proposal of AES-CBC of 256 bits, SHA-2, and the group.
func ikeOffer(group byte) string {
	part := func(more byte, body string) string {
		return string([]byte{more, 0, 0, byte(len(body) + 4)}) + body
	}
	return part(0, "\x01\x01\x00\x04"+part(3, "\x01\x00\x00\x0c\x80\x0e\x01\x00")+part(3, "\x02\x00\x00\x05")+part(3, "\x03\x00\x00\x0c")+part(0, "\x04\x00\x00"+string(rune(group))))
}

func TestATunnelThatIKEAgreesOn(t *testing.T) {
	const strongSwan = "\x88\x2f\xe5\x6d\x6f\xd2\x0d\xbc\x22\x51\x61\x3b\x2e\xbe\x5b\xeb"
	ask := ikeMessage(34, 8, 0, 33, ikeOffer(2), 34, "\x00\x02\x00\x00KEY", 40, "NONCE")
	choose := ikeMessage(34, 0x20, 9, 33, ikeOffer(14), 34, "\x00\x0e\x00\x00KEY", 40, "NONCE", 43, strongSwan)
	floated := append(make([]byte, 4), ikeMessage(35, 8, 9, 46, "sealed")...)
	esp := []byte("\x00\x00\x10\x01 what ESP carries in UDP behind a translator")
	all := tellOf(udpFrom("192.0.2.7:500", "192.0.2.1:500", ask), udpFrom("192.0.2.1:500", "192.0.2.7:500", choose),
		udpFrom("192.0.2.7:4500", "192.0.2.1:4500", floated), udpFrom("192.0.2.7:4500", "192.0.2.1:4500", esp),
		udpFrom("192.0.2.7:4500", "192.0.2.1:4500", []byte{0xff}))
	wantAll(t, all,
		`"activity_name":"IKE_SA_INIT","ike.version_major":2,"ike.initiator_spi":"1122334455667788","ike.responder_spi":"0000000000000000","ike.exchange_id":34,"ike.role":"initiator","ike.payloads":["SecurityAssociation","KeyExchange","Nonce"],"ike.proposals":["ENCR_AES_CBC/256 PRF_HMAC_SHA2_256 AUTH_HMAC_SHA2_256_128 Modp1024"],"ike.weaknesses":["dh_group"]}`,
		`"ike.role":"responder"`, `"ike.encryption":"ENCR_AES_CBC","ike.key_length":256,"ike.integrity":"AUTH_HMAC_SHA2_256_128","ike.prf":"PRF_HMAC_SHA2_256","ike.dh_group":"Modp2048","ike.vendors":["strongSwan"]`,
		`"anomaly.event":"weak_crypto_dh"`, `"activity_name":"IKE_AUTH"`, `"ike.is_encrypted":true`,
		`"device.software_version":"strongSwan","device.role":"vpn endpoint","app_name":"ike"`)
	if got := strings.Count(all, `"kind":"ike"`); got != 3 {
		t.Errorf("got %d messages, want 3: ESP is none", got)
	}
	if got := allocations(udpFrom("192.0.2.1:500", "192.0.2.7:500", choose)); got != 0 {
		t.Errorf("got %v allocations a message, want 0", got)
	}
}
