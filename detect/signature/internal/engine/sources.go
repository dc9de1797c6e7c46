package engine

import (
	"bytes"
	"unsafe"

	"bulwark/detect/signature/internal/field"
	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/http"
	"bulwark/wire/inspect"
	"bulwark/wire/packet"
)

// source is where the bytes of a field come from: HTTP and files, or a record.
type source struct {
	name  string
	dir   wire.Dir // in which they are said; Either: in both
	stage inspect.Stage

	body bool                                                            // of a file: what was gathered of it
	http func(b *scratch, dir wire.Dir, t *http.Transaction) []byte      // one run of bytes; nil result: there is none
	many func(dir wire.Dir, t *http.Transaction, each func([]byte) bool) // several
	n    func(dir wire.Dir, t *http.Transaction) (uint64, bool)          // a number; false: there is none

	packet func(b *scratch, p *packet.Packet, each func([]byte) bool) // of a packet

	record event.Kind
	texts  func(p event.Payload, each func(string) bool) // of a record; each reports whether to go on
	values func(p event.Payload, each func(uint64) bool)
	beyond bool // it is not in the record, but was read of the same message
	sides  bool // of a record of both sides: it is asked of each side by itself
}

// scratch is memory that sources build their bytes in; it is used again for each message.
type scratch struct{ buf []byte }

// from is what was built since the mark.
func (b *scratch) from(mark int) []byte { return b.buf[mark:len(b.buf):len(b.buf)] }

// sourceOf is where the bytes of a field come from; nil: nowhere yet.
func sourceOf(f *field.Field) *source {
	if s, ok := httpSources[f.Name]; ok {
		return s
	}
	if s, ok := headerSources[f.Name]; ok {
		return s
	}
	return recordSources[f.Name]
}

func message(dir wire.Dir, t *http.Transaction) *http.Message {
	if dir == wire.ToClient {
		return &t.Response.Message
	}
	return &t.Request.Message
}

// of is a source of a head that has the bytes ready.
func of(dir wire.Dir, get func(t *http.Transaction) []byte) *source {
	return &source{dir: dir, http: func(_ *scratch, _ wire.Dir, t *http.Transaction) []byte { return get(t) }}
}

// plusOne is a number that is kept as itself plus one; 0: there is none.
func plusOne(get func(wire.Dir, *http.Transaction) uint64) func(wire.Dir, *http.Transaction) (uint64, bool) {
	return func(d wire.Dir, t *http.Transaction) (uint64, bool) {
		v := get(d, t)
		return v - 1, v != 0
	}
}

// fieldOf is the value of a field of a head.
func fieldOf(dir wire.Dir, n http.Name) *source {
	return &source{dir: dir, http: func(_ *scratch, d wire.Dir, t *http.Transaction) []byte { return message(d, t).Get(n) }}
}

