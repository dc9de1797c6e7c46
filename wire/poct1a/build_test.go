package poct1a

import (
	"fmt"
	"strings"

	"bulwark/wire"
	"bulwark/wire/wiretest"
)

// The sessions of these tests are built after the examples of POCT01-A2 (appendix B) and of makers' host interface manuals
// (Roche cobas Liat, Siemens DCA Vantage, Nova StatStrip). No capture of such a device is public.

func message(kind string, id int, body string) string {
	return fmt.Sprintf("<%s>\r\n <HDR>\r\n  <HDR.message_type V=\"%[1]s\" SN=\"POCT1\" SV=\"1\" />\r\n  <HDR.control_id V=\"%d\" />\r\n"+
		"  <HDR.version_id V=\"POCT1\" />\r\n  <HDR.creation_dttm V=\"2026-11-22T14:06:34+01:00\" />\r\n </HDR>\r\n%s</%[1]s>\r\n", kind, id, body)
}

const (
	greeting = `<DEV><DEV.device_id V="0003B1FFFEB5B648"/><DEV.vendor_id V="NOVABIO"/><DEV.model_id V="StatStrip"/><DEV.serial_id V="0600100736"/>` +
		`<DEV.manufacturer_name V="Nova &amp; Sons"/><DEV.hw_version V="K1"/><DEV.sw_version V="3.10.8.0"/><DEV.device_name V="DLO-OV"/>` +
		`<DCP><DCP.application_timeout V="120"/></DCP><DSC><DSC.connection_profile_cd V="SA"/><DSC.max_message_sz V="32768"/></DSC></DEV>`
	status = `<DST><DST.status_dttm V="2026-11-22T14:06:35+01:00"/><DST.new_observations_qty V="2"/><DST.new_events_qty V="0"/><DST.condition_cd V="R"/></DST>`
	result = `<SVC><SVC.role_cd V="OBS"/><SVC.observation_dttm V="2026-11-22T14:00:00+01:00"/><PT><PT.patient_id V="471199"/>` +
		`<PT.name V="DURAND^PAUL"><GIV V="PAUL"/><FAM V="DURAND"/></PT.name>` +
		`<OBS><OBS.observation_id V="2339-0" SN="LN" DN="Glucose"/><OBS.value V="128" U="mg/dL"/><OBS.method_cd V="M"/></OBS></PT>` +
		`<OPR><OPR.operator_id V="nurse7"/><OPR.name V="Anne Martin"/></OPR></SVC>`
	control = `<SVC><SVC.role_cd V="LQC"/><CTC><CTC.name V="Level 1"/><CTC.lot_number V="L42"/>` +
		`<OBS><OBS.observation_id V="2339-0"/><OBS.value V="61" U="mg/dL"/></OBS></CTC><OPR><OPR.operator_id V="nurse7"/></OPR></SVC>`
)

func ack(id, of int) string {
	return message("ACK.R01", id, fmt.Sprintf(`<ACK><ACK.type_cd V="AA"/><ACK.ack_control_id V="%d"/></ACK>`, of))
}

func says(dir wire.Dir, s string) wiretest.Chunk { return wiretest.Chunk{Dir: dir, Bytes: []byte(s)} }

func session() []wiretest.Chunk {
	const up, down = wire.ToServer, wire.ToClient
	return []wiretest.Chunk{
		says(up, `<?xml version="1.0" encoding="utf-8"?>`+message("HEL.R01", 1, greeting)), says(down, ack(101, 1)),
		says(up, message("DST.R01", 2, status)), says(down, ack(102, 2)),
		says(down, message("REQ.R01", 103, `<REQ><REQ.request_cd V="ROBS"/></REQ>`)),
		says(up, message("OBS.R01", 3, result)), says(down, ack(104, 3)),
		says(up, message("OBS.R02", 4, control)), says(down, ack(105, 4)),
		says(up, message("EOT.R01", 5, `<EOT><EOT.topic_cd V="OBS"/></EOT>`)), says(down, ack(106, 5)),
		says(down, message("DTV.R01", 107, `<DTV><DTV.command_cd V="SET_TIME"/></DTV>`)), says(up, ack(6, 107)),
		says(down, message("KPA.R01", 108, "")),
		says(up, message("END.R01", 7, `<TRM><TRM.reason_cd V="NRM"/></TRM>`)), says(down, ack(109, 7)),
	}
}

type recorder struct{ strings.Builder }

func (r *recorder) Exchange(x *Exchange) {
	m := x.Message
	fmt.Fprintf(r, "%v %s %s %s", x.Dir, m.Type, m.ControlID, m.Version)
	put := func(name string, v ...[]byte) {
		var s []string
		for _, p := range v {
			s = append(s, string(p))
		}
		if all := strings.Trim(strings.Join(s, ","), ","); all != "" {
			fmt.Fprintf(r, " %s=%s", name, all)
		}
	}
	d := &m.Device
	put("device", d.ID, d.Vendor, d.Model, d.Serial, d.Manufacturer, d.Hardware, d.Software, d.Name)
	put("condition", m.Condition)
	put("request", m.Request, m.Command, m.Topic, m.Reason)
	put("tests", m.Tests...)
	put("patients", m.Patients...)
	put("names", m.Names...)
	put("operators", m.Operators...)
	fmt.Fprintf(r, " new=%d,%d S%d O%d C%d E%d", m.NewObservations, m.NewEvents, m.Services, m.Observations, m.Controls, m.Entries)
	if x.Ack != nil {
		fmt.Fprintf(r, " ack=%s", x.Ack.AckCode)
	}
	if m.Cut {
		r.WriteString(" cut")
	}
	r.WriteByte('\n')
}

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	r := &recorder{}
	return &Conversation{}, r, r.String
}
