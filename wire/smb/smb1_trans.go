package smb

import "bytes"

// layout is where the parts of a TRANS, TRANS2 or NT_TRANS message lie ([MS-CIFS] 2.2.4.33, 2.2.4.46, 2.2.4.62).
type layout struct {
	function uint16 // of TRANS2 and NT_TRANS, and of a TRANS to a pipe
	setup    []byte // of NT_TRANS behind the function, else all
	params   []byte
	at       int // place of params in the message
	data     int // place of the data
	length   int // of the data in this message
	missing  bool
}

// askLayout reads the words of a request.
func (b *block) askLayout(code Code) (l layout) {
	w := b.words
	if code == codeNTTrans {
		l.function, l.setup = le16(w, 36), w[min(38, len(w)):]
		l.at = int(le32(w, 23) & 0xffffff)
		l.params = part(b.p, l.at, int(le32(w, 19)&0xffffff))
		l.data, l.length = int(le32(w, 31)&0xffffff), int(le32(w, 27)&0xffffff)
		return l
	}
	l.setup = w[min(28, len(w)):]
	l.function = le16(l.setup, 0)
	l.at = int(le16(w, 20))
	l.params = part(b.p, l.at, int(le16(w, 18)))
	l.data, l.length = int(le16(w, 24)), int(le16(w, 22))
	return l
}

// answerLayout reads the words of an answer, which says too whether more of it follows.
func (b *block) answerLayout(code Code) (l layout) {
	w := b.words
	if code == codeNTTrans {
		l.params = part(b.p, int(le32(w, 15)&0xffffff), int(le32(w, 11)&0xffffff))
		l.data, l.length = int(le32(w, 27)&0xffffff), int(le32(w, 23)&0xffffff)
		l.missing = le32(w, 3) > le32(w, 11)+le32(w, 19) || le32(w, 7) > le32(w, 23)+le32(w, 31)
		return l
	}
	l.params = part(b.p, int(le16(w, 8)), int(le16(w, 6)))
	l.data, l.length = int(le16(w, 14)), int(le16(w, 12))
	l.missing = int(le16(w, 0)) > int(le16(w, 6))+int(le16(w, 10)) || int(le16(w, 2)) > l.length+int(le16(w, 16))
	return l
}

// transactNmPipe is the function of a TRANS that writes to a pipe and reads the answer ([MS-CIFS] 2.2.5.6).
const transactNmPipe = 0x26

// askTrans reads [MS-CIFS] 2.2.4.33.1. Only what goes to a pipe is looked at.
func (c *Conversation) askTrans(h *header, b *block, r *request, s *side, to told) {
	l := b.askLayout(h.code)
	if len(l.setup) < 4 {
		return
	}
	f := c.file1(h, le16(l.setup, 2), &s.chain, to)
	r.file = f.ref()
	f.Pipe = true
	if l.function != transactNmPipe {
		return
	}
	r.control, r.length = PipeTransceive, uint32(le16(b.words, 2))
	f.Controls++
	f.Transceives++
	f.BytesWritten += uint64(r.length)
	s.carry(r.file, 0, l.data, l.length)
}

// goOn1 reads a message that goes on with a TRANS to a pipe ([MS-CIFS] 2.2.4.34).
func (c *Conversation) goOn1(h *header, b *block, s *side) {
	if h.code != codeTransMore {
		return
	}
	for i := range c.tables.waiting {
		r := &c.tables.waiting[i]
		if r.smb1 && r.code == codeTrans && r.message == h.message && r.control == PipeTransceive {
			s.carry(r.file, 0, int(le16(b.words, 12)), int(le16(b.words, 10)))
			return
		}
	}
}

// The subcommands of TRANS2 that are read ([MS-CIFS] 2.2.2.2).
const (
	findFirst2       = 0x01
	findNext2        = 0x02
	queryPath        = 0x05
	setPath          = 0x06
	queryFile        = 0x07
	setFile          = 0x08
	createDirectory2 = 0x0d
)

