package engine

import (
	"strings"
	"testing"
)

func TestARemoteDesktopIsToldUntilItsTLS(t *testing.T) {
	got := played(t, up("\x03\x00\x00\x28\x23\xe0\x00\x00\x00\x00\x00Cookie: mstshash=n7\r\n\x01\x01\x08\x00\x03\x00\x00\x00"),
		down("\x03\x00\x00\x13\x0e\xd0\x00\x00\x12\x34\x00\x02\x1f\x08\x00\x01\x00\x00\x00"), up(string(clientHello(t, "desk.hospital.example"))))
	tells(t, got, []string{`"kind":"rdp"`, `"rdp.cookie":"n7"`, `"rdp.offered":["ssl","hybrid"]`, `"rdp.protocol":"ssl"`, `"kind":"tls"`, `"tls.sni":"desk.hospital.example"`}, nil)
}

func TestAVNCSessionIsTold(t *testing.T) {
	const version, sixteen = "RFB 003.008\n", "0123456789abcdef"
	got := played(t, down(version), up(version), down("\x01\x02"), up("\x02"), down(sixteen), up(sixteen), down("\x00\x00\x00\x01\x00\x00\x00\x05wrong"))
	tells(t, got, []string{`"kind":"rfb"`, `"auth_protocol":"vnc"`, `"status":"FAIL"`, `"kind":"auth"`, `"status":"failure","status_detail":"wrong"`}, []string{sixteen})
	tells(t, played(t, down(version), up(version), down("\x01\x1e"), up("\x1e")), []string{`"anomaly.event":"unimplemented_security_type"`}, nil)
	got = played(t, down(version), up(version), down("\x01\x13"), up("\x13"), down("\x00\x02"), up("\x00\x02"), down("\x00\x01\x00\x00\x01\x00"), up("\x00\x00\x01\x00"),
		up("\x00\x00\x00\x04\x00\x00\x00\x06annasecret"), down("\x00\x00\x00\x00"))
	tells(t, got, []string{`"auth_protocol":"vencrypt"`, `"kind":"auth"`, `"user.name":"anna","auth_protocol":"VNC","status":"success","service.name":"rfb","is_cleartext":true`}, []string{"secret"})
}

func TestASignOnOverTelnetIsToldWithoutItsPassword(t *testing.T) {
	got := played(t, down("\xff\xfd\x18\xff\xfb\x03PUMP 7\r\nlogin: "), up("\xff\xfc\x18service\r\n"), down("service\r\nPassword: "), up("geheim\r\n"), down("\r\nLogin incorrect\r\n"))
	tells(t, got, []string{`"kind":"telnet"`, `"telnet.banner":"PUMP 7`, `"is_cleartext":true`, `"kind":"auth"`, `"user.name":"service"`, `"status":"failure"`}, []string{"geheim"})
}

func TestADatabaseIsToldWithoutValuesAndPasswords(t *testing.T) {
	message := func(kind byte, body string) string {
		return string(kind) + string([]byte{0, 0, 0, byte(4 + len(body))}) + body
	}
	got := played(t, up("\x00\x00\x00\x22\x00\x03\x00\x00user\x00nurse\x00database\x00ward\x00\x00"), down(message('R', "\x00\x00\x00\x03")), up(message('p', "geheim\x00")),
		down(message('R', "\x00\x00\x00\x00")+message('S', "server_version\x0015.8\x00")+message('Z', "I")),
		up(message('Q', "select * from p where name='DURAND' and id=4711\x00")), down(message('C', "SELECT 1\x00")+message('Z', "I")))
	tells(t, got, []string{`"kind":"pgsql"`, `"user.name":"nurse"`, `"database.name":"ward"`, `"auth_protocol":"PostgreSQL cleartext"`, `"status":"success"`, `"is_cleartext":true`,
		`"pgsql.statement":"select * from p where name=? and id=?"`, `"pgsql.command":"SELECT 1"`, `"device.software_version":"15.8"`}, []string{"geheim", "DURAND", "4711"})
}

