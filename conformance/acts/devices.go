package acts

// ftpLogin signs in over FTP; answer is what the server says to the password.
func (s *Scene) ftpLogin(from, user, password, answer string) {
	c := s.Connect(from, device, 21)
	c.Down("220 device ready\r\n")
	c.Up("USER " + user + "\r\n")
	c.Down("331 Password required\r\n")
	c.Up("PASS " + password + "\r\n")
	c.Down(answer + "\r\n")
	c.Close()
}

// telnet is a session of Telnet in which the server says what it says to each line.
func (s *Scene) telnet(from string, lines ...[2]string) {
	c := s.Connect(from, device, 23)
	c.Down("\xff\xfd\x18\xff\xfd\x20\xff\xfd\x23")
	c.Up("\xff\xfc\x18\xff\xfc\x20\xff\xfc\x23")
	c.Down("\r\nmonitor login: ")
	for _, l := range lines {
		c.Up(l[0] + "\r\n")
		c.Down(l[1])
	}
	c.Close()
}

// snmp is a message of SNMP 2c of a kind: 0 get, 3 set.
func snmp(community string, kind byte) []byte {
	value := tlv(5)
	if kind == 3 {
		value = tlv(4, "hacked")
	}
	return []byte(tlv(0x30, integer(1), tlv(4, community), tlv(0xa0|kind, integer(7), integer(0), integer(0), tlv(0x30, tlv(0x30, tlv(6, "\x2b\x06\x01\x02\x01\x01\x05\x00"), value)))))
}

// vnc is a session of VNC without or with a password (RFC 6143 section 7.1).
func (s *Scene) vnc(from string, security byte) {
	c := s.Connect(from, device, 5900)
	c.Down("RFB 003.008\n")
	c.Up("RFB 003.008\n")
	c.Down("\x01" + string([]byte{security}))
	c.Up(string([]byte{security}))
	if security == 2 {
		c.Down("\x01\x02\x03\x04\x05\x06\x07\x08\x01\x02\x03\x04\x05\x06\x07\x08")
		c.Up("\x09\x02\x03\x04\x05\x06\x07\x08\x01\x02\x03\x04\x05\x06\x07\x08")
	}
	c.Down(zero(4))
	c.Up("\x01")
	c.Down("\x04\x00\x03\x00\x20\x18\x00\x01\x00\xff\x00\xff\x00\xff\x10\x08\x00\x00\x00\x00\x00\x00\x00\x04term")
	c.Close()
}

// desktop begins a remote desktop; chosen is the security that the server takes ([MS-RDPBCGR] section 2.2.1.2.1).
func (s *Scene) desktop(from string, chosen uint32) {
	c := s.Connect(from, files, 3389)
	cookie := "Cookie: mstshash=nurse\r\n"
	c.Up("\x03\x00" + be16(11+len(cookie)+8) + string([]byte{byte(6 + len(cookie) + 8)}) + "\xe0\x00\x00\x00\x00\x00" + cookie + "\x01\x00\x08\x00\x0b\x00\x00\x00")
	c.Down("\x03\x00\x00\x13\x0e\xd0\x00\x00\x12\x34\x00\x02\x1f\x08\x00" + le32(chosen))
	c.Close()
}

// smb1 negotiates SMB 1 with a device.
func (s *Scene) smb1(from string) *Conn {
	c := s.Connect(from, device, 445)
	head := func(flags string) string {
		return "\xffSMB\x72\x00\x00\x00\x00" + flags + "\x01\xc8" + zero(12) + "\xff\xff\xfe\xff\x00\x00\x00\x00"
	}
	say := func(dir int, m string) { c.Say(dir, []byte("\x00\x00"+be16(len(m))+m)) }
	dialects := "\x02NT LM 0.12\x00"
	say(up, head("\x18")+"\x00"+le16(len(dialects))+dialects)
	say(down, head("\x98")+"\x11"+le16(0)+"\x03"+le16(50)+le16(1)+le32(16644)+le32(65536)+le32(0)+le32(0x8001e3fc)+zero(8)+le16(0)+"\x00"+le16(16)+zero(16))
	return c
}

