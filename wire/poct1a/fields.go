package poct1a

import (
	"bytes"

	"bulwark/wire"
	"bulwark/wire/internal/markup"
)

// sides tells which side sends a type of message first, and whether the type is one of POCT01-A2 appendix B.
func sides(name []byte) (wire.Dir, bool) {
	switch string(name[:3]) {
	case "HEL", "DST", "OBS", "EVS", "END", "EOT":
		return wire.ToServer, true
	case "ACK", "REQ", "DTV", "OPL", "PTL", "ESC", "KPA":
		return wire.ToClient, true
	}
	return wire.ToServer, false
}

// element takes one element inside a message.
func (m *Message) element(t markup.Tag) {
	v := t.Attr("V")
	switch string(t.Name) {
	case "HDR.control_id":
		m.ControlID = m.keep(v)
	case "HDR.version_id":
		m.Version = m.keep(v)
	case "DST.condition_cd":
		m.Condition = m.keep(v)
	case "DST.new_observations_qty":
		m.NewObservations = number(v)
	case "DST.new_events_qty":
		m.NewEvents = number(v)
	case "REQ.request_cd":
		m.Request = m.keep(v)
	case "DTV.command_cd":
		m.Command = m.keep(v)
	case "EOT.topic_cd":
		m.Topic = m.keep(v)
	case "TRM.reason_cd", "ESC.detail_cd":
		m.Reason = m.keep(v)
	case "ACK.type_cd":
		m.AckCode = m.keep(v)
	case "ACK.ack_control_id", "ESC.esc_control_id":
		m.AckControlID = m.keep(v)
	case "SVC":
		m.Services++
	case "OBS":
		m.Observations++
	case "CTC":
		m.Controls++
	case "EVT", "ADD", "DEL", "UPD":
		m.Entries++
	case "OBS.observation_id":
		m.Tests = m.once(m.Tests, v)
	case "PT.patient_id":
		m.Patients = m.once(m.Patients, v)
	case "PT.name", "FAM", "GIV":
		m.Names = m.once(m.Names, v)
	case "OPR.operator_id":
		m.Operators = m.once(m.Operators, v)
	default:
		m.device(t, v)
	}
}

// device takes an element of the object DEV.
func (m *Message) device(t markup.Tag, v []byte) {
	d := &m.Device
	switch string(t.Name) {
	case "DEV.device_id":
		d.ID = m.keep(v)
	case "DEV.vendor_id":
		d.Vendor = m.keep(v)
	case "DEV.model_id":
		d.Model = m.keep(v)
	case "DEV.serial_id":
		d.Serial = m.keep(v)
	case "DEV.manufacturer_name":
		d.Manufacturer = m.keep(v)
	case "DEV.hw_version":
		d.Hardware = m.keep(v)
	case "DEV.sw_version":
		d.Software = m.keep(v)
	case "DEV.device_name":
		d.Name = m.keep(v)
	}
}

// keep copies a value into m's memory, its entities replaced.
func (m *Message) keep(v []byte) []byte {
	v = bytes.TrimSpace(v)
	if n := min(maxValue, maxArena-len(m.arena)); len(v) > n {
		v, m.Cut = v[:n], true
	}
	start := len(m.arena)
	m.arena = markup.AppendText(m.arena, v)
	return m.arena[start:len(m.arena):len(m.arena)]
}

// once adds v to list, unless it is empty or there.
func (m *Message) once(list [][]byte, v []byte) [][]byte {
	before := len(m.arena)
	if v = m.keep(v); len(v) == 0 {
		return list
	}
	for _, k := range list {
		if bytes.Equal(k, v) {
			m.arena = m.arena[:before]
			return list
		}
	}
	if len(list) == maxList {
		m.arena, m.Cut = m.arena[:before], true
		return list
	}
	return append(list, v)
}

// number is v as a whole number, 0 where it is none.
func number(v []byte) (n int) {
	v = bytes.TrimSpace(v)
	if len(v) > 9 {
		return 0
	}
	for _, c := range v {
		if c < '0' || c > '9' {
			return 0
		}
		n = n*10 + int(c-'0')
	}
	return n
}
