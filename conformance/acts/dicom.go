package acts

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// SOP classes (PS3.4).
const (
	verification = "1.2.840.10008.1.1"
	studyFind    = "1.2.840.10008.5.1.4.1.2.2.1"
	studyMove    = "1.2.840.10008.5.1.4.1.2.2.2"
	studyGet     = "1.2.840.10008.5.1.4.1.2.2.3"
	ctStorage    = "1.2.840.10008.5.1.4.1.1.2"
	implicitVR   = "1.2.840.10008.1.2"
)

// association is one of DICOM (PS3.8).
type association struct {
	c       *Conn
	sop     string
	message uint16
}

// padded is a title as a PDU has it: sixteen octets.
func padded(ae string) string { return fmt.Sprintf("%-16s", ae) }

func item(kind byte, body string) string {
	return string([]byte{kind, 0, byte(len(body) >> 8), byte(len(body))}) + body
}

func pdu(kind byte, body string) string {
	return string([]byte{kind, 0}) + string(binary.BigEndian.AppendUint32(nil, uint32(len(body)))) + body
}

func associate(kind byte, calling, called, context string) string {
	user := item(0x50, item(0x51, "\x00\x00\x40\x00")+item(0x52, "1.2.276.0.7230010.3.0.3.6.7")+item(0x55, "OFFIS_DCMTK_367"))
	return pdu(kind, "\x00\x01\x00\x00"+padded(called)+padded(calling)+strings.Repeat("\x00", 32)+item(0x10, "1.2.840.10008.3.1.1.1")+context+user)
}

// associate asks for an association about a SOP class, and gets it.
func (s *Scene) associate(from, to, calling, called, sop string) *association {
	c := s.Connect(from, to, 11112)
	c.Up(associate(1, calling, called, item(0x20, "\x01\x00\x00\x00"+item(0x30, sop)+item(0x40, implicitVR))))
	c.Down(associate(2, calling, called, item(0x21, "\x01\x00\x00\x00"+item(0x40, implicitVR))))
	return &association{c: c, sop: sop}
}

// rejected asks for an association and is refused: the called title is not known (PS3.8 section 9.3.4).
func (s *Scene) rejected(from, to, calling, called string) {
	c := s.Connect(from, to, 11112)
	c.Up(associate(1, calling, called, item(0x20, "\x01\x00\x00\x00"+item(0x30, verification)+item(0x40, implicitVR))))
	c.Down(pdu(3, "\x00\x01\x01\x07"))
	c.Close()
}

// release ends the association.
func (a *association) release() {
	a.c.Up(pdu(5, "\x00\x00\x00\x00"))
	a.c.Down(pdu(6, "\x00\x00\x00\x00"))
	a.c.Close()
}

// element is one of a data set in implicit VR, little endian (PS3.5 section 7.1.3).
func element(group, number uint16, value string) string {
	if len(value)%2 == 1 {
		value += " "
	}
	b := binary.LittleEndian.AppendUint16(nil, group)
	b = binary.LittleEndian.AppendUint16(b, number)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(value)))
	return string(b) + value
}

func uid(group, number uint16, value string) string {
	if len(value)%2 == 1 {
		value += "\x00"
	}
	return element(group, number, value)
}

func us(number, v uint16) string { return element(0, number, string([]byte{byte(v), byte(v >> 8)})) }

// command sends a command set, and the data set behind it where there is one (PS3.7 section 6.3, PS3.8 annex E).
func (a *association) command(dir int, elements, data string) {
	has := uint16(0x0101)
	if data != "" {
		has = 0
	}
	set := uid(0, 2, a.sop) + elements + us(0x0800, has)
	size := string(binary.LittleEndian.AppendUint32(nil, uint32(len(set))))
	a.c.Say(dir, []byte(pdu(4, pdv(3, element(0, 0, size)+set))))
	if data != "" {
		a.c.Say(dir, []byte(pdu(4, pdv(2, data))))
	}
}

func pdv(control byte, body string) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(body)+2))) + string([]byte{1, control}) + body
}