// modbus is a request to a unit with its answer (Modbus over TCP).
func (c *Conn) modbus(unit byte, body string) {
	m := func(b string) string { return "\x00\x01\x00\x00" + be16(len(b)+1) + string([]byte{unit}) + b }
	c.Up(m(body))
	c.Down(m(body[:1] + "\x02\x01\xff"))
}

func deviceCases() []Case {
	page := func(user, password, status string) Act {
		return func(s *Scene) {
			s.http(ward, device, 80, "pump.hospital.example", request{uri: "/", head: basic(user, password), status: status, answer: "ok"})
		}
	}
	bacnet := func(service byte) Act {
		return func(s *Scene) {
			s.Datagram(intruder, 47808, device, 47808, []byte("\x81\x0a\x00\x0c\x01\x04\x00\x05\x01"+string([]byte{service})+"\x09\x01"))
		}
	}
	units := func(n int, body string) Act {
		return func(s *Scene) {
			c := s.Connect(intruder, device, 502)
			times(n, func(i int) { c.modbus(byte(i+1), body) })
			c.Close()
		}
	}
	s7 := func(body string) Act {
		return func(s *Scene) {
			c := s.Connect(admin, device, 102)
			c.Up("\x03\x00\x00\x16\x11\xe0\x00\x00\x00\x01\x00\xc0\x01\x0a\xc1\x02\x01\x00\xc2\x02\x01\x02")
			c.Down("\x03\x00\x00\x16\x11\xd0\x00\x01\x00\x01\x00\xc0\x01\x0a\xc1\x02\x01\x00\xc2\x02\x01\x02")
			m := "\x02\xf0\x80\x32\x01\x00\x00\x00\x05" + be16(len(body)) + be16(0) + body
			c.Up("\x03\x00" + be16(len(m)+4) + m)
			c.Down("\x03\x00\x00\x14\x02\xf0\x80\x32\x03\x00\x00\x00\x05\x00\x01\x00\x00\x00\x00" + body[:1])
			c.Close()
		}
	}
	tftp := func(name string) Act {
		return func(s *Scene) { s.Datagram(intruder, 40001, device, 69, []byte("\x00\x01"+name+"\x00octet\x00")) }
	}
	return []Case{
		{SID: 9000301, Family: "devices", Tool: "curl, hydra",
			What: "somebody signs in to a pump's page as admin, admin", Fires: page("admin", "admin", "200 OK"),
			Not: "somebody signs in with a password of the hospital's own", Silent: page("admin", "Xk2-pump-4711", "200 OK")},
		{SID: 9000303, Family: "devices", Tool: "ftp, hydra",
			What: "a device takes a password it was delivered with", Fires: func(s *Scene) { s.ftpLogin(ward, "service", "service", "230 Logged in") },
			Not: "a device takes another, and refuses the one it was delivered with", Silent: func(s *Scene) {
				s.ftpLogin(ward, "service", "Xk2-4711", "230 Logged in")
				s.ftpLogin(ward, "service", "service", "530 Login incorrect")
			}},
		{SID: 9000304, Family: "devices", Tool: "telnet",
			What: "somebody signs in over Telnet", Fires: func(s *Scene) {
				s.telnet(ward, [2]string{"root", "\r\nPassword: "}, [2]string{"secret", "\r\nLast login: Sun Nov 22 08:00:00\r\n# "})
			},
			Not: "somebody looks and leaves", Silent: func(s *Scene) { s.telnet(ward, [2]string{"", "\r\nmonitor login: "}) }},
		{SID: 9000305, Family: "devices", Tool: "tftp",
			What: "a switch's settings are fetched", Fires: tftp("backups/core-switch-running-config"),
			Not: "a telephone fetches its own file", Silent: tftp("SEP0022334455.cnf.xml")},
		{SID: 9000306, Family: "devices", Tool: "smbclient --option='client max protocol=NT1'",
			What: "a device takes SMB 1", Fires: func(s *Scene) { s.smb1(ward).Close() },
			Not: "a device takes SMB 2", Silent: func(s *Scene) { s.smb(ward, device, "nurse", 0) }},
		{SID: 9000307, Family: "devices", Tool: "openssl s_client -tls1",
			What: "a device takes TLS 1.0", Fires: func(s *Scene) { s.tls(ward, device, "monitor.hospital.example", 0x0301) },
			Not: "others take TLS 1.2 and 1.3", Silent: func(s *Scene) {
				s.tls(ward, device, "monitor.hospital.example", 0x0303)
				s.tls(ward, record, "ehr.hospital.example", 0x0304)
			}},
		{SID: 9000308, Family: "devices", Tool: "telnet",
			What: "a device speaks SSH 1", Fires: func(s *Scene) { s.ssh(ward, "SSH-1.5-OpenSSH_2.9", "SSH-1.5-Cisco-1.25") },
			Not: "a device could, and speaks SSH 2", Silent: func(s *Scene) { s.ssh(ward, "SSH-2.0-OpenSSH_9.2", "SSH-1.99-Cisco-1.25") }},
		{SID: 9000309, Family: "devices", Tool: "snmpset",
			What: "a device is named anew by private", Fires: func(s *Scene) { s.Datagram(intruder, 40001, device, 161, snmp("private", 3)) },
			Not: "a device is asked by public, and changed by another word", Silent: func(s *Scene) {
				s.Datagram(admin, 40001, device, 161, snmp("public", 0))
				s.Datagram(admin, 40001, device, 161, snmp("Xk2-4711", 3))
			}},
		{SID: 9000310, Family: "devices", Tool: "nmap vnc-info, vncviewer",
			What: "a screen is open to everybody", Fires: func(s *Scene) { s.vnc(ward, 1) },
			Not: "a screen asks for a password", Silent: func(s *Scene) { s.vnc(ward, 2) }},
		{SID: 9000311, Family: "devices", Tool: "xfreerdp /sec:rdp, nmap rdp-enum-encryption",
			What: "a desktop is opened by the old security", Fires: func(s *Scene) { s.desktop(ward, 0) },
			Not: "a desktop is opened by CredSSP", Silent: func(s *Scene) { s.desktop(ward, 2) }},
		{SID: 9000312, Family: "devices", Tool: "nmap modbus-discover",
			What: "somebody asks unit after unit what it is", Fires: units(15, "\x11"),
			Not: "a building's controller reads a register of many units", Silent: units(15, "\x03\x00\x01\x00\x01")},
		{SID: 9000313, Family: "devices", Tool: "bacnet tools",
			What: "a controller is told to restart", Fires: bacnet(0x14),
			Not: "a controller is asked for a value", Silent: bacnet(0x0c)},
		{SID: 9000315, Family: "devices", Tool: "modbus clients", Vars: map[string]string{"MODBUS_CLIENT": "10.20.1.50"},
			What: "a workstation sets a register", Fires: units(1, "\x06\x00\x01\x00\x2a"),
			Not: "a workstation reads one", Silent: units(3, "\x03\x00\x01\x00\x01")},
		{SID: 9000314, Family: "devices", Tool: "nmap, s7 clients",
			What: "a controller is told to stop", Fires: s7("\x29\x00\x00\x00\x00\x00\x09P_PROGRAM"),
			Not: "a controller is told to go on", Silent: s7("\x28\x00\x00\x00\x00\x00\x00\xfd\x00\x00\x09P_PROGRAM")},
	}
}

// ssh is a session of SSH with what both ends say they are.
func (s *Scene) ssh(from, client, server string) {
	c := s.Connect(from, files, 22)
	c.Down(server + "\r\n")
	c.Up(client + "\r\n")
	if client[4] == '2' {
		kex := "\x14" + zero(16)
		for range 10 {
			kex += "\x00\x00\x00\x04none"
		}
		kex += zero(5)
		p := "\x00" + be16(0)[:1] + be16(len(kex)+6) + "\x05" + kex + zero(5)
		c.Up(p)
		c.Down(p)
	}
	c.Close()
}
