package engine

import (
	"encoding/hex"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/ber"
	"bulwark/wire/snmp"
)

// maxPolls is how many messages of one side of a flow are told; those that are not routine are told always.
const maxPolls = 32

func (w *Worker) snmpDatagram(f *flow, dir wire.Dir, p []byte) {
	m := &w.out.snmpMessage
	if err := snmp.Parse(p, m); err != nil {
		w.count.malformed++
		if m.Version == 0 {
			return
		}
	}
	if dir == wire.ToServer && m.PDU == snmp.Response && f.packets == [2]uint64{1, 0} {
		w.swap(f) // it answers what was not seen
		dir = wire.ToClient
	}
	latency := w.latency(f, uint64(m.RequestID), m.PDU == snmp.Response || m.PDU == snmp.Report)
	if w.opt.EVE || f.packets[dir] <= maxPolls || !routine(m) {
		w.fillSNMP(m)
		w.out.snmp.Latency = latency
		w.emit(f, &w.out.snmp)
	}
	if m.PDU.FromAgent() && !m.Encrypted && m.Error == 0 { // a refusal repeats what was to be set
		w.managed(f, dir, m)
	}
	w.refusedSNMP(f, m)
}

// routine reports whether a message is of the kind that monitoring sends all day.
func routine(m *snmp.Message) bool {
	switch m.PDU {
	case snmp.GetRequest, snmp.GetNextRequest, snmp.GetBulkRequest:
		return true
	case snmp.Response:
		return m.Error == 0
	}
	return false
}

func (w *Worker) fillSNMP(m *snmp.Message) {
	t := texts{buf: w.out.text[:0]}
	e := &w.out.snmp
	*e = event.SNMP{Activity: m.PDU.String(), Version: uint64(m.Version), RequestID: uint64(uint32(m.RequestID)), OIDs: e.OIDs[:0],
		Error: snmp.ErrorName(m.Error), Trap: m.TrapName(), TrapOID: t.oid(m.Trap), Agent: t.addr(m.Agent),
		Cleartext: m.Version < 3, Default: m.Default(), User: event.View(m.User), Level: m.Level, Engine: t.plainHex(m.Engine),
		Enterprise: uint64(m.Engine.Enterprise()), Context: event.View(m.Context), Refusal: m.ReportName()}
	if m.Encrypted {
		e.Activity = "encrypted"
	}
	if m.Error > 0 {
		e.ErrorIndex = uint64(max(m.Index, 0))
	}
	if m.Count > len(m.Bindings) {
		e.Count = uint64(m.Count)
	}
	switch {
	case w.opt.Records.Passwords:
		e.Community = event.View(m.Community)
	case w.opt.EVE && len(m.Community) > 0:
		e.Community = maskedSecret
	}
	for i := range m.Bindings {
		e.OIDs = append(e.OIDs, t.oid(m.Bindings[i].Name))
	}
	w.out.text = t.buf
}

// managed reports what a device tells of itself.
func (w *Worker) managed(f *flow, dir wire.Dir, m *snmp.Message) {
	t := texts{buf: w.out.text}
	a := &w.out.asset
	*a = event.Asset{Source: "snmp"}
	for i := range m.Bindings {
		switch fact, value := m.Bindings[i].Fact(); fact {
		case snmp.Descr, snmp.Software:
			keep(&a.Software, firstLine(value))
		case snmp.Name:
			keep(&a.Hostname, value)
		case snmp.Serial:
			keep(&a.Serial, value)
		case snmp.Model:
			keep(&a.Model, firstLine(value))
		case snmp.Maker:
			keep(&a.Vendor, value)
		case snmp.ObjectID:
			a.Identifier = t.oid(value)
			if a.Vendor == "" {
				a.Vendor = snmp.Enterprise(snmp.EnterpriseOf(value))
			}
		}
	}
	if mac := m.Engine.MAC(); mac != nil {
		a.MAC = t.mac(mac)
	}
	if a.Vendor == "" {
		a.Vendor = snmp.Enterprise(m.Engine.Enterprise())
	}
	w.out.text = t.buf
	if *a != (event.Asset{Source: "snmp"}) {
		w.tellAssetAt(f, f.addr(dir), a)
	}
}

// firstLine is the first line of a description, at most 200 bytes of it.
func firstLine(b []byte) []byte {
	for i, c := range b {
		if c == '\r' || c == '\n' || i == 200 {
			return b[:i]
		}
	}
	return b
}

// refusedSNMP tells that an engine of version 3 did not believe a user.
func (w *Worker) refusedSNMP(f *flow, m *snmp.Message) {
	why := m.ReportName()
	if why != "unknown user" && why != "wrong digest" || len(m.User) == 0 {
		return
	}
	w.out.auth = event.Auth{User: event.View(m.User), Protocol: "SNMPv3 USM", Outcome: "failure", Reason: why}
	w.emit(f, &w.out.auth)
}

// oid is an object identifier in dots; empty for none.
func (t *texts) oid(body []byte) string {
	at := len(t.buf)
	t.buf = ber.AppendOID(t.buf, body)
	return t.from(at)
}

// plainHex is b in hexadecimal.
func (t *texts) plainHex(b []byte) string {
	at := len(t.buf)
	t.buf = hex.AppendEncode(t.buf, b[:min(len(b), 64)])
	return t.from(at)
}
