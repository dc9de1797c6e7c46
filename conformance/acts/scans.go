package acts

import (
	"fmt"
	"time"
)

// portCases are those of ports and addresses.
func portCases() []Case {
	return []Case{
		{SID: 9000401, Family: "scans", Tool: "nmap -sT, nmap -sS",
			What: "somebody knocks at a hundred and twenty ports", Fires: func(s *Scene) {
				times(120, func(i int) { s.Refused(intruder, archive, uint16(1+i)) })
			},
			Not: "a workstation tries a printer that is switched off, ten times", Silent: func(s *Scene) {
				times(10, func(int) { s.Refused(ward, device, 9100); s.Wait(time.Second) })
			}},
		{SID: 9000402, Family: "scans", Tool: "nmap -sS, masscan",
			What: "somebody sends nmap's SYNs to a network", Fires: func(s *Scene) {
				times(80, func(i int) {
					s.Segment(intruder, fmt.Sprint("10.20.3.", i+1), segment{sport: 50123, dport: 445, seq: 77, flags: syn, window: 1024, options: []byte{2, 4, 5, 0xb4}}, nil)
				})
			},
			Not: "a server opens eighty connections", Silent: func(s *Scene) {
				times(80, func(i int) { s.Connect(record, archive, 104).Close() })
			}},
		{SID: 9000403, Family: "scans", Tool: "nmap -sU",
			What: "somebody tries fifty ports over UDP", Fires: func(s *Scene) {
				times(50, func(i int) {
					s.Datagram(intruder, 40000, device, uint16(i+1), []byte{0})
					s.Unreachable(device, 3, intruder, device, protoUDP, uint16(i+1))
				})
			},
			Not: "five late answers of the name server find nobody", Silent: func(s *Scene) {
				times(5, func(i int) {
					s.Datagram(names, 53, ward, uint16(40000+i), []byte(question(i, 0x8180, "ehr.hospital.example", 1)))
					s.Unreachable(ward, 3, names, ward, protoUDP, uint16(40000+i))
				})
			}},
		{SID: 9000404, Family: "scans", Tool: "nmap -sn",
			What: "the gateway knows none of the fifty machines that somebody asks for", Fires: func(s *Scene) {
				times(50, func(i int) {
					to := fmt.Sprint("10.20.9.", i+1)
					s.Ping(intruder, to, 8, 0, []byte{0, 1, 0, 1})
					s.Unreachable(gateway, 1, intruder, to, protoICMP, 0)
				})
			},
			Not: "a monitor asks for one that is switched off, and for many that are there", Silent: func(s *Scene) {
				times(50, func(i int) {
					to := fmt.Sprint("10.20.3.", i+1)
					s.Ping(admin, to, 8, 0, []byte{0, 1, 0, 1})
					s.Ping(to, admin, 0, 0, []byte{0, 1, 0, 1})
				})
				s.Ping(admin, "10.20.9.9", 8, 0, []byte{0, 1, 0, 1})
				s.Unreachable(gateway, 1, admin, "10.20.9.9", protoICMP, 0)
			}},
	}
}

// listCases are those of names, shares and words.
func listCases() []Case {
	snmpGuess := func(from string, words ...string) Act {
		return func(s *Scene) {
			for i, w := range words {
				s.Datagram(from, 40001, fmt.Sprint("10.20.5.", 20+i), 161, snmp(w, 0))
			}
		}
	}
	nbstat := "\x80\xf0\x00\x10\x00\x01\x00\x00\x00\x00\x00\x00\x20CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\x00\x00\x21\x00\x01"
	asks := func(n int) Act {
		return func(s *Scene) {
			times(n, func(i int) { s.Datagram(intruder, 137, fmt.Sprint("10.20.4.", i+1), 137, []byte(nbstat)) })
		}
	}
	lists := func(n int, pipe, uuid string) Act {
		return func(s *Scene) {
			times(n, func(i int) {
				x := s.smb(ward, fmt.Sprint("10.20.1.", 30+i), "nurse", 0)
				x.connect(`\\files\IPC$`)
				x.pipe(pipe, uuid, 3)
				x.call(2, 15, zero(16))
				x.c.Close()
			})
		}
	}
	transfer := func(code int) Act {
		return func(s *Scene) {
			c := s.Connect(ward, names, 53)
			q := question(7, 0, "hospital.example", 252)
			c.Up(be16(len(q)) + q)
			var a string
			if code == 0 {
				soa := domain("ns.hospital.example") + domain("x.hospital.example") + zero(20)
				a = be16(7) + be16(0x8400) + be16(1) + be16(1) + zero(4) + domain("hospital.example") + be16(252) + be16(1) + "\xc0\x0c" + be16(6) + be16(1) + zero(4) + be16(len(soa)) + soa
			} else {
				a = be16(7) + be16(0x8400|code) + be16(1) + zero(6) + domain("hospital.example") + be16(252) + be16(1)
			}
			c.Down(be16(len(a)) + a)
			c.Close()
		}
	}
	const srvsvc = "4b324fc8-1670-01d3-1278-5a47bf6ee188"
	return []Case{
		{SID: 9000406, Family: "scans", Tool: "nbtscan, nmap nbstat",
			What: "somebody asks thirty machines for their names", Fires: asks(30),
			Not: "a workstation asks three", Silent: asks(3)},
		{SID: 9000407, Family: "scans", Tool: "smbclient -L, nmap smb-enum-shares",
			What: "somebody lists the shares of twelve servers", Fires: lists(12, "srvsvc", srvsvc),
			Not: "a nurse opens two servers, and prints on twelve", Silent: func(s *Scene) {
				lists(2, "srvsvc", srvsvc)(s)
				lists(12, "spoolss", "12345678-1234-abcd-ef00-0123456789ab")(s)
			}},
		{SID: 9000408, Family: "scans", Tool: "dig axfr",
			What: "the name server hands out its zone", Fires: transfer(0),
			Not: "the name server refuses", Silent: transfer(5)},
		{SID: 9000409, Family: "scans", Tool: "onesixtyone, hydra",
			What: "somebody tries words on devices", Fires: snmpGuess(intruder, "private", "cisco", "manager", "admin", "secret", "security", "system", "monitor", "write", "test"),
			Not: "a monitor asks ten devices by public", Silent: snmpGuess(admin, "public", "public", "public", "public", "public", "public", "public", "public", "public", "public")},
	}
}
