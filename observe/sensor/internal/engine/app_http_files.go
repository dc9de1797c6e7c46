package engine

import (
	"bytes"

	"bulwark/wire"
	"bulwark/wire/dicomweb"
	"bulwark/wire/filetype"
	"bulwark/wire/http"
)

// httpFiles are the bodies of one request and its response, by direction.
type httpFiles struct {
	t     *http.Transaction
	files [2]carried
	lost  [2]int64      // bytes of them that were lost so far
	asked [2]bool       // whether a body is a file was decided
	heads [2][]byte     // beginnings of those that are no files by what is said of them
	parts [2]*bodyParts // of those that hold several files; nil: they hold one

	counts  [2]dicomweb.Counter // of DICOM over the web
	counted [2]bool
}

// filesOf is where the bodies of t are kept.
func (a *exchanges) filesOf(t *http.Transaction) *httpFiles {
	for i := range a.files {
		if a.files[i].t == t {
			return a.files[i]
		}
	}
	b := a.w.bodies.Take()
	b.t = t
	a.files = a.w.bodyLists.Add(a.files, b)
	return b
}

// giveBody takes back what was kept of bodies that are over.
func (w *Worker) giveBody(b *httpFiles) {
	for dir, h := range b.heads {
		if b.heads[dir] = h[:0]; cap(h) > 4*enoughOfBody {
			b.heads[dir] = nil
		}
	}
	*b = httpFiles{heads: b.heads}
	w.bodies.Give(b)
}

func message(dir wire.Dir, t *http.Transaction) *http.Message {
	if dir == wire.ToClient {
		return &t.Response.Message
	}
	return &t.Request.Message
}

// Body takes a piece of a body.
func (a *exchanges) Body(dir wire.Dir, t *http.Transaction, p []byte) {
	b := a.filesOf(t)
	counted := a.count(b, dir, p)
	if a.w.look.on() && dir == wire.ToServer {
		a.w.look.Body(a.w.view(a.f, dir), t, p)
	}
	if !b.asked[dir] {
		if !a.isFile(dir, t) && !a.w.look.on() {
			if p = a.beginning(b, dir, p); p == nil {
				return
			}
			if !alarming(p) {
				a.pass(b, dir, counted)
				return
			}
		}
		b.asked[dir] = true
		if !a.takeApart(b, dir) {
			a.openFile(b, dir)
		}
	}
	b.write(dir, p)
}

// write hands a piece to the file, or to the parts, of a body.
func (b *httpFiles) write(dir wire.Dir, p []byte) {
	b.skipLost(dir)
	if s := b.parts[dir]; s != nil {
		s.split.Write(p, s)
		return
	}
	b.files[dir].write(p)
}

// pass leaves a body alone.
func (a *exchanges) pass(b *httpFiles, dir wire.Dir, counted bool) {
	b.asked[dir] = true
	if !counted {
		a.skipper.Skip(dir, b.t)
	}
}

// skipLost tells the file of bytes that were lost since its last piece.
func (b *httpFiles) skipLost(dir wire.Dir) {
	if m := message(dir, b.t); m.Lost > b.lost[dir] {
		b.files[dir].gap(int(m.Lost - b.lost[dir]))
		if s := b.parts[dir]; s != nil {
			s.split.Lost()
		}
		b.lost[dir] = m.Lost
	}
}

func (a *exchanges) openFile(b *httpFiles, dir wire.Dir) {
	m := message(dir, b.t)
	name, isPath := a.fileName(dir, b.t)
	about := fileFacts{App: a.f.app.String(), Quiet: !a.isFile(dir, b.t), Name: name, Last: isPath && !a.w.opt.EVE, Type: m.Get(http.ContentType), Coding: a.codings(m),
		Range: m.Get(http.ContentRange), TxID: uint64(b.t.Number)}
	b.files[dir].open(a.w, a.f, dir, about)
}

// codings are those of a body, of all the fields that name some.
func (a *exchanges) codings(m *http.Message) []byte {
	a.w.out.coding = m.Join(a.w.out.coding[:0], http.ContentEncoding)
	return a.w.out.coding
}

// tellFiles tells of what a request and its response carried.
func (a *exchanges) tellFiles(t *http.Transaction) {
	for i := range a.files {
		b := a.files[i]
		if b.t != t {
			continue
		}
		for dir := range wire.Dir(2) {
			a.tellFile(b, dir)
		}
		last := len(a.files) - 1
		a.files[i] = a.files[last]
		a.files = a.files[:last]
		a.w.giveBody(b)
		return
	}
	if a.w.opt.EVE { // bodies that were lost as a whole
		b := httpFiles{t: t}
		for dir := range wire.Dir(2) {
			a.tellFile(&b, dir)
		}
	}
}

