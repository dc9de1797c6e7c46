package engine

import (
	"slices"
	"strconv"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/bacnet"
)

// bacnetApp is what two addresses say to one another by BACnet/IP.
type bacnetApp struct {
	message bacnet.Message
	open    []bacnetRequest // that wait for their answers
	polls   [64]uint64      // what was told lately, as digests
	next    int             // where the next is noted
	at
}

// bacnetRequest is a confirmed request that waits for its answer.
type bacnetRequest struct {
	dir      wire.Dir
	invoke   uint8
	service  uint8
	object   bacnet.Object
	has      bool
	property uint32
	named    bool
	value    [48]byte // that is written, as text
	valued   int
	state    string
	password bool
}

// maxBACnetOpen is how many requests between two addresses wait for their answers.
const maxBACnetOpen = 32

func (a *bacnetApp) decode(*Worker, *flow, wire.Dir, []byte) (int, int, error) {
	return 0, 0, wire.ErrMalformed // it comes in datagrams
}
func (a *bacnetApp) gap(wire.Dir, int) error { return nil }

// close tells the requests that were never answered.
func (a *bacnetApp) close(w *Worker, f *flow) {
	a.w, a.f = w, f
	for i := range a.open {
		a.answer(&a.open[i], nil)
	}
	a.open = a.open[:0]
}

func (a *bacnetApp) reset() {
	a.open, a.polls, a.next, a.at = a.open[:0], [64]uint64{}, 0, at{}
}

func (w *Worker) bacnetDatagram(f *flow, dir wire.Dir, p []byte) {
	a, ok := w.stateful(f, BACnet).(*bacnetApp)
	if !ok {
		return
	}
	a.stand(w, f, dir)
	m := &a.message
	if err := bacnet.Parse(p, m); err != nil {
		w.count.malformed++
	}
	switch {
	case !m.Application:
		a.below(dir)
	case m.PDU == bacnet.ConfirmedRequest:
		a.ask(dir)
	case m.PDU == bacnet.UnconfirmedRequest:
		a.tell(dir)
	default:
		a.match(dir)
	}
}

// below tells what the layers below the application say.
func (a *bacnetApp) below(dir wire.Dir) {
	m, e := &a.message, &a.w.out.bacnet
	*e = event.BACnet{Service: m.LinkName(), Network: uint64(m.SourceNet), FromServer: dir == wire.ToClient}
	if m.Network {
		e.Service = m.NetworkName()
	} else if m.Carries() {
		return // an application message that cannot be read
	}
	if e.Service != "" {
		a.emit(e, false)
	}
}

// ask notes a request until its answer comes.
func (a *bacnetApp) ask(dir wire.Dir) {
	m := &a.message
	if i := a.find(dir, m.Invoke); i >= 0 { // asked again
		a.open = slices.Delete(a.open, i, i+1)
	}
	if len(a.open) >= maxBACnetOpen {
		a.answer(&a.open[0], nil)
		a.open = slices.Delete(a.open, 0, 1)
	}
	r := bacnetRequest{dir: dir, invoke: m.Invoke, service: m.Service, object: m.Object, has: m.HasObject, state: m.StateName(),
		password: m.Password}
	if len(m.Properties) > 0 {
		p := &m.Properties[0]
		r.property, r.named = p.ID, true
		switch p.Kind {
		case bacnet.Number:
			r.valued = len(strconv.AppendUint(r.value[:0], p.Number, 10))
		case bacnet.Text:
			r.valued = copy(r.value[:], p.Text)
		}
	}
	a.open = append(a.open, r)
}

func (a *bacnetApp) find(dir wire.Dir, invoke uint8) int {
	for i := range a.open {
		if a.open[i].dir == dir && a.open[i].invoke == invoke {
			return i
		}
	}
	return -1
}

// match finds the request that the message in hand answers.
func (a *bacnetApp) match(dir wire.Dir) {
	m := &a.message
	if m.PDU == bacnet.SegmentAck || m.Segmented {
		return
	}
	a.identity(dir)
	i := a.find(dir.Other(), m.Invoke)
	if i < 0 {
		return
	}
	a.answer(&a.open[i], m)
	a.open = slices.Delete(a.open, i, i+1)
}

// answer tells a request with what came of it; nil: nothing.
func (a *bacnetApp) answer(r *bacnetRequest, m *bacnet.Message) {
	e := &a.w.out.bacnet
	t := texts{buf: a.w.out.text[:0]}
	asked := bacnet.Message{Service: r.service}
	*e = event.BACnet{Service: asked.ServiceName(), State: r.state, Cleartext: r.password, FromServer: r.dir == wire.ToClient}
	if r.has {
		e.Object = t.bacnetObject(r.object)
	}
	if r.named {
		e.Property = t.bacnetProperty(r.property)
	}
	if r.valued > 0 {
		e.Value = t.masked(a.w, r.value[:r.valued])
	}
	if m != nil {
		e.Reason = m.Problem()
		e.Outcome = outcomeOf(m.PDU == bacnet.SimpleAck || m.PDU == bacnet.ComplexAck)
	}
	a.w.out.text = t.buf
	a.emit(e, acts(r.service))
}

