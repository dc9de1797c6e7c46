package engine

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"bulwark/platform/pseudonym"
	"bulwark/wire"
	"bulwark/wire/packet"
	"bulwark/wire/pcap"
)

// word is what one side of a played connection says.
type word struct {
	dir  wire.Dir
	text string
}

func up(text string) word   { return word{wire.ToServer, text} }
func down(text string) word { return word{wire.ToClient, text} }

// played is what a worker tells of one TCP connection, a JSON line an event.
func played(t *testing.T, words ...word) string {
	t.Helper()
	c := &collector{}
	w := New(Options{Sink: c, Seed: 7, FirstFlow: 1, FlowStep: 1, Patients: pseudonym.New([32]byte{1})})
	f := &feeder{w: w}
	seq := [2]uint32{100, 200}
	f.handshake(seq[0], seq[1])
	seq[0]++
	seq[1]++
	for _, s := range words {
		f.send(s.dir, seq[s.dir], seq[s.dir.Other()], packet.ACK|packet.PSH, []byte(s.text))
		seq[s.dir] += uint32(len(s.text))
	}
	w.Close()
	if w.pool.held != 0 {
		t.Errorf("%d bytes held after the end", w.pool.held)
	}
	return strings.Join(c.lines, "\n")
}

// tells fails the test where a text is missing, or where one of the secrets is there.
func tells(t *testing.T, got string, want, secrets []string) {
	t.Helper()
	for _, s := range want {
		if !strings.Contains(got, s) {
			t.Errorf("got no %s in\n%s", s, got)
		}
	}
	for _, s := range secrets {
		if strings.Contains(got, s) {
			t.Errorf("%s is told in\n%s", s, got)
		}
	}
}

func TestALaboratoryAnalyserIsToldWithoutItsPatients(t *testing.T) {
	got := played(t, up("\x05"), down("\x06"),
		up("\x021H|\\^&||geheim|XN-550^00-22^11001|||||||P|E1394-97|20261122\rP|1|471199||0815|DURAND^PAUL\rR|1|^^^^WBC|6.85\rL|1|N\r\x0300\r\n"),
		down("\x06"), up("\x04"))
	tells(t, got, []string{`"kind":"astm"`, `"activity_name":"Result"`, `"astm.tests":["WBC"]`, `"is_cleartext":true`, `"kind":"asset"`,
		`"device.model":"XN-550"`, `"device.serial_number":"11001"`, `"device.software_version":"00-22"`,
		`"device.vendor_name":"Sysmex"`, `"monitor.fingerprint":"sysmex-xn"`, `"confidence":"certain"`, `"src_endpoint.ip":"10.0.0.200"`, `"patient.uids":["p~`}, []string{"471199", "DURAND", "6.85", "geheim"})
}

func TestAPointOfCareDeviceIsToldWithoutPatientsAndOperators(t *testing.T) {
	head := func(id string) string {
		return `<HDR><HDR.control_id V="` + id + `"/><HDR.version_id V="POCT1"/></HDR>`
	}
	ack := func(id string) word {
		return down(`<ACK.R01>` + head("9"+id) + `<ACK><ACK.type_cd V="AA"/><ACK.ack_control_id V="` + id + `"/></ACK></ACK.R01>`)
	}
	got := played(t,
		up(`<?xml version="1.0"?><HEL.R01>`+head("1")+`<DEV><DEV.device_id V="0003B1FFFEB5B648"/><DEV.vendor_id V="NOVABIO"/><DEV.model_id V="StatStrip"/>`+
			`<DEV.serial_id V="0600100736"/><DEV.sw_version V="3.10"/></DEV></HEL.R01>`), ack("1"),
		up(`<OBS.R01>`+head("2")+`<SVC><PT><PT.patient_id V="471199"/><OBS><OBS.observation_id V="2339-0"/><OBS.value V="128"/></OBS></PT>`+
			`<OPR><OPR.operator_id V="schwester7"/></OPR></SVC></OBS.R01>`), ack("2"))
	tells(t, got, []string{`"kind":"poct1a"`, `"poct1a.type":"OBS.R01"`, `"poct1a.ack":"AA"`, `"poct1a.tests":["2339-0"]`, `"poct1a.operators":["p~`,
		`"kind":"asset"`, `"device.serial_number":"0600100736"`, `"device.type":"point-of-care device"`}, []string{"471199", "schwester7", "128"})
}