func (a *exchanges) tellFile(b *httpFiles, dir wire.Dir) {
	m := message(dir, b.t)
	if head := b.heads[dir]; len(head) > 0 && !b.asked[dir] && alarming(head) { // all that there is
		a.openFile(b, dir)
		b.write(dir, head)
	}
	b.heads[dir] = b.heads[dir][:0]
	if a.w.opt.EVE && !b.asked[dir] && m.Lost > 0 {
		a.openFile(b, dir)
	}
	b.skipLost(dir)
	b.files[dir].close(m.Complete && b.parts[dir] == nil) // a part that has no end is cut
	if s := b.parts[dir]; s != nil {
		a.w.files.parts.put(s)
		b.parts[dir] = nil
	}
}

// isFile reports whether a body is a document or a program by what is said of it, not a page or one of its parts.
func (a *exchanges) isFile(dir wire.Dir, t *http.Transaction) bool {
	m := message(dir, t)
	return a.w.opt.EVE || a.w.opt.AllFiles || m.Has(http.ContentDisposition) || !isPagePart(mediaType(m.Get(http.ContentType)))
}

// enoughOfBody is how many of the first bytes of a body tell whether it is the part of a page that it is said to be.
const enoughOfBody = 512

// beginning is the beginning of a body, with p at its end: nil while there is too little of it.
func (a *exchanges) beginning(b *httpFiles, dir wire.Dir, p []byte) []byte {
	head := b.heads[dir]
	if len(head) == 0 && len(p) >= enoughOfBody {
		return p
	}
	head = a.w.space.Append(head, p)
	if b.heads[dir] = head; len(head) < enoughOfBody {
		return nil
	}
	return head
}

// alarming reports whether a body that is said to be a part of a page begins like what no page is made of.
func alarming(p []byte) bool {
	return alarms(filetype.Detect(p[:min(len(p), enoughOfBody)]))
}

func alarms(t filetype.Type) bool {
	switch t.Category() {
	case filetype.Executable, filetype.Archive, filetype.Document, filetype.DiskImage, filetype.Secret:
		return true
	}
	return false
}

func isPagePart(media []byte) bool {
	for _, prefix := range [...]string{"text/", "image/", "font/", "audio/", "video/", "application/json", "application/javascript",
		"application/x-javascript", "application/xml", "application/fhir", "application/font", "application/ocsp", "application/manifest",
		"application/x-www-form-urlencoded", "application/soap", "application/dns-message", "application/grpc", "application/dicom+"} {
		if len(media) >= len(prefix) && string(media[:len(prefix)]) == prefix {
			return true
		}
	}
	return len(media) == 0
}

// fileName is what a body is called: what its Content-Disposition says (RFC 6266), else the path that was asked for.
func (a *exchanges) fileName(dir wire.Dir, t *http.Transaction) (name []byte, isPath bool) {
	if name := dispositionName(message(dir, t).Get(http.ContentDisposition)); len(name) > 0 {
		return name, false
	}
	a.w.out.path = appendPath(a.w.out.path[:0], t.Request.Target)
	return a.w.out.path, true
}

// dispositionName is the filename of a Content-Disposition.
func dispositionName(v []byte) []byte {
	for len(v) > 0 {
		var part []byte
		part, v, _ = bytes.Cut(v, []byte(";"))
		name, value, ok := bytes.Cut(bytes.TrimSpace(part), []byte("="))
		if !ok || !bytes.EqualFold(bytes.TrimSpace(name), []byte("filename")) {
			continue
		}
		value = bytes.TrimSpace(value)
		if len(value) > 1 && value[0] == '"' {
			value, _, _ = bytes.Cut(value[1:], []byte(`"`))
		}
		return value
	}
	return nil
}

// appendPath appends the path of a target without its query, its percent signs decoded (RFC 3986 §2.1).
func appendPath(dst, target []byte) []byte {
	if i := bytes.Index(target, []byte("://")); i > 0 && target[0] != '/' {
		target = target[i+3:]
		if i = bytes.IndexByte(target, '/'); i < 0 {
			return append(dst, '/')
		}
		target = target[i:]
	}
	target, _, _ = bytes.Cut(target, []byte("?"))
	for i := 0; i < len(target); i++ {
		if target[i] == '%' && i+2 < len(target) {
			if hi, lo := hexValue(target[i+1]), hexValue(target[i+2]); hi >= 0 && lo >= 0 {
				dst = append(dst, byte(hi<<4|lo))
				i += 2
				continue
			}
		}
		dst = append(dst, target[i])
	}
	return dst
}

func hexValue(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