func TestSQLServerIsToldWithoutValuesAndPasswords(t *testing.T) {
	packet := func(kind byte, p string) string {
		return string([]byte{kind, 1, byte((len(p) + 8) >> 8), byte(len(p) + 8), 0, 0, 1, 0}) + p
	}
	wide := func(s string) string { return strings.Join(strings.Split(s, ""), "\x00") + "\x00" }
	const zeros = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	places := "\x5e\x00\x02\x00\x62\x00\x05\x00\x6c\x00\x06\x00" + strings.Repeat("\x5e\x00\x00\x00", 6) + "\x01\x02\x03\x04\x05\x06" + strings.Repeat("\x00", 16)
	login := "\x78\x00\x00\x00\x04\x00\x00\x74" + zeros + zeros + zeros[:8] + places
	login += strings.Repeat("\x00", 94-len(login)) + wide("pc") + wide("nurse") + wide("geheim")
	hello := "\x00\x00\x0b\x00\x06\x01\x00\x11\x00\x01\xff\x10\x00\x0f\xa0\x00\x00\x02"
	got := played(t, up(packet(18, hello)), down(packet(4, hello)), up(packet(16, login)), down(packet(4, "\xad\x10\x00\x01\x74\x00\x00\x04\x03"+wide("SQL")+"\x10\x00\x0f\xa0\xfd"+zeros+"\x00\x00")),
		up(packet(1, "\x16\x00\x00\x00\x12\x00\x00\x00\x02\x00"+zeros+"\x00\x00"+wide("select * from p where name='DURAND' and id=4711"))), down(packet(4, "\xfd\x10\x00\xc5\x00\x03\x00\x00\x00\x00\x00\x00\x00")))
	tells(t, got, []string{`"kind":"tds"`, `"user.name":"nurse"`, `"src_endpoint.hostname":"pc"`, `"status":"success"`, `"is_cleartext":true`, `"protocol_ver":"7.4"`, `"tds.sealed":"nothing"`,
		`"tds.statement":"select * from p where name=? and id=?"`, `"tds.affected_count":3`, `"device.software_version":"16.0.4000"`}, []string{"geheim", "DURAND", "4711"})
}

func TestTLSInThePacketsOfTDSIsTold(t *testing.T) {
	packet := func(kind byte, p string) string {
		return string([]byte{kind, 1, byte((len(p) + 8) >> 8), byte(len(p) + 8), 0, 0, 1, 0}) + p
	}
	hello := "\x00\x00\x0b\x00\x06\x01\x00\x11\x00\x01\xff\x10\x00\x0f\xa0\x00\x00\x00"
	got := played(t, up(packet(18, hello)), down(packet(4, hello)), up(packet(18, string(clientHello(t, "db.hospital.example")))),
		up("\x17\x03\x03\x00\x02ab"), down(packet(4, "\xaa\x20\x00\x18\x48\x00\x00\x01\x0e\x0a\x00N\x00o\x00 \x00'\x00j\x00o\x00e\x00'\x00.\x00!\x00\x00\x00\x01\x00\x00\x00\xfd\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")))
	tells(t, got, []string{`"user.name":"joe"`, `"status":"failure"`, `"kind":"tls"`, `"tls.sni":"db.hospital.example"`, `"kind":"tds"`, `"tds.sealed":"login"`, `"tds.encryption_wanted":"login"`}, nil)
}

func TestMySQLIsToldWithoutValuesAndPasswords(t *testing.T) {
	packet := func(seq byte, p string) string { return string([]byte{byte(len(p)), 0, 0, seq}) + p }
	const zeros = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	got := played(t, down(packet(0, "\x0a8.0.36\x00\x07\x00\x00\x00saltsalt\x00\xff\xff\x21\x02\x00\xff\xff\x15"+zeros+"saltsaltsalt\x00mysql_native_password\x00")),
		up(packet(1, "\x08\x02\x08\x00\x00\x00\x00\x01\x21"+zeros+zeros+"\x00\x00\x00nurse\x00\x06geheimward\x00mysql_clear_password\x00")), down(packet(2, "\x00\x00\x00\x02\x00\x00\x00")),
		up(packet(0, "\x03select * from p where name=\"DURAND\" and id=4711")), down(packet(1, "\xff\x28\x04#42000You have an error near 'DURAND'")))
	tells(t, got, []string{`"kind":"mysql"`, `"user.name":"nurse"`, `"database.name":"ward"`, `"status":"success"`, `"is_cleartext":true`,
		`"mysql.statement":"select * from p where name=? and id=?"`, `"status_code":"42000"`, `"device.software_version":"8.0.36"`}, []string{"geheim", "DURAND", "4711"})
}