func TestAPersonalHealthDeviceIsTold(t *testing.T) {
	request := "\xe2\x00\x00\x32\x80\x00\x00\x00\x00\x01\x00\x2a\x50\x79\x00\x26\x80\x00\x00\x00\xa0\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00\x80\x00\x00" +
		"\x00\x08\x11\x22\x33\x44\x55\x66\x77\xaa\x02\xbc\x00\x01\x01\x00\x00\x00\x00\x00"
	answer := "\xe3\x00\x00\x2c\x00\x03\x50\x79\x00\x26\x80\x00\x00\x00\x80\x00\x80\x00\x00\x00\x00\x00\x00\x00\x80\x00\x00\x00\x00\x08\x88\x77\x66\x55" +
		"\x44\x33\x22\x11\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	got := played(t, up(request), down(answer), up("\xe6\x00\x00\x02\x00\x03"))
	tells(t, got, []string{`"kind":"ieee11073"`, `"activity_name":"Associate"`, `"device.uid":"11223344556677AA"`, `"ieee11073.config_id":700`,
		`"device.type":"blood pressure monitor"`, `"ieee11073.result":"accepted-unknown-config"`, `"ieee11073.end":"aborted"`, `"kind":"asset"`}, nil)
}

// discovered is what a worker tells of one datagram to the group of WS-Discovery.
func discovered(t *testing.T, doc string) string { return received(t, 3702, doc) }

// received is what a worker tells of one datagram of 10.0.0.7.
func received(t *testing.T, port uint16, doc string) string {
	t.Helper()
	c := &collector{}
	w := New(Options{Sink: c, Seed: 7, FirstFlow: 1, FlowStep: 1, Patients: pseudonym.New([32]byte{1})})
	b := append(make([]byte, 28), doc...)
	b[0], b[8], b[9] = 0x45, 1, packet.UDP
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	copy(b[12:], []byte{10, 0, 0, 7, 239, 255, 255, 250})
	binary.BigEndian.PutUint16(b[20:], 40000)
	binary.BigEndian.PutUint16(b[22:], port)
	binary.BigEndian.PutUint16(b[24:], uint16(len(b)-20))
	w.Packet(1_700_000_000_000_000_000, pcap.LinkRaw, len(b), 0, b)
	w.Close()
	return strings.Join(c.lines, "\n")
}

func TestADeviceThatAnnouncesItselfIsTold(t *testing.T) {
	hello := func(types, scopes string) string {
		const space = "http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01"
		return `<?xml version="1.0"?><s:Envelope xmlns:d="` + space + `"><s:Header><a:Action>` + space + `/Hello</a:Action></s:Header><s:Body><d:Hello>` +
			`<a:EndpointReference><a:Address>urn:uuid:98190dc2-0890-4ef8-ac9a-5940995e6119</a:Address></a:EndpointReference><d:Types>` + types +
			`</d:Types><d:Scopes>` + scopes + `</d:Scopes></d:Hello></s:Body></s:Envelope>`
	}
	tells(t, discovered(t, hello("dpws:Device mdpws:MedicalDevice", "sdc.ctxt.pat:/http://hospital.example/ids/471199 sdc.ctxt.loc:/x?fac=H&amp;poc=ICU")),
		[]string{`"kind":"ieee11073"`, `"ieee11073.types":["Device","MedicalDevice"]`, `"ieee11073.location":"fac=H&poc=ICU"`, `"patient.uids":["p~`,
			`"device.uid":"urn:uuid:98190dc2`, `"device.type":"medical device"`}, []string{"471199"})
	tells(t, discovered(t, hello("wsdp:Device wprt:PrintDeviceType", "")), []string{`"device.type":"printer"`}, []string{`"kind":"ieee11073"`})
}

