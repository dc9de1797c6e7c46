package engine

import (
	"bytes"
	"encoding/hex"
	"slices"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/s7"
)

// s7App is a connection to a controller of Siemens.
type s7App struct {
	conv  s7.Conversation
	polls [32]uint64 // what was told lately, as digests
	next  int        // where the next is noted
	at
}

func (a *s7App) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	return a.conv.Decode(dir, p, a)
}
func (a *s7App) furnish(w *Worker)             { a.conv.Pool = &w.s7 }
func (a *s7App) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *s7App) close(w *Worker, f *flow)      { a.w, a.f = w, f; a.conv.Close(a) }
func (a *s7App) reset() {
	a.conv.Reset()
	a.polls, a.next, a.at = [32]uint64{}, 0, at{}
}

// maxS7Items is how many addresses of one request are told.
const maxS7Items = 8

// Transaction takes a request with its answer.
func (a *s7App) Transaction(x *s7.Transaction) {
	w, e := a.w, &a.w.out.s7
	t := texts{buf: w.out.text[:0]}
	m := x.Request
	if m == nil {
		m = x.Reply
	}
	*e = event.S7{Function: m.Name(), Version: "s7comm", Items: e.Items[:0], Station: t.s7Station(a.conv.Called())}
	if m.Plus {
		e.Version = "s7comm-plus"
	}
	if x.Request != nil {
		a.request(&t, e, m)
	}
	if r := x.Reply; r != nil && !r.Plus {
		e.Outcome, e.Code = outcomeOf(r.ErrorCode == 0), uint64(r.ErrorCode)
	}
	w.out.text = t.buf
	if e.Function != "" && (e.Acts || !a.again(e)) {
		w.emit(a.f, e)
	}
	a.identity(x.Reply)
}

// request fills in what is asked for.
func (a *s7App) request(t *texts, e *event.S7, m *s7.Message) {
	for i := range m.Items[:min(len(m.Items), maxS7Items)] {
		at := len(t.buf)
		t.buf = m.Items[i].AppendAddress(t.buf)
		e.Items = append(e.Items, t.from(at))
	}
	e.Block, e.Service = event.View(printable(m.Block)), event.View(m.Service)
	if m.Kind == s7.UserData {
		e.Acts = m.Group == s7.GroupSecurity || m.Group == s7.GroupTime && (m.Sub == 2 || m.Sub == 4)
		if m.List != 0 {
			at := len(t.buf)
			t.buf = appendHex16(append(appendHex16(t.buf, m.List), '/'), m.Index)
			e.List = t.from(at)
		}
		return
	}
	if m.Plus {
		e.Acts = m.PlusFunction() == s7.DeleteObject
		return
	}
	switch m.Function {
	case s7.Control, s7.Stop, s7.RequestDownload, s7.DownloadEnded, s7.StartUpload:
		e.Acts = true
	}
}

func appendHex16(dst []byte, n uint16) []byte {
	return append(dst, hexDigits[n>>12], hexDigits[n>>8&15], hexDigits[n>>4&15], hexDigits[n&15])
}

// s7Station is a selector as text: as it is where it is printable, else in hexadecimal.
func (t *texts) s7Station(b []byte) string {
	if len(b) > 2 && len(printable(b)) == len(b) {
		at := len(t.buf)
		t.buf = append(t.buf, b...)
		return t.from(at)
	}
	at := len(t.buf)
	t.buf = hex.AppendEncode(t.buf, b)
	return t.from(at)
}

// again reports whether the same was told lately in this connection.
func (a *s7App) again(e *event.S7) bool {
	sum := a.w.opt.Seed
	for _, s := range [...]string{e.Function, e.Block, e.List, e.Outcome} {
		for i := range len(s) {
			sum = (sum ^ uint64(s[i])) * 0x100000001b3 // FNV-1a
		}
		sum = mum(sum, 0xe7037ed1a0b428db)
	}
	for _, s := range e.Items {
		for i := range len(s) {
			sum = (sum ^ uint64(s[i])) * 0x100000001b3
		}
	}
	if slices.Contains(a.polls[:], sum|1) {
		return true
	}
	a.polls[a.next%len(a.polls)] = sum | 1
	a.next++
	return false
}

// identity reports what a controller says of itself: in the lists of its modules (0011) and components (001c), or when a
// session of S7comm-plus is made.
func (a *s7App) identity(m *s7.Message) {
	if m == nil {
		return
	}
	e := &a.w.out.asset
	*e = event.Asset{Source: "s7", Vendor: "Siemens", Role: "controller"}
	var version [16]byte
	switch {
	case m.Order != nil:
		e.Model, e.Software = event.View(m.Order), event.View(m.Release)
	case m.List&0xff == 0x11:
		e.Model = field(m.Record(1), 20)
		if r := m.Record(7); len(r) >= 26 {
			e.Software = event.View(s7Version(version[:0], r[22:26]))
		}
	case m.List&0xff == 0x1c:
		e.Hostname, e.Model, e.Serial = field(m.Record(1), 32), field(m.Record(7), 32), field(m.Record(5), 32)
	}
	if e.Model != "" || e.Hostname != "" || e.Serial != "" {
		a.w.tellAssetOf(a.f, wire.ToClient, e)
	}
}

// s7Version is the version of a firmware: a letter and three numbers.
func s7Version(dst, b []byte) []byte {
	if b[0] != 'V' {
		return dst
	}
	dst = append(dst, 'V')
	for i, n := range b[1:] {
		if i > 0 {
			dst = append(dst, '.')
		}
		dst = appendSmall(dst, n)
	}
	return dst
}

func appendSmall(dst []byte, n uint8) []byte {
	if n >= 100 {
		dst = append(dst, '0'+n/100)
	}
	if n >= 10 {
		dst = append(dst, '0'+n/10%10)
	}
	return append(dst, '0'+n%10)
}

// field is a text of a record up to its padding.
func field(b []byte, n int) string {
	b = b[:min(len(b), n)]
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return event.View(bytes.TrimSpace(b))
}
