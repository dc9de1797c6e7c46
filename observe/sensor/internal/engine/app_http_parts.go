package engine

import (
	"bytes"

	"bulwark/wire"
	"bulwark/wire/http"
	"bulwark/wire/multipart"
)

// bodyParts takes apart a body that holds several files: a form, or the objects of DICOM over the web.
type bodyParts struct {
	split multipart.Splitter
	a     *exchanges
	t     *http.Transaction
	dir   wire.Dir
	form  bool
}

// takeApart prepares for the parts of a body, where it has some that are files of their own.
func (a *exchanges) takeApart(b *httpFiles, dir wire.Dir) bool {
	m := message(dir, b.t)
	media := m.Get(http.ContentType)
	form := hasPrefixFold(media, "multipart/form-data")
	if m.Has(http.ContentEncoding) || !form && (a.w.opt.EVE || !hasPrefixFold(media, "multipart/related")) || a.w.opt.EVE && dir == wire.ToClient {
		return false
	}
	s := a.w.files.parts.get()
	if !s.split.Reset(media) {
		a.w.files.parts.put(s)
		return false
	}
	s.a, s.t, s.dir, s.form = a, b.t, dir, form
	b.parts[dir] = s
	return true
}

func hasPrefixFold(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && bytes.EqualFold(b[:len(prefix)], []byte(prefix))
}

// Begin begins a part. Of a form those are files that have a name of their own.
func (s *bodyParts) Begin(p *multipart.Part) bool {
	name := multipart.Parameter(p.Disposition, "filename")
	if s.form && len(name) == 0 || p.Encoded {
		return false
	}
	b, isPath := s.a.filesOf(s.t), false
	if len(name) == 0 {
		name, isPath = s.a.fileName(s.dir, s.t)
	}
	b.files[s.dir].open(s.a.w, s.a.f, s.dir, fileFacts{App: s.a.f.app.String(), Name: name, Last: isPath && !s.a.w.opt.EVE, Type: p.Type,
		TxID: uint64(s.t.Number)})
	return true
}

// Bytes are the next ones of a part.
func (s *bodyParts) Bytes(p []byte) { s.a.filesOf(s.t).files[s.dir].write(p) }

// End ends a part.
func (s *bodyParts) End() { s.a.filesOf(s.t).files[s.dir].close(true) }

// partsPool keeps what takes bodies apart for later use.
type partsPool struct{ free []*bodyParts }

func (p *partsPool) get() *bodyParts {
	if l := len(p.free); l > 0 {
		s := p.free[l-1]
		p.free = p.free[:l-1]
		return s
	}
	return new(bodyParts)
}

func (p *partsPool) put(s *bodyParts) {
	s.a, s.t = nil, nil
	if len(p.free) < maxIdle {
		p.free = append(p.free, s)
	}
}