func TestVendorsDevicesAreKnownAgain(t *testing.T) {
	announcement := make([]byte, 88)
	copy(announcement, "\x01\x04\x00\x00\x0a\x00\x00\x07\x00\x00\x00\x01ICU|BED-07")
	copy(announcement[28:], "DURAND,PAUL")
	tests := []struct {
		name, got     string
		want, secrets []string
	}{
		{"a monitor on a GE network, by its own address", received(t, 7000, string(announcement)),
			[]string{`"monitor.fingerprint":"ge-carescape"`, `"confidence":"certain"`, `"monitor.location":"ICU BED-07"`, `"monitor.patient_in_clear":true`,
				`"patient.uid":"n~`, `"monitor.usual_port":true`, `"device.type":"patient monitor"`}, []string{"DURAND", "PAUL"}},
		{"a Philips monitor, by its answer to a request", received(t, 24105, "\x0e\x20"+strings.Repeat("\x00", 20)+"\x2A\x86\x48\xCE\x14\x02\x01\x00\x00\x00\x01\x01"),
			[]string{`"monitor.fingerprint":"philips-intellivue"`, `"activity_name":"Accept"`, `"confidence":"certain"`}, nil},
		{"a ventilator behind a terminal server", played(t, up("\x1bQ6C\r"), down("\x01Q52\r"), up("\x1bR6D\r"), down("\x01R5700'Babyleo TN500'01.06:06.00A5\r")),
			[]string{`"monitor.fingerprint":"draeger-medibus"`, `"device.model":"Babyleo TN500"`, `"src_endpoint.ip":"10.0.0.1"`}, nil},
		{"a gateway that sends HL7", played(t, up("\x0bMSH|^~\\&|MINDRAY_EGATEWAY^00A0370027000143^EUI-64|MINDRAY|||2026||ORU^R01|1|P|2.6\rPID|1||471199\r\x1c\r")),
			[]string{`"monitor.fingerprint":"mindray-egateway"`, `"device.type":"monitoring gateway"`}, []string{"471199"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { tells(t, tt.got, tt.want, tt.secrets) })
	}
	other := make([]byte, 88)
	copy(other, announcement)
	other[7] = 99 // the address of somebody else
	tells(t, received(t, 7000, string(other)), []string{`"confidence":"likely"`}, nil)
	tells(t, received(t, 9999, string(other)), nil, []string{`"kind":"monitor"`})
}

func TestMessagesTellWhoLooksAfterAPatient(t *testing.T) {
	sent := time.Unix(1_700_000_000, 0).UTC()
	dtm := func(in time.Duration) string { return sent.Add(2*time.Hour + in).Format("200601021504") } // a zone two hours before
	tells(t, played(t, up("\x0bMSH|^~\\&|RDV|CHX|EHR|CHX|"+dtm(0)+"||SIU^S12|1|P|2.5\rSCH|P1|F7\rPID|1||471199^^^HOSP||DURAND^PAUL\r"+
		"AIL|1||OPHTHA^R2|||"+dtm(48*time.Hour)+"|||30|min\rAIP|1||10101234567^EYE\r\x1c\r")),
		[]string{`"hl7.places":["OPHTHA"]`, `"hl7.staff":["s~`, `"hl7.appointment":"x~`, `"patient.name_uid":"n~`, `"patient.family_uid":"n~`, `"patient.number_uid":"p~`,
			`"hl7.start_time":1700172780000000000`, `"hl7.end_time":1700174580000000000`}, []string{"471199", "DURAND", "10101234567", "F7"})
	tells(t, played(t, up("\x0bMSH|^~\\&|RX|CHX|EHR|CHX|"+dtm(0)+"||ORM^O01|1|P|2.5\rPID|1||471199^^^HOSP||DURAND^PAUL\rORC|NW|1||||||||||D4|ICU^3\r\x1c\r")),
		[]string{`"hl7.order_control":"NW"`, `"hl7.requested_by":"ICU"`, `"hl7.staff":["s~`}, []string{"471199", "DURAND", "hl7.start_time", "patient.name_uid"})
}
