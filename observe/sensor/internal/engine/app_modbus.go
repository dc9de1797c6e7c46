package engine

import (
	"slices"
	"strconv"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/modbus"
)

// modbusApp is a Modbus/TCP connection.
type modbusApp struct {
	conv  modbus.Conversation
	count uint64     // transactions so far
	polls [32]uint64 // what was read lately, as digests
	next  int        // where the next poll is noted
	at
}

func (a *modbusApp) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	return a.conv.Decode(dir, p, a)
}
func (a *modbusApp) furnish(w *Worker)             { a.conv.Pool = &w.modbus }
func (a *modbusApp) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *modbusApp) close(w *Worker, f *flow)      { a.w, a.f = w, f; a.conv.Close(a) }
func (a *modbusApp) reset() {
	a.conv.Reset()
	a.count, a.polls, a.next, a.at = 0, [32]uint64{}, 0, at{}
}

// Transaction takes a request with its reply.
func (a *modbusApp) Transaction(x *modbus.Transaction) {
	w, e := a.w, &a.w.out.modbus
	a.count++
	t := texts{buf: w.out.text[:0]}
	m := x.Request
	if m == nil {
		m = x.Reply
	}
	*e = event.Modbus{Function: m.Function.String(), FunctionCode: uint64(m.Function), Unit: uint64(m.Unit)}
	if access := m.Function.Access(); access != 0 {
		at := len(t.buf)
		t.buf = access.AppendNames(t.buf)
		e.Access = t.from(at)
	}
	a.request(e, m)
	if r := x.Reply; r != nil {
		e.Outcome = "success"
		if r.Refused {
			e.Outcome, e.Reason = "failure", modbus.ExceptionName(r.Exception)
		}
	}
	if w.opt.EVE {
		e.Record = t.modbusRecord(a.count, x)
	}
	a.read(x, &t)
	w.out.text = t.buf
	if w.opt.EVE || !a.again(e) {
		w.emit(a.f, e)
	} else {
		w.header(a.f)
		w.showRecord(a.f, e)
	}
	a.faults(x)
	a.identity(&t, x.Reply)
}

// request fills in what was asked for.
func (a *modbusApp) request(e *event.Modbus, m *modbus.Message) {
	switch {
	case m.Write.Set:
		e.Address, e.Quantity = uint64(m.Write.Address)+1, uint64(m.Write.Quantity)
		if m.Function.Access()&modbus.Single != 0 {
			e.Quantity, e.Value = 1, uint64(m.Write.Quantity)+1
		}
	case m.Read.Set && !m.Reply:
		e.Address, e.Quantity = uint64(m.Read.Address)+1, uint64(m.Read.Quantity)
	case m.Function == modbus.Diagnostic && !m.Refused:
		e.Detail = modbus.DiagnosticName(m.Sub)
	case m.Function == modbus.Encapsulated && !m.Refused:
		e.Detail = modbus.InterfaceName(m.Sub)
	}
}

// again reports whether e is a read that was told before in this connection, with the same outcome.
func (a *modbusApp) again(e *event.Modbus) bool {
	if f := modbus.Function(e.FunctionCode); f.Access()&modbus.Write != 0 || f.Access() == 0 || e.Address == 0 {
		return false
	}
	sum := e.FunctionCode<<40 | e.Unit<<32 | e.Address<<16 | e.Quantity
	sum = mum(sum^a.w.opt.Seed, uint64(len(e.Outcome)+1)<<8|uint64(len(e.Reason))) | 1
	if slices.Contains(a.polls[:], sum) {
		return true
	}
	a.polls[a.next%len(a.polls)] = sum
	a.next++
	return false
}

// faults reports what was wrong with a transaction, in the words of Suricata's events.
func (a *modbusApp) faults(x *modbus.Transaction) {
	var errs modbus.Errors
	if x.Request != nil {
		errs = x.Request.Errors
	}
	mismatch := x.Mismatch
	if r := x.Reply; r != nil {
		if value := modbus.BadValue | modbus.BadLength; r.Function.Access() != 0 && r.Errors&value != 0 {
			mismatch = true
		} else {
			errs |= r.Errors
		}
	}
	for _, c := range [...]struct {
		is   bool
		name string
	}{
		{x.Request == nil && a.f.marks&markMid == 0, "unsolicited_response"},
		{errs&modbus.BadFunction != 0, "invalid_function_code"},
		{errs&modbus.BadLength != 0, "invalid_length"},
		{errs&modbus.BadValue != 0, "invalid_value"},
		{errs&modbus.BadException != 0, "invalid_exception_code"},
		{mismatch, "value_mismatch"},
		{x.Flooded, "flooded"},
	} {
		if c.is {
			a.w.appAnomaly(a.f, c.name)
		}
	}
}

// identity reports what a device says of itself.
func (a *modbusApp) identity(t *texts, m *modbus.Message) {
	if m == nil {
		return
	}
	e := &a.w.out.asset
	*e = event.Asset{Source: "modbus"}
	if id, ok := m.Identity(); ok {
		e.Vendor, e.Software = event.View(id.Vendor), event.View(id.Revision)
		e.Model = either(event.View(id.Model), either(event.View(id.Product), event.View(id.ProductCode)))
		e.Hostname = event.View(id.Application)
	} else if text := printable(m.ServerID()); len(text) >= 4 {
		e.Model = event.View(text)
	}
	if e.Vendor == "" && e.Model == "" {
		return
	}
	if m.Unit != 0 && m.Unit != 255 {
		at := len(t.buf)
		t.buf = strconv.AppendUint(append(t.buf, "unit "...), uint64(m.Unit), 10)
		e.Identifier = t.from(at)
	}
	a.w.tellAssetOf(a.f, wire.ToClient, e)
}

// printable is the first run of printable ASCII in b that is at least four bytes long; nil when there is none.
func printable(b []byte) []byte {
	from := 0
	for i := 0; i <= len(b); i++ {
		if i < len(b) && b[i] >= ' ' && b[i] < 0x7f {
			continue
		}
		if i-from >= 4 {
			return b[from:i]
		}
		from = i + 1
	}
	return nil
}