// httpSources are the fields of HTTP and of files (Suricata User Guide, "HTTP Keywords", "File Keywords").
var httpSources = withNames(map[string]*source{
	"http.method": of(wire.ToServer, func(t *http.Transaction) []byte { return t.Request.Method }),
	"http.uri": {dir: wire.ToServer, http: func(b *scratch, _ wire.Dir, t *http.Transaction) []byte {
		return b.uri(t.Request.Target)
	}},
	"http.uri.raw":       of(wire.ToServer, func(t *http.Transaction) []byte { return t.Request.Target }),
	"http.request_line":  of(wire.ToServer, func(t *http.Transaction) []byte { return t.Request.Line() }),
	"http.response_line": of(wire.ToClient, func(t *http.Transaction) []byte { return t.Response.Line() }),
	"http.protocol": {dir: wire.Either, http: func(_ *scratch, d wire.Dir, t *http.Transaction) []byte {
		if d == wire.ToClient {
			return t.Response.Version
		}
		return t.Request.Version
	}},
	"http.header":       {dir: wire.Either, http: (*scratch).headers},
	"http.header.raw":   {dir: wire.Either, http: (*scratch).rawHeaders},
	"http.header_names": {dir: wire.Either, http: (*scratch).headerNames},
	"http.start":        {dir: wire.Either, http: (*scratch).start},
	"http.host": {dir: wire.ToServer, http: func(b *scratch, _ wire.Dir, t *http.Transaction) []byte {
		host, _ := t.Request.Hostname()
		mark := len(b.buf)
		b.buf = appendLower(b.buf, host)
		return b.from(mark)
	}},
	"http.host.raw":        fieldOf(wire.ToServer, http.Host),
	"http.user_agent":      fieldOf(wire.ToServer, http.UserAgent),
	"http.referer":         fieldOf(wire.ToServer, http.Referer),
	"http.accept":          fieldOf(wire.ToServer, http.Accept),
	"http.accept_enc":      fieldOf(wire.ToServer, http.AcceptEncoding),
	"http.accept_lang":     fieldOf(wire.ToServer, http.AcceptLanguage),
	"http.connection":      fieldOf(wire.Either, http.Connection),
	"http.content_type":    fieldOf(wire.Either, http.ContentType),
	"http.content_len":     fieldOf(wire.Either, http.ContentLength),
	"http.location":        fieldOf(wire.ToClient, http.Location),
	"http.server":          fieldOf(wire.ToClient, http.Server),
	"http.cookie":          {dir: wire.Either, http: (*scratch).cookie},
	"http.stat_code":       of(wire.ToClient, func(t *http.Transaction) []byte { return t.Response.Code }),
	"http.stat_msg":        of(wire.ToClient, func(t *http.Transaction) []byte { return t.Response.Reason }),
	"http.request_header":  {dir: wire.ToServer, many: fields},
	"http.response_header": {dir: wire.ToClient, many: fields},
	"http2.priority":       {dir: wire.Either, n: plusOne(func(d wire.Dir, t *http.Transaction) uint64 { return uint64(t.Stream.Weight[d]) })},
	"http2.errorcode": {dir: wire.Either, stage: inspect.Whole,
		n: plusOne(func(d wire.Dir, t *http.Transaction) uint64 { return t.Stream.Error[d] })},
	"http2.header_name":  {dir: wire.Either, many: fieldNames},
	"http2.header":       {dir: wire.Either, many: fields},
	"http.request_body":  {dir: wire.ToServer, stage: inspect.Whole, body: true},
	"http.response_body": {dir: wire.ToClient, stage: inspect.Whole, body: true},
	"file.data":          {dir: wire.Either, stage: inspect.Whole, body: true},
})

func withNames(m map[string]*source) map[string]*source {
	for name, s := range m {
		s.name = name
	}
	return m
}

