package acts

import (
	"fmt"
	"time"
)

// guessCases are those of passwords that are tried at a server.
func guessCases() []Case {
	const openssh, libssh = "SSH-2.0-OpenSSH_9.2p1", "SSH-2.0-libssh_0.10.4"
	shells := func(n int, pause time.Duration, client string) Act {
		return func(s *Scene) {
			times(n, func(int) { s.ssh(intruder, client, openssh); s.Wait(pause) })
		}
	}
	shares := func(n int, pause time.Duration, server func(i int) string, status uint32) Act {
		return func(s *Scene) {
			times(n, func(i int) { s.smb(intruder, server(i), "nurse", status).c.Close(); s.Wait(pause) })
		}
	}
	one := func(int) string { return files }
	each := func(i int) string { return fmt.Sprint("10.20.1.", 100+i) }
	wrongTelnet := func(n int) Act {
		return func(s *Scene) {
			times(n, func(int) {
				s.telnet(intruder, [2]string{"root", "\r\nPassword: "}, [2]string{"x", "\r\nLogin incorrect\r\nmonitor login: "})
			})
		}
	}
	page := func(n int, status string) Act {
		return func(s *Scene) {
			times(n, func(i int) {
				s.http(intruder, device, 80, "pump.hospital.example", request{uri: "/", head: basic("nurse", fmt.Sprint("Summer", i)), status: status})
			})
		}
	}
	tds := func(n int, code string) Act {
		return func(s *Scene) {
			times(n, func(int) {
				c := s.Connect(intruder, record, 1433)
				c.Up("\x12\x01\x00\x2f\x00\x00\x01\x00\x00\x00\x1a\x00\x06\x01\x00\x20\x00\x01\x02\x00\x21\x00\x01\x03\x00\x22\x00\x04\x04\x00\x26\x00\x01\xff\x09\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")
				m := "\xaa" + le16(40) + code + "\x01\x0e" + le16(10) + wide("Login fail") + zero(6)
				c.Down("\x04\x01" + be16(8+len(m)) + "\x00\x00\x01\x00" + m)
				c.Close()
			})
		}
	}
	return []Case{
		{SID: 9000501, Family: "passwords", Tool: "hydra, ncrack, sshpass",
			What: "a dozen sessions of SSH within half a minute", Fires: shells(14, 2*time.Second, libssh),
			Not: "somebody opens one every ten seconds", Silent: shells(14, 10*time.Second, openssh)},
		{SID: 9000502, Family: "passwords", Tool: "smbclient, hydra",
			What: "twelve wrong passwords over SMB", Fires: shares(12, 2*time.Second, one, logonFailure),
			Not: "a nurse mistypes three times, and twelve sign in", Silent: func(s *Scene) {
				shares(3, 5*time.Second, one, logonFailure)(s)
				shares(12, time.Second, one, 0)(s)
			}},
		{SID: 9000503, Family: "passwords", Tool: "nmap smb-brute, impacket",
			What: "one password is tried on fifty servers", Fires: shares(50, time.Second, each, logonFailure),
			Not: "a program with an old password tries four servers", Silent: shares(4, time.Second, each, logonFailure)},
		{SID: 9000508, Family: "passwords", Tool: "hydra, nmap ftp-brute",
			What: "ten wrong passwords over FTP", Fires: func(s *Scene) {
				times(10, func(i int) { s.ftpLogin(intruder, "root", fmt.Sprint("Summer", i), "530 Login incorrect.") })
			},
			Not: "two, and then the right one", Silent: func(s *Scene) {
				times(2, func(i int) { s.ftpLogin(ward, "nurse", fmt.Sprint("Summer", i), "530 Login incorrect.") })
				s.ftpLogin(ward, "nurse", "Summer9", "230 Logged in")
			}},
		{SID: 9000509, Family: "passwords", Tool: "hydra",
			What: "six wrong passwords over Telnet", Fires: wrongTelnet(6),
			Not: "two", Silent: wrongTelnet(2)},
		{SID: 9000511, Family: "passwords", Tool: "hydra, nmap http-brute, curl",
			What: "twenty wrong passwords on a page", Fires: page(20, "401 Unauthorized"),
			Not: "three, and twenty that are right", Silent: func(s *Scene) {
				page(3, "401 Unauthorized")(s)
				page(20, "200 OK")(s)
			}},
		{SID: 9000512, Family: "passwords", Tool: "hydra, ncrack",
			What: "fifteen desktops are opened within a minute", Fires: func(s *Scene) {
				times(15, func(int) { s.desktop(intruder, 2); s.Wait(2 * time.Second) })
			},
			Not: "a nurse opens hers three times", Silent: func(s *Scene) {
				times(3, func(int) { s.desktop(ward, 2); s.Wait(5 * time.Second) })
			}},
		{SID: 9000513, Family: "passwords", Tool: "ldapsearch, nmap ldap-brute",
			What: "twelve wrong passwords at the directory", Fires: func(s *Scene) {
				times(12, func(int) { s.bind(intruder, 49); s.Wait(time.Second) })
			},
			Not: "one, and twelve that are right", Silent: func(s *Scene) {
				s.bind(ward, 49)
				times(12, func(int) { s.bind(ward, 0); s.Wait(time.Second) })
			}},
		{SID: 9000514, Family: "passwords", Tool: "hydra, nmap ms-sql-brute",
			What: "ten wrong passwords at a database", Fires: tds(10, "\x18\x48\x00\x00"),
			Not: "ten other messages of a database", Silent: tds(10, "\x16\x48\x00\x00")},
	}
}