// acts reports whether a confirmed service makes a device act, or changes what it is made of: it is told each time.
func acts(service uint8) bool {
	switch service {
	case 7, 8, 9, 10, 11, 17, 20, 27: // write file, lists, objects, communication, restart, life safety
		return true
	}
	return false
}

// tell tells a message that nobody answers.
func (a *bacnetApp) tell(dir wire.Dir) {
	m, e := &a.message, &a.w.out.bacnet
	t := texts{buf: a.w.out.text[:0]}
	*e = event.BACnet{Service: m.ServiceName(), Network: uint64(m.SourceNet), FromServer: dir == wire.ToClient,
		Name: t.masked(a.w, m.Name)}
	if m.HasObject {
		e.Object = t.bacnetObject(m.Object)
	}
	if m.HasVendor {
		e.Instance, e.Vendor = uint64(m.Object.Instance)+1, t.bacnetVendor(m.Vendor)
	}
	a.w.out.text = t.buf
	a.emit(e, false)
	a.identity(dir)
}

// emit sends an event, unless it was told lately between these addresses and need not be told each time.
func (a *bacnetApp) emit(e *event.BACnet, always bool) {
	if !always {
		sum := a.w.opt.Seed
		for _, s := range [...]string{e.Service, e.Object, e.Property, e.Name, e.Outcome, e.Reason} {
			for i := range len(s) {
				sum = (sum ^ uint64(s[i])) * 0x100000001b3 // FNV-1a
			}
			sum = mum(sum, 0xe7037ed1a0b428db)
		}
		if slices.Contains(a.polls[:], sum|1) {
			return
		}
		a.polls[a.next%len(a.polls)] = sum | 1
		a.next++
	}
	a.w.emit(a.f, e)
}

func (t *texts) bacnetObject(o bacnet.Object) string {
	at := len(t.buf)
	if name := o.TypeName(); name != "" {
		t.buf = append(t.buf, name...)
	} else {
		t.buf = strconv.AppendUint(t.buf, uint64(o.Type), 10)
	}
	t.buf = strconv.AppendUint(append(t.buf, ':'), uint64(o.Instance), 10)
	return t.from(at)
}

func (t *texts) bacnetVendor(id uint16) string {
	if name := bacnet.VendorName(id); name != "" {
		return name
	}
	at := len(t.buf)
	t.buf = strconv.AppendUint(append(t.buf, "vendor "...), uint64(id), 10)
	return t.from(at)
}

func (t *texts) bacnetProperty(id uint32) string {
	if name := bacnet.PropertyName(id); name != "" {
		return name
	}
	return t.number(uint64(id))
}

// identity reports what the message in hand says of a device: it is the sender, unless a router passed the message on.
func (a *bacnetApp) identity(dir wire.Dir) {
	m, e := &a.message, &a.w.out.asset
	*e = event.Asset{Source: "bacnet"}
	device := m.Object
	t := texts{buf: a.w.out.text[:0]}
	if m.HasVendor {
		e.Vendor, e.Role = t.bacnetVendor(m.Vendor), "bacnet device"
	} else if m.PDU == bacnet.UnconfirmedRequest && m.HasObject && m.Object.Type == bacnet.Device && len(m.Name) > 0 {
		e.Hostname = event.View(m.Name)
	}
	for i := range m.Properties {
		if p := &m.Properties[i]; p.Object.Type == bacnet.Device && p.Kind == bacnet.Text && m.PDU == bacnet.ComplexAck {
			device = p.Object
			bacnetFact(e, p)
		}
	}
	if *e == (event.Asset{Source: "bacnet"}) || device.Type != bacnet.Device {
		return
	}
	at := len(t.buf)
	t.buf = strconv.AppendUint(append(t.buf, "bacnet device "...), uint64(device.Instance), 10)
	if m.SourceNet != 0 {
		t.buf = strconv.AppendUint(append(t.buf, " on network "...), uint64(m.SourceNet), 10)
	}
	e.Identifier = t.from(at)
	a.w.tellAssetOf(a.f, dir, e)
}

// bacnetFact fills in what a property of a device's own object tells.
func bacnetFact(e *event.Asset, p *bacnet.Property) {
	text := event.View(p.Text)
	switch bacnet.PropertyName(p.ID) {
	case "object-name":
		e.Hostname = text
	case "model-name":
		e.Model = text
	case "vendor-name":
		e.Vendor = text
	case "firmware-revision":
		e.Software = text
	case "application-software-version":
		e.Software = either(e.Software, text)
	case "serial-number":
		e.Serial = text
	}
}
