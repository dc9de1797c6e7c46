package engine

import "testing"

func TestARemoteDesktopIsToldUntilItsTLS(t *testing.T) {
	got := played(t, up("\x03\x00\x00\x28\x23\xe0\x00\x00\x00\x00\x00Cookie: mstshash=n7\r\n\x01\x01\x08\x00\x03\x00\x00\x00"),
		down("\x03\x00\x00\x13\x0e\xd0\x00\x00\x12\x34\x00\x02\x1f\x08\x00\x01\x00\x00\x00"), up(string(clientHello(t, "desk.hospital.example"))))
	tells(t, got, []string{`"kind":"rdp"`, `"rdp.cookie":"n7"`, `"rdp.offered":["ssl","hybrid"]`, `"rdp.protocol":"ssl"`, `"kind":"tls"`, `"tls.sni":"desk.hospital.example"`}, nil)
}