// echo is a C-ECHO.
func (a *association) echo() {
	a.message++
	a.command(up, us(0x0100, 0x30)+us(0x0110, a.message), "")
	a.command(down, us(0x0100, 0x8030)+us(0x0120, a.message)+us(0x0900, 0), "")
}

// find is a C-FIND that gets matches.
func (a *association) find(query string, matches int) {
	a.message++
	a.command(up, us(0x0100, 0x20)+us(0x0110, a.message)+us(0x0700, 0), query)
	for i := range matches {
		a.command(down, us(0x0100, 0x8020)+us(0x0120, a.message)+us(0x0900, 0xff00), element(8, 0x52, "STUDY")+uid(0x20, 0xd, fmt.Sprintf("2.25.7%d", i)))
	}
	a.command(down, us(0x0100, 0x8020)+us(0x0120, a.message)+us(0x0900, 0), "")
}

// move is a C-MOVE to a title; status is the last answer's.
func (a *association) move(to string, study int, status uint16) {
	a.message++
	a.command(up, us(0x0100, 0x21)+us(0x0110, a.message)+element(0, 0x0600, to)+us(0x0700, 0), element(8, 0x52, "STUDY")+uid(0x20, 0xd, fmt.Sprintf("2.25.7%d", study)))
	a.command(down, us(0x0100, 0x8021)+us(0x0120, a.message)+us(0x0900, status), "")
}

// get is a C-GET that says it sent one object.
func (a *association) get(study int) {
	a.message++
	a.command(up, us(0x0100, 0x10)+us(0x0110, a.message)+us(0x0700, 0), element(8, 0x52, "STUDY")+uid(0x20, 0xd, fmt.Sprintf("2.25.7%d", study)))
	a.command(down, us(0x0100, 0x8010)+us(0x0120, a.message)+us(0x0900, 0)+us(0x1021, 1), "")
}

// store is a C-STORE.
func (a *association) store(n int) {
	a.message++
	instance := fmt.Sprintf("2.25.7.%d", n)
	a.command(up, us(0x0100, 1)+us(0x0110, a.message)+us(0x0700, 0)+uid(0, 0x1000, instance),
		uid(8, 0x16, a.sop)+uid(8, 0x18, instance)+element(8, 0x60, "CT")+uid(0x20, 0xd, "2.25.7"))
	a.command(down, us(0x0100, 0x8001)+us(0x0120, a.message)+us(0x0900, 0)+uid(0, 0x1000, instance), "")
}

// query is what a C-FIND asks by at the level of studies.
func query(name, id, date string) string {
	return element(8, 0x20, date) + element(8, 0x52, "STUDY") + element(0x10, 0x10, name) + element(0x10, 0x20, id) + uid(0x20, 0xd, "")
}