func appendLower(dst, s []byte) []byte {
	for _, c := range s {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}

// isCookie tells the fields that http.header leaves out.
func isCookie(dir wire.Dir, name []byte) bool {
	if dir == wire.ToClient {
		return bytes.EqualFold(name, []byte("Set-Cookie"))
	}
	return bytes.EqualFold(name, []byte("Cookie"))
}

// headers is http.header: the fields but for cookies, each with ": " and CRLF.
func (b *scratch) headers(dir wire.Dir, t *http.Transaction) []byte {
	mark := len(b.buf)
	for name, value := range message(dir, t).Fields() {
		if !isCookie(dir, name) {
			b.buf = append(append(append(append(b.buf, name...), ": "...), value...), "\r\n"...)
		}
	}
	return b.from(mark)
}

// rawHeaders is http.header.raw: the fields as they were sent.
func (b *scratch) rawHeaders(dir wire.Dir, t *http.Transaction) []byte {
	raw := message(dir, t).Raw()
	if i := bytes.IndexByte(raw, '\n'); i >= 0 {
		return raw[i+1:]
	}
	return nil
}

// headerNames is http.header_names: CRLF, the names with CRLF behind each, CRLF.
func (b *scratch) headerNames(dir wire.Dir, t *http.Transaction) []byte {
	mark := len(b.buf)
	b.buf = append(b.buf, "\r\n"...)
	for name := range message(dir, t).Fields() {
		b.buf = append(append(b.buf, name...), "\r\n"...)
	}
	b.buf = append(b.buf, "\r\n"...)
	return b.from(mark)
}

// start is http.start: the first line and the fields.
func (b *scratch) start(dir wire.Dir, t *http.Transaction) []byte {
	mark := len(b.buf)
	m := message(dir, t)
	b.buf = append(append(b.buf, m.Line()...), "\r\n"...)
	for name, value := range m.Fields() {
		b.buf = append(append(append(append(b.buf, name...), ": "...), value...), "\r\n"...)
	}
	b.buf = append(b.buf, "\r\n"...)
	return b.from(mark)
}

// cookie is http.cookie.
func (b *scratch) cookie(dir wire.Dir, t *http.Transaction) []byte {
	if dir == wire.ToClient {
		return message(dir, t).Get(http.SetCookie)
	}
	return message(dir, t).Get(http.Cookie)
}

// fields are the fields of a head, each with ": ".
func fields(dir wire.Dir, t *http.Transaction, each func([]byte) bool) {
	var line []byte
	for name, value := range message(dir, t).Fields() {
		line = append(append(append(line[:0], name...), ": "...), value...)
		if !each(line) {
			return
		}
	}
}

// fieldNames are the names of the fields of a head.
func fieldNames(dir wire.Dir, t *http.Transaction, each func([]byte) bool) {
	for name := range message(dir, t).Fields() {
		if !each(name) {
			return
		}
	}
}

// uri is http.uri: a target without scheme and host, percent signs and dot segments resolved, as libhtp does.
func (b *scratch) uri(target []byte) []byte {
	if i := bytes.Index(target, []byte("://")); i > 0 && target[0] != '/' {
		target = target[i+3:]
		i = bytes.IndexByte(target, '/')
		if i < 0 {
			return []byte("/")
		}
		target = target[i:]
	}
	mark := len(b.buf)
	path, query, asks := bytes.Cut(target, []byte("?"))
	b.path(mark, path)
	if asks {
		b.buf = append(b.buf, '?')
		for i := 0; i < len(query); i++ {
			c := query[i]
			if c == '%' && i+2 < len(query) {
				if v, ok := hexByte(query[i+1], query[i+2]); ok {
					c = v
					i += 2
				}
			}
			b.buf = append(b.buf, c)
		}
	}
	return b.from(mark)
}

// path appends a path: percent signs decoded, several slashes as one, /./ and /../ resolved.
func (b *scratch) path(mark int, path []byte) {
	for i := 0; i < len(path); i++ {
		c := path[i]
		if c == '%' && i+2 < len(path) {
			if v, ok := hexByte(path[i+1], path[i+2]); ok {
				c = v
				i += 2
			}
		}
		if c == '/' && len(b.buf) > mark && b.buf[len(b.buf)-1] == '/' {
			continue
		}
		b.buf = append(b.buf, c)
		if c == '/' {
			b.dots(mark)
		}
	}
	if out := b.buf[mark:]; bytes.HasSuffix(out, []byte("/..")) || bytes.HasSuffix(out, []byte("/.")) {
		b.buf = append(b.buf, '/')
		b.dots(mark)
	}
}

// dots takes away a dot segment that has just ended.
func (b *scratch) dots(mark int) {
	out := b.buf[mark:]
	switch {
	case bytes.HasSuffix(out, []byte("/./")):
		b.buf = b.buf[:len(b.buf)-2]
	case bytes.HasSuffix(out, []byte("/../")):
		before := bytes.LastIndexByte(out[:len(out)-4], '/')
		b.buf = b.buf[:mark+max(before, 0)+1]
	}
}

func hexByte(a, b byte) (byte, bool) {
	x, ok := hexDigit(a)
	y, ok2 := hexDigit(b)
	return x<<4 | y, ok && ok2
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return (c | 0x20) - 'a' + 10, true
	}
	return 0, false
}

// bytesView is a text as bytes, without a copy: nobody writes to them.
func bytesView(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
