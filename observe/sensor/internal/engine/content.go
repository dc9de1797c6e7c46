package engine

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"hash"
	"strings"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/filetype"
	"bulwark/wire/inspect"
)

// content is what is known of a file while its bytes come.
type content struct {
	w       *Worker
	f       *flow
	dir     wire.Dir
	facts   fileFacts // its slices are in text
	text    []byte
	carrier []byte // facts.Carrier

	at     uint64 // where in the file the next bytes stand, as it crosses the wire
	next   uint64 // bytes before it were taken or given up
	lost   uint64
	packed uint64 // bytes taken
	size   uint64 // bytes taken, unpacked
	head   []byte // the bytes that tell the type, of the worker's pool
	kind   filetype.Type
	told   bool   // by the first bytes
	later  uint64 // where others stand that would tell more
	more   int    // and how many; 0: none
	sums   sums

	layers  [maxLayers]layer
	coded   int    // layers that are in use
	number  uint64 // as it is shown to who looks into the traffic; 0: it is not yet
	stopped bool   // nothing more is looked at
	ended   bool   // its protocol saw its end
	cut     bool   // because of a limit, or since the packing is damaged
	bomb    bool
	copy    copied
}

func newContent(w *Worker) *content {
	return &content{w: w}
}

func (c *content) begin(f *flow, dir wire.Dir, about *fileFacts) {
	c.f, c.dir, c.facts = f, dir, *about
	want := c.w.opt.Hashes
	if c.w.look.on() {
		want |= c.w.look.Digests()
	}
	c.sums.begin(want)
	c.text = c.text[:0]
	for _, p := range [...]*[]byte{&c.facts.Name, &c.facts.Type, &c.facts.Coding, &c.facts.Range} {
		c.text = c.w.space.Append(c.text, (*p)[:min(len(*p), maxFact)])
	}
	c.carrier = append(c.carrier[:0], c.facts.Carrier[:min(len(c.facts.Carrier), maxCarrier)]...)
	c.facts.Carrier = c.carrier
	rest := c.text
	for _, p := range [...]*[]byte{&c.facts.Name, &c.facts.Type, &c.facts.Coding, &c.facts.Range} {
		n := min(len(*p), maxFact)
		*p, rest = rest[:n:n], rest[n:]
	}
	if len(c.facts.Coding) > 0 {
		c.unpack()
	}
}

// maxFact is how long a name or another text of a file may be, in bytes; the rest is cut off.
const maxFact = 4 << 10

// end makes c ready for another file.
func (c *content) end() {
	c.dropCopy()
	c.w.pool.put(c.head)
	c.release()
	heads := c.layers
	*c = content{w: c.w, text: c.text[:0], carrier: c.carrier[:0], sums: c.sums}
	for i := range heads {
		c.layers[i].head = heads[i].head[:0]
	}
}

func (c *content) seek(offset uint64) {
	c.at = offset
	if offset > c.next {
		c.lost += offset - c.next
		c.next = offset
	}
}

func (c *content) gap(n uint64) {
	c.at += n
	if c.at > c.next {
		c.lost += c.at - c.next
		c.next = c.at
	}
}

func (c *content) write(p []byte) {
	if known := c.next - c.at; known > 0 { // sent again
		n := min(known, uint64(len(p)))
		c.at += n
		if p = p[n:]; len(p) == 0 {
			return
		}
	}
	c.at += uint64(len(p))
	c.next = c.at
	c.packed += uint64(len(p))
	switch {
	case c.stopped:
	case c.coded == 0:
		c.take(p)
	case c.lost == 0:
		c.feed(0, p)
	}
}

// take looks at bytes of the file itself.
func (c *content) take(p []byte) {
	switch {
	case c.lost > 0:
		c.dropCopy() // a copy with a hole is of no use
	case c.facts.Kind == filetype.Unknown:
		c.recognise(p)
	case !c.told:
		c.told, c.kind = true, c.facts.Kind
		c.decide(nil)
	}
	if c.copy.on {
		c.copyBytes(p)
	}
	if (c.lost == 0 || c.w.opt.EVE) && !(c.facts.Quiet && c.told) {
		c.digest(p)
	}
	c.size += uint64(len(p))
	c.show(p, false)
}

// recognise gathers the first bytes of a file, and then those that may tell more of its type.
func (c *content) recognise(p []byte) {
	if c.size == 0 && !c.told {
		c.head = c.w.pool.get(filetype.Head)
	}
	if cap(c.head) == 0 {
		return // there is no room, or nothing more to be told
	}
	at, n := uint64(0), filetype.Head
	if c.told {
		at, n = c.later, c.more
	}
	if from := at + uint64(len(c.head)); from >= c.size && from < c.size+uint64(len(p)) {
		part := p[from-c.size:]
		c.head = append(c.head, part[:min(len(part), n-len(c.head))]...)
	}
	if len(c.head) == n {
		if c.judge(); c.more > 0 {
			c.recognise(p)
		}
	}
}

