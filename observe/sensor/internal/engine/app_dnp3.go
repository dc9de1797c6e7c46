package engine

import (
	"slices"
	"strconv"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/dnp3"
)

// dnp3App is DNP3 over TCP or UDP.
type dnp3App struct {
	conv  dnp3.Conversation
	polls [32]uint64 // what was read lately, as digests
	next  int        // where the next poll is noted
	at
}

func (a *dnp3App) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	return a.conv.Decode(dir, p, a)
}
func (a *dnp3App) furnish(w *Worker) {
	a.conv.Space, a.conv.MaxObjects = &w.space, w.opt.Records.DNP3Objects
}
func (a *dnp3App) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *dnp3App) close(w *Worker, f *flow)      { a.w, a.f = w, f; a.conv.Close(a) }
func (a *dnp3App) reset() {
	a.conv.Reset()
	a.polls, a.next, a.at = [32]uint64{}, 0, at{}
}

func (w *Worker) dnp3Datagram(f *flow, dir wire.Dir, p []byte) {
	a, ok := w.stateful(f, DNP3).(*dnp3App)
	if !ok {
		return
	}
	a.stand(w, f, dir)
	if err := a.conv.Datagram(dir, p, a); err != nil {
		w.count.malformed++
	}
}

// maxDNP3Objects is how many headers of objects, and how many points of commands, are told of one message.
const maxDNP3Objects = 16

// Message takes one application fragment.
func (a *dnp3App) Message(dir wire.Dir, m *dnp3.Message) {
	w, e := a.w, &a.w.out.dnp3
	*e = event.DNP3{Function: m.Function.String(), FunctionCode: uint64(m.Function), Source: uint64(m.Link.Src),
		Destination: uint64(m.Link.Dst), Sequence: uint64(m.Sequence()), FromServer: dir == wire.ToClient,
		Objects: e.Objects[:0], Points: e.Points[:0], Indications: m.AppendIndications(e.Indications[:0])}
	t := texts{buf: w.out.text[:0]}
	commands := commanding(m.Function)
	for o := range m.All {
		if len(e.Objects) < maxDNP3Objects {
			e.Objects = append(e.Objects, t.dnp3Object(&o))
		}
		switch {
		case commands && (o.Group == 12 || o.Group == 41):
			t.dnp3Points(e, &o)
		case o.Group == 70:
			a.file(&t, e, &o)
		case o.Group == 0 && m.Function.Reply():
			a.attributes(dir, &o)
		}
	}
	if m.Matched {
		e.Outcome = "success"
		if m.Refused() {
			e.Outcome = "failure"
		}
	}
	if w.opt.EVE && (m.Matched || m.Function == dnp3.Unsolicited || !m.Function.Reply()) {
		e.Record = t.dnp3Record(m)
	}
	a.show(dir, e, m, &t)
	w.out.text = t.buf
	if a.tells(e, m) {
		w.emit(a.f, e)
	}
}

// tells reports whether a message is told: for EVE all that Suricata logs; else what asks for more than a known read,
// and what answers with more than values.
func (a *dnp3App) tells(e *event.DNP3, m *dnp3.Message) bool {
	if a.w.opt.EVE {
		return e.Record != "" && m.Function != dnp3.Confirm
	}
	switch {
	case m.Function == dnp3.Confirm:
		return false
	case m.Function.Reply() && m.Troubled():
		return !a.again(uint64(m.Indications), e)
	case m.Function.Reply():
		return e.File != "" || e.User != ""
	case m.Function == dnp3.Read:
		return !a.again(0, e)
	}
	return true
}

// again reports whether the same was told lately in this connection.
func (a *dnp3App) again(of uint64, e *event.DNP3) bool {
	sum := mum(of<<32|e.Source<<16|e.Destination, a.w.opt.Seed^e.FunctionCode)
	for _, o := range e.Objects {
		for i := range len(o) {
			sum = (sum ^ uint64(o[i])) * 0x100000001b3 // FNV-1a
		}
	}
	if slices.Contains(a.polls[:], sum|1) {
		return true
	}
	a.polls[a.next%len(a.polls)] = sum | 1
	a.next++
	return false
}

// commanding reports whether a function makes an outstation act.
func commanding(f dnp3.Function) bool { return f >= 3 && f <= 6 }

// dnp3Object is a header of objects as text: "g12v1 x2".
func (t *texts) dnp3Object(o *dnp3.Object) string {
	at := len(t.buf)
	t.buf = strconv.AppendUint(append(t.buf, 'g'), uint64(o.Group), 10)
	t.buf = strconv.AppendUint(append(t.buf, 'v'), uint64(o.Variation), 10)
	if o.Count > 0 {
		t.buf = strconv.AppendUint(append(t.buf, " x"...), uint64(o.Count), 10)
	}
	return t.from(at)
}

// dnp3Points tells the points that a command is about: "7: op_type 3", "2: value 1200".
func (t *texts) dnp3Points(e *event.DNP3, o *dnp3.Object) {
	for p := range o.Points {
		if len(e.Points) >= maxDNP3Objects {
			return
		}
		at := len(t.buf)
		t.buf = append(strconv.AppendUint(t.buf, uint64(max(p.Prefix, p.Index)), 10), ':')
		for f := range p.Fields {
			if f.Name != "op_type" && f.Name != "tcc" && f.Name != "value" {
				continue
			}
			t.buf = append(append(append(t.buf, ' '), f.Name...), ' ')
			if f.Kind == dnp3.Float {
				t.buf = strconv.AppendFloat(t.buf, f.Float, 'g', -1, 64)
			} else {
				t.buf = strconv.AppendInt(t.buf, f.Int, 10)
			}
		}
		e.Points = append(e.Points, t.from(at))
	}
}

// file fills in which file a message is about, and who signs on.
func (a *dnp3App) file(t *texts, e *event.DNP3, o *dnp3.Object) {
	for p := range o.Points {
		for f := range p.Fields {
			switch {
			case len(f.Data) == 0:
			case f.Name == "filename", f.Name == "file_specification":
				e.File = t.masked(a.w, f.Data)
			case f.Name == "username":
				e.User = event.View(f.Data)
			}
		}
	}
}

// attributes reports what an outstation says of itself (§A.1: group 0).
func (a *dnp3App) attributes(dir wire.Dir, o *dnp3.Object) {
	e := &a.w.out.asset
	*e = event.Asset{Source: "dnp3"}
	text := event.View(o.Attribute())
	switch o.Variation {
	case 252:
		e.Vendor = text
	case 250:
		e.Model = text
	case 248:
		e.Serial = text
	case 242:
		e.Software = text
	case 247, 246:
		e.Hostname = text
	}
	if text != "" && *e != (event.Asset{Source: "dnp3"}) {
		a.w.tellAssetOf(a.f, dir, e)
	}
}

// Fault reports what cannot be read.
func (a *dnp3App) Fault(_ wire.Dir, f dnp3.Faults) {
	if f != dnp3.Malformed {
		a.w.appAnomaly(a.f, f.Name())
	}
}
