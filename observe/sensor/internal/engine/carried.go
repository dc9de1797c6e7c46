package engine

import (
	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/filetype"
	"bulwark/wire/inspect"
)

// carried is a file on its way through a flow. Its zero value is none, and all that is done with none is done in vain:
// a file that found no room is counted, and its bytes are passed over.
//
// A protocol opens it, hands it the bytes as they come, and closes it, which tells of it. A protocol that carries
// several files at a time has a carried for each.
type carried struct{ c *content }

// fileFacts are what a protocol knows of a file before its bytes come. The slices are copied. All but App may be zero.
type fileFacts struct {
	App    string // http, smb, ftp-data, smtp, nfs, dicom...
	Name   []byte // as sent: the patients in it are replaced when it is told
	Type   []byte // media type as declared
	Coding []byte // codings in the order in which they were applied, as the Content-Encoding of HTTP lists them
	Size   uint64 // bytes that are announced; 0: none are
	Range  []byte // Content-Range of HTTP
	TxID   uint64 // place of its request in the connection, from 1

	Carrier []byte // objects of the message that carries it, as EVE has them, JSON; not longer than maxCarrier

	Quiet  bool          // it is only shown to who looks into the traffic, and told where its type alarms
	Last   bool          // of Name, which is a path, only the last part is told, after the patients in the whole are replaced
	Format string        // how its content is encoded: the transfer syntax of DICOM; not copied
	Kind   filetype.Type // what it is, where the protocol knows it; its first bytes are not asked then
}

// open begins a file whose bytes go in dir. One that is open still is forgotten.
func (c *carried) open(w *Worker, f *flow, dir wire.Dir, about fileFacts) {
	c.reset()
	if c.c = w.files.get(w); c.c != nil {
		c.c.begin(f, dir, &about)
	}
}

// isOpen reports whether a file is under way.
func (c *carried) isOpen() bool { return c.c != nil }

// write takes the next bytes of the file. It keeps no reference to p.
func (c *carried) write(p []byte) {
	if c.c != nil && len(p) > 0 {
		c.c.write(p)
	}
}

// gap notes that the next n bytes of the file were lost.
func (c *carried) gap(n int) {
	if c.c != nil && n > 0 {
		c.c.gap(uint64(n))
	}
}

// seek says where in the file the next bytes stand. Bytes that were there before are passed over; those that are left
// out count as lost.
func (c *carried) seek(offset int64) {
	if c.c != nil && offset >= 0 {
		c.c.seek(uint64(offset))
	}
}

// number says which request of the connection the file belongs to, where that is told at its end.
func (c *carried) number(tx uint64) {
	if c.c != nil {
		c.c.facts.TxID = tx
	}
}

// close tells of the file, at the time of the packet in hand. complete says that the protocol saw its end; where bytes
// are missing it is not complete all the same.
func (c *carried) close(complete bool) {
	if c.c != nil {
		c.c.tell(complete)
		c.reset()
	}
}

// reset forgets the file without a word.
func (c *carried) reset() {
	if c.c != nil {
		c.c.w.files.put(c.c)
		c.c = nil
	}
}

// Hashes are the digests that are made of files.
type Hashes = inspect.Digests

// The digests.
const (
	MD5      = inspect.MD5
	SHA1     = inspect.SHA1
	SHA256   = inspect.SHA256
	NoHashes = inspect.SHA256 << 1 // none but those that are named, or that rules ask for
)

// files are the contents of a worker's files: those under way are counted, those that are over wait to be used again.
type files struct {
	free    []*content
	open    int
	told    uint64 // files told of since the last report
	dropped uint64 // files that found no room, since the last report
	held    int    // bytes that came before their turn
	packers packers
	parts   partsPool

	copies   int    // under way
	lastCopy uint64 // copies so far
	refused  uint64 // files that were to be copied and were not, for want of room, since the last report
	out      event.File
	text     []byte // scratch
}

// get is a content that is not in use, or nil when there are too many.
func (s *files) get(w *Worker) *content {
	if s.open >= w.opt.Limits.Files {
		s.dropped++
		return nil
	}
	s.open++
	if l := len(s.free); l > 0 {
		c := s.free[l-1]
		s.free = s.free[:l-1]
		return c
	}
	return newContent(w)
}

func (s *files) put(c *content) {
	c.end()
	s.open--
	s.free = append(s.free, c)
}

// count tells what happened to files since the last report.
func (s *files) count(e *event.Stats) {
	e.Files, e.FilesDropped, e.FilesCut, e.CopiesRefused = s.told, s.dropped, s.packers.refused+s.packers.stopped, s.refused
	s.told, s.dropped, s.packers.refused, s.packers.stopped, s.refused = 0, 0, 0, 0, 0
}