// ticketCases are those of the domain controller.
func ticketCases() []Case {
	refused := func(n int, code byte, pause time.Duration) Act {
		return func(s *Scene) {
			times(n, func(i int) {
				s.kerberos(ward, asked(10, fmt.Sprint("nurse", i), "krbtgt", realm), krbError(code))
				s.Wait(pause)
			})
		}
	}
	services := func(n int, cipher byte) Act {
		return func(s *Scene) {
			times(n, func(i int) {
				name := fmt.Sprint("sql", i, ".hospital.example")
				s.kerberos(ward, asked(12, "nurse", "MSSQLSvc", name), ticket(13, cipher, 18, "nurse", "MSSQLSvc", name))
			})
		}
	}
	people := func(n int, part byte) Act {
		return func(s *Scene) {
			times(n, func(i int) {
				who := fmt.Sprint("nurse", i)
				s.kerberos(ward, asked(10, who, "krbtgt", realm), ticket(11, 18, part, who, "krbtgt", realm))
			})
		}
	}
	return []Case{
		{SID: 9000504, Family: "passwords", Tool: "kinit, kerbrute",
			What: "one password is tried on fifteen people", Fires: refused(15, 24, time.Second),
			Not: "a ward mistypes now and then", Silent: refused(8, 24, 20*time.Second)},
		{SID: 9000505, Family: "passwords", Tool: "nmap krb5-enum-users, kerbrute",
			What: "twenty names are tried out", Fires: refused(20, 6, time.Second),
			Not: "somebody who has left is still asked for, and others must prove themselves first", Silent: func(s *Scene) {
				refused(3, 6, time.Second)(s)
				refused(30, 25, time.Second)(s)
			}},
		{SID: 9000506, Family: "passwords", Tool: "impacket GetUserSPNs",
			What: "tickets of RC4 are taken for six services", Fires: services(6, 23),
			Not: "tickets of AES are, and of RC4 for two old ones", Silent: func(s *Scene) {
				services(20, 18)(s)
				services(2, 23)(s)
			}},
		{SID: 9000507, Family: "passwords", Tool: "impacket GetNPUsers",
			What: "what RC4 seals is taken for five people", Fires: people(5, 23),
			Not: "people get what AES seals", Silent: people(20, 18)},
	}
}