// judge tells the type by what was gathered, and asks for more where that would help.
func (c *content) judge() {
	if c.told {
		c.kind, c.more = filetype.Refine(c.kind, c.head), 0
	} else {
		c.told = true
		c.kind = filetype.Detect(c.head)
		c.facts.Quiet = c.facts.Quiet && !alarms(c.kind)
		c.later, c.more = filetype.Later(c.kind, c.head)
		c.decide(c.head)
	}
	if c.head = c.head[:0]; c.more == 0 || c.later < filetype.Head {
		c.w.pool.put(c.head)
		c.head, c.more = nil, 0
	}
}

// show shows bytes of the file to who looks into the traffic. A file that is there for them alone ends when they have
// seen enough.
func (c *content) show(p []byte, last bool) {
	l := &c.w.look
	if !l.on() {
		return
	}
	f := inspect.File{App: c.facts.App, Name: c.facts.Name, TxID: c.facts.TxID, First: c.number == 0, Last: last}
	if f.First {
		l.files++
		c.number = l.files
	}
	f.Number = c.number
	l.content = c
	more := l.File(c.w.view(c.f, c.dir), f, p)
	if l.content = nil; !more && c.facts.Quiet && c.told {
		c.stopped = true
	}
}

// tell tells of the file.
func (c *content) tell(complete bool) {
	w := c.w
	x := texts{buf: w.files.text[:0]}
	if c.facts.Kind != filetype.Unknown {
		c.kind = c.facts.Kind
	} else if !c.told {
		c.judge()
	}
	c.ended = complete
	if c.show(nil, true); c.facts.Quiet {
		return
	}
	o := &w.files.out
	*o = event.File{Name: c.name(&x), App: c.facts.App, Size: c.size, Type: event.View(mediaType(c.facts.Type)),
		Activity: "Write", Gaps: c.lost > 0, TxID: c.facts.TxID, Range: event.View(c.facts.Range),
		Detected: c.kind.String(), Category: c.kind.Category(), Truncated: c.cut, Bomb: c.bomb,
		Format: c.facts.Format, Carrier: event.View(c.facts.Carrier)}
	if c.coded > 0 {
		o.PackedSize = c.packed
	}
	o.Complete = complete && c.lost == 0 && c.next >= c.facts.Size
	if c.dir == wire.ToClient {
		o.Activity = "Read"
	}
	if o.Lost = c.lost; c.lost == 0 || w.opt.EVE {
		c.sums.tell(&x, o)
	}
	o.Stored = c.finishCopy(&x)
	w.files.text = x.buf
	w.files.told++
	w.emit(c.f, o)
}

// name is what the file is called, with the patients in it replaced.
func (c *content) name(x *texts) string {
	name := x.masked(c.w, c.facts.Name)
	if i := strings.LastIndexByte(name, '/'); c.facts.Last && i >= 0 && i+1 < len(name) {
		return name[i+1:]
	}
	return name
}

// sums are the digests of a file.
type sums struct {
	want              Hashes
	md5, sha1, sha256 hash.Hash         // made when they were wanted first
	sum               [sha256.Size]byte // scratch
}

func (s *sums) begin(want Hashes) {
	s.want = want
	for _, h := range [...]struct {
		is   Hashes
		of   *hash.Hash
		make func() hash.Hash
	}{{MD5, &s.md5, md5.New}, {SHA1, &s.sha1, sha1.New}, {SHA256, &s.sha256, sha256.New}} {
		switch {
		case want&h.is == 0:
		case *h.of == nil:
			*h.of = h.make()
		default:
			(*h.of).Reset()
		}
	}
}

func (s *sums) write(p []byte) {
	if s.want&MD5 != 0 {
		s.md5.Write(p)
	}
	if s.want&SHA1 != 0 {
		s.sha1.Write(p)
	}
	if s.want&SHA256 != 0 {
		s.sha256.Write(p)
	}
}

func (s *sums) tell(x *texts, o *event.File) {
	o.MD5, o.SHA1, o.SHA256 = s.text(x, MD5, s.md5), s.text(x, SHA1, s.sha1), s.text(x, SHA256, s.sha256)
}

func (s *sums) text(x *texts, is Hashes, h hash.Hash) string {
	if s.want&is == 0 {
		return ""
	}
	at := len(x.buf)
	x.buf = appendPlainHex(x.buf, h.Sum(s.sum[:0]))
	return x.from(at)
}
