package engine

import (
	"bytes"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/tftp"
)

// tftpApp is the transfer that a request began: mostly a flow between other ports than the request's.
type tftpApp struct {
	about    *tftpRequest
	transfer tftp.Transfer
	file     carried
}

// tftpRequest is what a request was for.
type tftpRequest struct {
	name  []byte
	size  uint64
	write bool
}

// forgone takes a request back: nothing holds it any more.
func (r *tftpRequest) forgone(w *Worker) {
	*r = tftpRequest{name: r.name[:0]}
	w.requests.Give(r)
}

func (a *tftpApp) expected(n note) { a.about = n.(*tftpRequest) }

// The bytes of TFTP come in datagrams: see tftpDatagram.
func (a *tftpApp) decode(*Worker, *flow, wire.Dir, []byte) (int, int, error) { return 0, 0, nil }
func (a *tftpApp) gap(wire.Dir, int) error                                   { return nil }
func (a *tftpApp) close(w *Worker, _ *flow) {
	a.file.close(false)
	if a.about != nil {
		a.about.forgone(w)
	}
}
func (a *tftpApp) reset() { a.file.reset(); *a = tftpApp{} }

func (w *Worker) tftpDatagram(f *flow, dir wire.Dir, p []byte) {
	m := &w.out.tftpMessage
	if tftp.Parse(p, m) != nil {
		w.count.malformed++
		return
	}
	switch m.Op {
	case tftp.Read, tftp.Write:
		w.tellTFTP(f, m)
		w.expectTFTP(f, dir, m)
		return
	case tftp.Error:
		w.tellTFTP(f, m)
	}
	if f.conv == 0 {
		w.meet(f) // a server that answers from the port that it was asked at
	}
	if f.conv == 0 {
		return
	}
	if a, ok := w.conv(f).app.(*tftpApp); ok && a.about != nil {
		a.take(w, f, dir, m)
	}
}

func (w *Worker) tellTFTP(f *flow, m *tftp.Message) {
	if m.Op == tftp.Error && w.opt.EVE {
		return // EVE has a record of requests alone
	}
	t := texts{buf: w.out.text[:0]}
	e := &w.out.tftp
	*e = event.TFTP{Activity: "read", File: t.masked(w, m.File), Mode: t.lower(m.Mode), Options: e.Options[:0], Error: m.ErrorName(),
		Message: event.View(m.Text)}
	switch m.Op {
	case tftp.Write:
		e.Activity = "write"
	case tftp.Error:
		e.Activity = "error"
	}
	for _, o := range m.Options {
		at := len(t.buf)
		t.buf = append(append(append(t.buf, bytes.ToLower(o.Name)...), '='), o.Value...)
		e.Options = append(e.Options, t.from(at))
	}
	w.out.text = t.buf
	w.emit(f, e)
}

// expectTFTP waits for the transfer, which the server begins at the port that asked.
func (w *Worker) expectTFTP(f *flow, dir wire.Dir, m *tftp.Message) {
	client := f.origin ^ end(dir)
	port := uint16(f.key.ports)
	if client == high {
		port = uint16(f.key.ports >> 16)
	}
	r := w.requests.Take()
	r.name, r.size, r.write = append(r.name, m.File...), m.Size(), m.Op == tftp.Write
	w.expect(f, client, port, TFTP, r)
}

// take takes a message of the transfer.
func (a *tftpApp) take(w *Worker, f *flow, dir wire.Dir, m *tftp.Message) {
	switch m.Op {
	case tftp.OptionAck:
		a.transfer.Agree(m)
		if n := m.Size(); n > 0 {
			a.about.size = n
		}
	case tftp.Data:
		lost, fresh, last := a.transfer.Take(m)
		if !fresh {
			return
		}
		if !a.file.isOpen() {
			a.file.open(w, f, dir, fileFacts{App: "tftp", Name: a.about.name, Size: a.about.size})
		}
		a.file.gap(lost)
		a.file.write(m.Data)
		if last {
			a.file.close(true)
		}
	case tftp.Error:
		a.file.close(false)
	}
}

// lower is text in small letters.
func (t *texts) lower(b []byte) string {
	at := len(t.buf)
	for _, c := range b {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		t.buf = append(t.buf, c)
	}
	return t.from(at)
}