// askTrans2 reads [MS-CIFS] 2.2.4.46.1 and 2.2.6.
func (c *Conversation) askTrans2(h *header, b *block, r *request, to told) {
	l := b.askLayout(h.code)
	r.function = l.function
	r.command = Flush
	switch l.function {
	case findFirst2: // 2.2.6.2.1
		r.command = QueryDirectory
		f := c.pathFile(h, to)
		f.Directory, f.Lists = true, 1
		f.Name, _ = b.text(f.Name, l.at+12)
		if i := bytes.LastIndexByte(f.Name, '\\'); i >= 0 {
			f.Pattern = append(f.Pattern, f.Name[i+1:]...)
			f.Name = f.Name[:i]
		}
		r.file = f.ref()
	case findNext2:
		r.command = QueryDirectory
	case queryPath, queryFile:
		r.command = QueryInfo
	case createDirectory2: // 2.2.6.14.1
		r.command, r.infoType = SetInfo, infoFile
		f := c.pathFile(h, to)
		f.Name, _ = b.text(f.Name, l.at+4)
		f.Directory, f.Disposition = true, CreateNew
		r.file = f.ref()
	case setPath: // 2.2.6.7.1
		f := c.pathFile(h, to)
		f.Name, _ = b.text(f.Name, l.at+6)
		r.askSet1(f, le16(l.params, 0), part(b.p, l.data, l.length))
	case setFile: // 2.2.6.9.1
		f := c.file(h, id1(le16(l.params, 0)), &chain{}, to)
		r.askSet1(f, le16(l.params, 2), part(b.p, l.data, l.length))
	}
}

// The information levels of SET_PATH_INFORMATION and SET_FILE_INFORMATION that are read ([MS-CIFS] 2.2.2.3.4): those
// from 1000 on pass the classes of [MS-FSCC] through ([MS-SMB] 2.2.2.3.5).
const (
	levelDisposition = 0x0102
	levelPassThrough = 1000
)

// askSet1 reads what is to be changed of a file.
func (r *request) askSet1(f *File, level uint16, value []byte) {
	r.command, r.infoType, r.level, r.file = SetInfo, infoFile, level, f.ref()
	switch {
	case level == levelDisposition:
		r.class = classDelete
	case level > levelPassThrough && level < levelPassThrough+256:
		r.class = uint8(level - levelPassThrough)
	}
	switch r.class {
	case classRename, classLink: // [MS-FSCC] 2.4.42.1
		f.rename = appendName(nil, f.rename[:0], part(value, 12, int(le32(value, 8)&0xffff)))
	case classDelete:
		r.deletes = byteAt(value, 0)&deleteWhenDone != 0
	}
}

// The subcommands of NT_TRANS that are read ([MS-CIFS] 2.2.2.2).
const (
	ntCreate        = 1
	ntControl       = 2
	ntSetSecurity   = 3
	ntNotify        = 4
	ntRename        = 5
	ntQuerySecurity = 6
)

// askNTTrans reads [MS-CIFS] 2.2.4.62.1 and 2.2.7.
func (c *Conversation) askNTTrans(h *header, b *block, r *request, to told) {
	l := b.askLayout(h.code)
	r.function = l.function
	switch w := l.params; l.function {
	case ntCreate: // 2.2.7.1.1
		r.command = Create
		f := c.newFile(h, to)
		f.Version, f.Desired, f.Attributes = 1, Access(le32(w, 8)), le32(w, 20)
		f.Disposition, f.Options = Disposition(le32(w, 28)), le32(w, 32)
		f.Directory, f.DeleteOnClose = f.Options&DirectoryFile != 0, f.Options&DeleteOnClose != 0
		f.Name, _ = b.text(f.Name, l.at+53)
		r.file = f.ref()
	case ntControl: // 2.2.7.2.1
		r.command, r.control = IOControl, Control(le32(l.setup, 0))
		f := c.file(h, id1(le16(l.setup, 4)), &chain{}, to)
		f.Controls++
		f.Control = r.control
		r.file = f.ref()
	case ntSetSecurity: // 2.2.7.3.1
		r.command, r.infoType = SetInfo, infoSecurity
		r.file = c.file(h, id1(le16(w, 0)), &chain{}, to).ref()
	case ntNotify:
		r.command = ChangeNotify
	case ntRename: // 2.2.7.5.1
		r.command, r.infoType, r.class = SetInfo, infoFile, classRename
		f := c.file(h, id1(le16(w, 0)), &chain{}, to)
		f.rename, _ = b.text(f.rename[:0], l.at+4)
		r.file = f.ref()
	case ntQuerySecurity:
		r.command = QueryInfo
	}
}