func dicomCases() []Case {
	const title, pacs = "HARVEST", "PACS"
	finds := func(from, ae, name, id string, n int, pause time.Duration) Act {
		return func(s *Scene) {
			times(n, func(i int) {
				a := s.associate(from, archive, ae, pacs, studyFind)
				a.find(query(strings.ReplaceAll(name, "?", string(rune('A'+i))), id, ""), 2)
				a.release()
				s.Wait(pause)
			})
		}
	}
	moves := func(n int, status uint16, pause time.Duration) Act {
		return func(s *Scene) {
			times(n, func(i int) {
				a := s.associate(ward, archive, title, pacs, studyMove)
				a.move(title, i, status)
				a.release()
				s.Wait(pause)
			})
		}
	}
	store := func(from, to string) Act {
		return func(s *Scene) {
			a := s.associate(from, to, "CT_ROOM1", pacs, ctStorage)
			a.store(1)
			a.release()
		}
	}
	return []Case{
		{SID: 9000001, Family: "dicom", Tool: "echoscu, nmap dicom-brute",
			What: "somebody tries titles until one is accepted", Fires: func(s *Scene) {
				times(6, func(i int) { s.rejected(intruder, archive, "GUEST", fmt.Sprint("PACS", i)); s.Wait(time.Second) })
			},
			Not: "a workstation is set to a wrong title, notices it and is mended", Silent: func(s *Scene) {
				times(2, func(int) { s.rejected(ward, archive, "VIEWER1", "PACS_OLD"); s.Wait(30 * time.Second) })
				a := s.associate(ward, archive, "VIEWER1", pacs, verification)
				a.echo()
				a.release()
			}},
		{SID: 9000002, Family: "dicom", Tool: "echoscu",
			What: "a machine echoes one archive after the other", Fires: func(s *Scene) {
				times(25, func(i int) {
					a := s.associate(intruder, fmt.Sprint("10.20.2.", 10+i), "ANY", pacs, verification)
					a.echo()
					a.release()
				})
			},
			Not: "a modality echoes its archive before each of a few studies", Silent: func(s *Scene) {
				times(5, func(int) {
					a := s.associate(scanner, archive, "CT_ROOM1", pacs, verification)
					a.echo()
					a.release()
					s.Wait(time.Minute)
				})
			}},
		{SID: 9000003, Family: "dicom", Tool: "findscu",
			What: "everybody's studies are asked for", Fires: finds(intruder, title, "*", "", 1, 0),
			Not: "a radiologist looks for a patient by the begin of a name", Silent: finds(ward, "VIEWER1", "SMITH*", "", 1, 0)},
		{SID: 9000004, Family: "dicom", Tool: "findscu",
			What: "letter by letter all patients are asked for", Fires: finds(intruder, title, "?*", "", 12, time.Second),
			Not: "a workstation fetches what earlier studies twelve patients have, by their numbers", Silent: finds(ward, "VIEWER1", "", "4711", 12, time.Second)},
		{SID: 9000005, Family: "dicom", Tool: "getscu",
			What: "study after study is fetched by C-GET", Fires: func(s *Scene) {
				times(30, func(i int) {
					a := s.associate(intruder, archive, title, pacs, studyGet)
					a.get(i)
					a.release()
				})
			},
			Not: "a workstation fetches a patient's three studies", Silent: func(s *Scene) {
				a := s.associate(ward, archive, "VIEWER1", pacs, studyGet)
				times(3, a.get)
				a.release()
			}},
		{SID: 9000006, Family: "dicom", Tool: "movescu",
			What: "study after study is sent where the archive was told to", Fires: moves(70, 0, time.Second),
			Not: "a morning's studies are fetched to a reading room, one every twenty seconds", Silent: moves(40, 0, 20*time.Second)},
		{SID: 9000007, Family: "dicom", Tool: "movescu",
			What: "studies are to be sent to a title that the archive does not know", Fires: moves(1, 0xa801, 0),
			Not: "studies are sent to a title that it knows", Silent: moves(1, 0, 0)},
		{SID: 9000008, Family: "dicom", Tool: "echoscu, findscu, nmap dicom-ping",
			What: "somebody uses dcmtk as it comes", Fires: func(s *Scene) {
				a := s.associate(ward, archive, "ECHOSCU", "ANY-SCP", verification)
				a.echo()
				a.release()
			},
			Not: "a product that is built with dcmtk has a title of its own", Silent: func(s *Scene) {
				a := s.associate(ward, archive, "ECHO_ROOM2", pacs, verification)
				a.echo()
				a.release()
			}},
		{SID: 9000009, Family: "dicom", Tool: "storescu",
			What: "a modality sends images to an address outside, unencrypted", Fires: store(scanner, outside),
			Not: "it sends them to the archive", Silent: store(scanner, archive)},
		{SID: 9000010, Family: "dicom", Tool: "findscu",
			What: "somebody outside speaks DICOM with the archive", Fires: store(outside, archive), Also: []uint32{9000011},
			Not: "a site of the same hospital does, over its own lines", Silent: store("172.16.8.9", archive)},
		{SID: 9000011, Family: "dicom", Tool: "echoscu", Vars: map[string]string{"DICOM_SERVERS": "[10.20.2.0/24,10.20.3.0/24]"},
			What: "a ward's workstation, which has nothing to do with images, asks the archive", Fires: func(s *Scene) {
				a := s.associate(ward, archive, "VIEWER1", pacs, verification)
				a.echo()
				a.release()
			},
			Not: "a modality does", Silent: store(scanner, archive)},
	}
}
