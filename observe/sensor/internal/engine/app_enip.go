package engine

import (
	"slices"
	"strconv"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/enip"
)

// enipApp is EtherNet/IP over TCP or UDP.
type enipApp struct {
	conv  enip.Conversation
	part  enip.CIP   // in hand
	polls [32]uint64 // what was read lately, as digests
	next  int        // where the next poll is noted
	at
}

func (a *enipApp) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	return a.conv.Decode(dir, p, a)
}
func (a *enipApp) furnish(w *Worker)             { a.conv.Pool = &w.enip }
func (a *enipApp) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *enipApp) close(w *Worker, f *flow)      { a.w, a.f = w, f; a.conv.Close(a) }
func (a *enipApp) reset() {
	a.conv.Reset()
	a.polls, a.next, a.at = [32]uint64{}, 0, at{}
}

func (w *Worker) enipDatagram(f *flow, dir wire.Dir, p []byte) {
	a, ok := w.stateful(f, ENIP).(*enipApp)
	if !ok {
		return
	}
	a.stand(w, f, dir)
	if err := a.conv.Datagram(dir, p, a); err != nil {
		w.count.malformed++
	}
}

func (a *enipApp) known() event.Payload {
	x := a.conv.Latest()
	if x == nil {
		return nil
	}
	t := texts{buf: a.w.out.text[:0]}
	e := a.fill(&t, x)
	a.w.out.text = t.buf
	return e
}

// Transaction takes a request with its reply.
func (a *enipApp) Transaction(x *enip.Transaction) {
	w := a.w
	t := texts{buf: w.out.text[:0]}
	e := a.fill(&t, x)
	a.show(e, x, &t)
	w.out.text = t.buf
	if w.opt.EVE || !a.again(x, e) {
		w.emit(a.f, e)
	}
	if bad(x.Request) || bad(x.Reply) {
		w.appAnomaly(a.f, "invalid_pdu")
	}
	if x.Reply != nil && x.Reply.Identity.Present {
		a.identity(&t, &x.Reply.Identity)
	}
}

// fill is what a transaction says.
func (a *enipApp) fill(t *texts, x *enip.Transaction) *event.ENIP {
	w, e := a.w, &a.w.out.enip
	*e = event.ENIP{Services: e.Services[:0]}
	if m := x.Request; m != nil {
		e.Command, e.Session = m.Command.String(), uint64(m.Session)
		if m.HasCIP && !m.CIP.Reply {
			a.request(t, e, &m.CIP)
		}
	}
	if m := x.Reply; m != nil {
		e.Command, e.Session, e.Status = m.Command.String(), uint64(m.Session), enip.StatusName(m.Status)
		e.Outcome = outcomeOf(m.Status == 0 && !(m.HasCIP && m.CIP.Reply && m.CIP.Status != 0))
		if m.HasCIP && m.CIP.Reply {
			e.Service = either(e.Service, enip.ServiceName(m.CIP.Service))
			if m.CIP.Status != 0 {
				e.Reason = enip.CIPStatusName(m.CIP.Status)
			}
		}
		if m.Identity.Present {
			e.Product = event.View(m.Identity.Name)
		}
	}
	if w.opt.EVE {
		e.Record = t.enipRecord(a, x)
	}
	return e
}

func bad(m *enip.Message) bool { return m != nil && m.Bad }

func outcomeOf(ok bool) string {
	if ok {
		return "success"
	}
	return "failure"
}

// request fills in what is asked for.
func (a *enipApp) request(t *texts, e *event.ENIP, c *enip.CIP) {
	e.Service = t.enipService(c.Service)
	if class, ok := c.Class(); ok {
		e.Class = enip.ClassName(class)
	}
	e.Path, e.Tag = t.enipPath(c), t.masked(a.w, c.Tag)
	if c.Sent.Present() {
		c.Sent.Parse(&a.part)
		e.Service = "Unconnected Send"
		e.Services = append(e.Services, t.enipService(a.part.Service))
		e.Tag = t.masked(a.w, a.part.Tag)
	}
	for _, p := range c.Parts {
		p.Parse(&a.part)
		e.Tag = either(e.Tag, t.masked(a.w, a.part.Tag))
		if name := t.enipService(a.part.Service); !slices.Contains(e.Services, name) && len(e.Services) < 8 {
			e.Services = append(e.Services, name)
		}
	}
}

func (t *texts) enipService(s uint8) string {
	if name := enip.ServiceName(s); name != "" {
		return name
	}
	at := len(t.buf)
	t.buf = strconv.AppendUint(append(t.buf, "unknown-"...), uint64(s), 10)
	return t.from(at)
}

func (t *texts) enipPath(c *enip.CIP) string {
	at := len(t.buf)
	for i, s := range c.Path {
		if i > 0 {
			t.buf = append(t.buf, '/')
		}
		t.buf = strconv.AppendUint(t.buf, uint64(s.Value), 10)
	}
	return t.from(at)
}

// acts reports whether a request makes a device act, or changes what it is made of.
func (a *enipApp) acts(m *enip.Message) bool {
	if !m.HasCIP {
		return false
	}
	c := &m.CIP
	if c.Sent.Present() {
		c.Sent.Parse(&a.part)
		c = &a.part
	}
	switch c.Service {
	case enip.Reset, enip.Start, enip.Stop, enip.Create, enip.Delete, enip.Restore, enip.Save, enip.PCCC:
		return true
	}
	return false
}

// again reports whether the same was told before in this connection: controllers read and write many times a second.
func (a *enipApp) again(x *enip.Transaction, e *event.ENIP) bool {
	if x.Request != nil && a.acts(x.Request) {
		return false
	}
	sum := a.w.opt.Seed
	for _, s := range [...]string{e.Command, e.Service, e.Path, e.Tag, e.Outcome, e.Reason} {
		for i := range len(s) {
			sum = (sum ^ uint64(s[i])) * 0x100000001b3 // FNV-1a
		}
		sum = mum(sum, 0xe7037ed1a0b428db)
	}
	for _, s := range e.Services {
		sum = mum(sum^uint64(len(s)), 0xe7037ed1a0b428db)
	}
	if slices.Contains(a.polls[:], sum|1) {
		return true
	}
	a.polls[a.next%len(a.polls)] = sum | 1
	a.next++
	return false
}

// identity reports what a device says of itself.
func (a *enipApp) identity(t *texts, d *enip.Identity) {
	e := &a.w.out.asset
	*e = event.Asset{Source: "enip", Vendor: enip.VendorName(d.Vendor), Model: event.View(d.Name), Role: enip.DeviceTypeName(d.DeviceType)}
	at := len(t.buf)
	t.buf = strconv.AppendUint(t.buf, uint64(d.Major), 10)
	t.buf = strconv.AppendUint(append(t.buf, '.'), uint64(d.Minor), 10)
	e.Software = t.from(at)
	at = len(t.buf)
	t.buf = strconv.AppendUint(t.buf, uint64(d.Serial), 16)
	e.Serial = t.from(at)
	a.w.tellAssetOf(a.f, wire.ToClient, e)
}
