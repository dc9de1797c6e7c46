package engine

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"crypto/sha256"
	"hash"
	"io"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/http"
)

// httpBodies is an [httpApp] that reports each body as a file with its digest, as EVE does.
type httpBodies httpApp

// body is what crossed of one body so far.
type body struct {
	sum    hash.Hash
	size   uint64
	packed []byte // what is to be unpacked, at most maxPacked
	coded  bool
	gap    bool // bytes of it were lost: what follows does not count
}

const (
	maxPacked   = 4 << 20  // bytes of a packed body that are kept
	maxUnpacked = 32 << 20 // bytes that are unpacked of it
)

// Head wants each body whole.
func (a *httpBodies) Head(dir wire.Dir, t *http.Transaction) http.Want {
	return (*httpApp)(a).Head(dir, t) | http.Pieces
}

// Body takes a piece of a body.
func (a *httpBodies) Body(dir wire.Dir, t *http.Transaction, p []byte) {
	b := a.body(dir, t)
	if message(dir, t).Lost > 0 {
		b.gap = true
	}
	if b.gap {
		return
	}
	if b.coded {
		b.packed = append(b.packed, p[:min(len(p), maxPacked-len(b.packed))]...)
		return
	}
	b.size += uint64(len(p))
	b.sum.Write(p)
}

func message(dir wire.Dir, t *http.Transaction) *http.Message {
	if dir == wire.ToClient {
		return &t.Response.Message
	}
	return &t.Request.Message
}

func (a *httpBodies) body(dir wire.Dir, t *http.Transaction) *body {
	if a.bodies == nil {
		a.bodies = map[*http.Transaction]*[2]*body{}
	}
	both := a.bodies[t]
	if both == nil {
		both = new([2]*body)
		a.bodies[t] = both
	}
	if both[dir] == nil {
		both[dir] = &body{sum: sha256.New(), coded: coded(message(dir, t))}
	}
	return both[dir]
}

// coded reports whether a body is packed in a way that is unpacked here.
func coded(m *http.Message) bool {
	switch string(bytes.ToLower(bytes.TrimSpace(m.Get(http.ContentEncoding)))) {
	case "gzip", "x-gzip", "deflate":
		return true
	}
	return false
}

// End takes a request with its response, and then what each carried.
func (a *httpBodies) End(t *http.Transaction) {
	app := (*httpApp)(a)
	both := a.bodies[t]
	delete(a.bodies, t)
	app.End(t)
	for dir := range wire.Dir(2) {
		m := message(dir, t)
		if m.Length == 0 && m.Lost == 0 {
			continue
		}
		b := &body{sum: sha256.New()}
		if both != nil && both[dir] != nil {
			b = both[dir]
		}
		a.carried(dir, t, m, b)
	}
}

func (a *httpBodies) carried(dir wire.Dir, t *http.Transaction, m *http.Message, b *body) {
	b.unpack()
	x := texts{buf: a.w.out.text[:0]}
	name, _, _ := bytes.Cut(t.Request.Target, []byte("?"))
	at := len(x.buf)
	x.buf = appendPlainHex(x.buf, b.sum.Sum(nil))
	sum := x.from(at)
	o := &a.w.out.file
	*o = event.File{Name: x.masked(a.w, name), App: "http", Size: b.size, Activity: "Write", Complete: m.Complete && m.Lost == 0,
		Type: event.View(mediaType(m.Get(http.ContentType))), SHA256: sum, Gaps: m.Lost > 0, TxID: uint64(t.Number),
		Range: event.View(m.Get(http.ContentRange))}
	if dir == wire.ToClient {
		o.Activity = "Read"
	}
	a.w.out.text = x.buf
	a.w.emit(a.f, o)
}

// unpack replaces what was kept of a packed body by what is in it.
func (b *body) unpack() {
	if !b.coded {
		return
	}
	var r io.Reader
	if z, err := gzip.NewReader(bytes.NewReader(b.packed)); err == nil {
		r = z
	} else if z, err := zlib.NewReader(bytes.NewReader(b.packed)); err == nil {
		r = z
	} else {
		r = flate.NewReader(bytes.NewReader(b.packed))
	}
	n, _ := io.Copy(b.sum, io.LimitReader(r, maxUnpacked)) // of a damaged body the part before the damage
	b.size, b.packed = uint64(n), nil
}

func appendPlainHex(dst, b []byte) []byte {
	for _, c := range b {
		dst = append(dst, hexDigits[c>>4], hexDigits[c&15])
	}
	return dst
}

// headers are the fields of a head as texts, with patients replaced and secrets left out.
func (t *texts) headers(w *Worker, list []string, h *http.Head) []string {
	for name, value := range h.Fields() {
		at := len(t.buf)
		t.buf = append(append(t.buf, name...), ':', ' ')
		if !secret(name) {
			t.buf = w.opt.Patients.Text(t.buf, value)
		}
		list = append(list, t.from(at))
	}
	return list
}

// secret reports whether a field carries what lets its holder in.
func secret(name []byte) bool {
	for _, s := range [...]string{"authorization", "proxy-authorization", "cookie", "set-cookie"} {
		if len(name) == len(s) && bytes.EqualFold(name, []byte(s)) {
			return true
		}
	}
	return false
}
