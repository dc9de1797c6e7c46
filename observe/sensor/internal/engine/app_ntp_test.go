package engine

import (
	"encoding/binary"
	"strings"
	"testing"
)

// ntpMessage is a message with the first two bytes and the reference; its times are of 2026.
func ntpMessage(first, stratum byte, reference string) []byte {
	b := make([]byte, 48)
	b[0], b[1], b[2], b[3] = first, stratum, 6, 0xe9
	copy(b[12:16], reference)
	for _, at := range []int{16, 32, 40} {
		binary.BigEndian.PutUint32(b[at:], 1795348800+2208988800-1<<32+1<<32>>1)
	}
	return b
}

func TestOfNTPEachSideIsToldOnce(t *testing.T) {
	ask, answer := ntpMessage(0x23, 0, ""), ntpMessage(0x24, 1, "GPS")
	var packets [][]byte
	for range 10 {
		packets = append(packets, udpFrom("192.0.2.7:123", "192.0.2.1:123", ask), udpFrom("192.0.2.1:123", "192.0.2.7:123", answer))
	}
	all := tellOf(append(packets, udpFrom("192.0.2.1:123", "192.0.2.7:123", ntpMessage(0xe4, 0, "RATE")))...)
	if got := strings.Count(all, `"kind":"ntp"`); got != 3 {
		t.Errorf("got %d events, want one of each side and the refusal:\n%s", got, all)
	}
	wantAll(t, all, `"activity_name":"client","ntp.mode_id":3,"ntp.version":4,"ntp.reference_id":"00:00:00:00","ntp.poll_dur":64`,
		`"activity_name":"server","ntp.mode_id":4,"ntp.version":4,"ntp.stratum":1,"ntp.reference_id":"47:50:53:00","ntp.reference":"GPS"`,
		`"ntp.reference":"RATE","ntp.is_unsynchronised":true,"ntp.is_refused":true`,
		`"src_endpoint.ip":"192.0.2.1","src_endpoint.port":123,"dst_endpoint.ip":"192.0.2.1","dst_endpoint.port":123,"device.role":"ntp server","app_name":"ntp"`)
}

func TestQuestionsAboutANTPServerAreTold(t *testing.T) {
	vars := `version="ntpd 4.2.8p15", system="Linux/5.10"`
	all := tellOf(udpFrom("192.0.2.7:50000", "192.0.2.1:123", []byte{0x17, 0, 3, 42, 0, 0, 0, 0}),
		udpFrom("192.0.2.7:50000", "192.0.2.1:123", []byte{0x16, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}),
		udpFrom("192.0.2.1:123", "192.0.2.7:50000", append([]byte{0x16, 0x82, 0, 1, 0, 0, 0, 0, 0, 0, 0, byte(len(vars))}, vars...)))
	wantAll(t, all, `"activity_name":"private","ntp.mode_id":7,"ntp.version":2,"ntp.operation":"monitor list"}`, `"ntp.operation":"read variables"}`,
		`"ntp.is_response":true,"ntp.software":"ntpd 4.2.8p15","ntp.system":"Linux/5.10"`, `"device.software_version":"ntpd 4.2.8p15","app_name":"ntp"`)
	if got := allocations(udpFrom("192.0.2.7:123", "192.0.2.1:123", ntpMessage(0x23, 0, ""))); got != 0 {
		t.Errorf("got %v allocations a message, want 0", got)
	}
}
