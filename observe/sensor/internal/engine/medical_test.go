package engine

import (
	"strings"
	"testing"

	"bulwark/platform/pseudonym"
	"bulwark/wire"
	"bulwark/wire/packet"
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
		`"device.model":"XN-550"`, `"src_endpoint.ip":"10.0.0.200"`, `"patient.uids":["p~`}, []string{"471199", "DURAND", "6.85", "geheim"})
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
