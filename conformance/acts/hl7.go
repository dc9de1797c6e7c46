package acts

import (
	"fmt"
	"time"
)

// hl7 sends a message over MLLP on c, and gets an acknowledgement.
func (c *Conn) hl7(from, kind string, number int, ack, segments string) {
	c.Up(fmt.Sprintf("\x0bMSH|^~\\&|%s|HOSP|EHR|HOSP|20261122090000||%s|%d|P|2.5\r%s\x1c\r", from, kind, number, segments))
	c.Down(fmt.Sprintf("\x0bMSH|^~\\&|EHR|HOSP|%s|HOSP|20261122090000||ACK|A%d|P|2.5\rMSA|%s|%d\r\x1c\r", from, number, ack, number))
}

// messages is an act of n messages over one connection.
func messages(from, to, app, kind, ack, segments string, n int, pause time.Duration) Act {
	return func(s *Scene) {
		c := s.Connect(from, to, 2575)
		times(n, func(i int) { c.hl7(app, kind, i, ack, segments); s.Wait(pause) })
		c.Close()
	}
}

func hl7Cases() []Case {
	const pid = "PID|1||4711^^^HOSP^MR||INVENTED^NAME||19700101|F\r"
	const qrd = "QPD|Q22^Find Candidates^HL7|1|@PID.5.1^A\r"
	return []Case{
		{SID: 9000101, Family: "hl7", Tool: "the lab's HL7 sender",
			What: "results are sent to an address outside", Fires: messages(lab, outside, "LAB", "ORU^R01", "AA", pid, 2, time.Second),
			Not: "they are sent to the record", Silent: messages(lab, record, "LAB", "ORU^R01", "AA", pid, 2, time.Second)},
		{SID: 9000102, Family: "hl7", Tool: "the lab's HL7 sender",
			What: "an address outside sends an admission", Fires: messages(outside, record, "ADMIT", "ADT^A01", "AA", pid, 1, 0), Also: []uint32{9000106},
			Not: "another site of the hospital does", Silent: messages("172.16.8.9", record, "ADMIT", "ADT^A01", "AA", pid, 1, 0)},
		{SID: 9000103, Family: "hl7", Tool: "the lab's HL7 sender",
			What: "somebody asks for patients, one query a second", Fires: messages(intruder, record, "PORTAL", "QBP^Q22", "AA", qrd, 40, time.Second),
			Not: "a clerk asks for five, and the laboratory sends forty results", Silent: func(s *Scene) {
				messages(ward, record, "PORTAL", "QBP^Q22", "AA", qrd, 5, 10*time.Second)(s)
				messages(lab, record, "LAB", "ORU^R01", "AA", pid, 40, time.Second)(s)
			}},
		{SID: 9000104, Family: "hl7", Tool: "the lab's HL7 sender",
			What: "somebody sends messages until one is taken", Fires: messages(intruder, record, "TEST", "MFN^M02", "AR", "", 25, time.Second),
			Not: "a few of many messages are refused", Silent: func(s *Scene) {
				messages(lab, record, "LAB", "ORU^R01", "AA", pid, 40, time.Second)(s)
				messages(lab, record, "LAB", "ORU^R01", "AE", pid, 3, time.Second)(s)
			}},
		{SID: 9000105, Family: "hl7", Tool: "the lab's HL7 sender",
			What: "somebody deletes persons", Fires: messages(intruder, record, "ADMIT", "ADT^A29", "AA", pid, 12, time.Second),
			Not: "a morning's admissions, and one pair of records merged", Silent: func(s *Scene) {
				messages(ward, record, "ADMIT", "ADT^A01", "AA", pid, 30, time.Second)(s)
				messages(ward, record, "ADMIT", "ADT^A40", "AA", pid, 1, 0)(s)
			}},
		{SID: 9000106, Family: "hl7", Tool: "the lab's HL7 sender", Vars: map[string]string{"HL7_SERVERS": "[10.20.2.0/24]"},
			What: "a ward's workstation sends a result", Fires: messages(intruder, record, "LAB", "ORU^R01", "AA", pid, 1, 0),
			Not: "the laboratory does", Silent: messages(lab, record, "LAB", "ORU^R01", "AA", pid, 1, 0)},
	}
}

// Names are those that are known, by the list on which they stand.
func Names() map[string][]string {
	return map[string][]string{"dicom": {"CT_ROOM1", "VIEWER1", "PACS"}, "hl7": {"LAB", "ADMIT", "EHR"}, "dhcp": {names, "10.20.0.1"}}
}

// knownCases are those of rules that know peers by name.
func knownCases() []Case {
	ask := func(ae string) Act {
		return func(s *Scene) {
			a := s.associate(ward, archive, ae, "PACS", verification)
			a.echo()
			a.release()
		}
	}
	return []Case{
		{SID: 9009001, Family: "known", Tool: "echoscu", Known: true,
			What: "somebody calls himself HARVEST", Fires: ask("HARVEST"), Not: "a reading room calls by its name", Silent: ask("VIEWER1")},
		{SID: 9009002, Family: "known", Tool: "the lab's HL7 sender", Known: true,
			What: "an application that nobody knows sends a result", Fires: messages(intruder, record, "TEST99", "ORU^R01", "AA", "", 1, 0),
			Not: "the laboratory does", Silent: messages(lab, record, "LAB", "ORU^R01", "AA", "", 1, 0)},
		{SID: 9009003, Family: "known", Tool: "the lab's DHCP server",
			What: "somebody offers addresses", Fires: func(s *Scene) { s.lease(intruder, 2, "") }, Known: true,
			Not: "the server and the router offer and confirm some, and somebody asks", Silent: func(s *Scene) {
				s.lease(names, 2, "")
				s.lease(names, 5, "a name before")
				s.lease("10.20.0.1", 2, "")
				s.Datagram(ward, 68, names, 67, bootp(1, 3, ""))
			}},
	}
}

// lease answers whoever asks for an address: kind 2 offers one, kind 5 confirms it.
func (s *Scene) lease(from string, kind byte, before string) {
	s.Datagram(from, 67, ward2, 68, bootp(2, kind, before))
}

// bootp is a message of DHCP (RFC 2131 section 2), with a domain name (option 15) before its kind (option 53).
func bootp(op, kind byte, domain string) []byte {
	b := make([]byte, 236, 300)
	copy(b, []byte{op, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef})
	b = append(b, 0x63, 0x82, 0x53, 0x63)
	if domain != "" {
		b = append(append(b, 15, byte(len(domain))), domain...)
	}
	return append(b, 53, 1, kind, 51, 4, 0, 0, 14, 16, 255)
}
