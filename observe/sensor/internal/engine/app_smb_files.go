package engine

import (
	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/smb"
)

// smbContent is what is read from and written to an open file.
type smbContent struct {
	sides [2]ordered // by direction
	used  bool
}

// Marks of files: what they hold was looked at. The rest of a mark is a place among the pipes or the contents.
const (
	markPipe uint32 = (iota + 1) << 24 // remote procedure calls
	markFile
	markNone            // neither
	markReadLate        // neither, and a READ was answered later, in a message that does not name its tree: Suricata takes it for a file
	markPlace    uint32 = 1<<24 - 1
)

// Content takes what is read from and written to files and pipes.
func (a *smbApp) Content(p *smb.Piece) {
	f := p.File
	if f.Mark == 0 {
		f.Mark = a.look(p)
	}
	switch f.Mark &^ markPlace {
	case markPipe:
		a.pipes[f.Mark&markPlace].take(p)
	case markFile:
		a.contents[f.Mark&markPlace].take(a, p)
	case markNone:
		if p.First && p.Message.Async && p.Message.Command == smb.Read {
			f.Mark = markReadLate
		}
	}
}

// look tells by a file's first bytes what it holds.
func (a *smbApp) look(p *smb.Piece) uint32 {
	if mark := a.openPipe(p); mark != markNone {
		return mark
	}
	if p.File.Pipe || p.File.Directory {
		return markNone
	}
	i := len(a.contents)
	for n, x := range a.contents {
		if !x.used {
			i = n
			break
		}
	}
	if i == len(a.contents) {
		a.contents = append(a.contents, a.w.contents.Fresh())
	}
	a.contents[i].used = true
	return markFile | uint32(i)
}

// take takes a piece of a file.
func (x *smbContent) take(a *smbApp, p *smb.Piece) {
	c := &x.sides[p.Dir]
	if !c.isOpen() {
		about := fileFacts{App: "smb", Name: p.File.Name}
		if p.Dir == wire.ToClient && !a.w.opt.EVE { // who reads a part of a file has not read it; Suricata does not ask
			about.Size = p.File.Size
		}
		c.open(a.w, a.f, p.Dir, about)
	}
	c.write(p.Offset, p.Bytes, p.Early || p.Dir == wire.ToServer)
}

// closeContent tells of what went in a direction through a file that ends.
func (a *smbApp) closeContent(r *smb.File, dir wire.Dir) {
	if r.Mark&^markPlace != markFile {
		return
	}
	a.contents[r.Mark&markPlace].sides[dir].close(a.told, r.Closed)
}

// done gives back the place of a file's content.
func (a *smbApp) done(r *smb.File) {
	if r.Mark&^markPlace == markFile {
		x := a.contents[r.Mark&markPlace]
		x.sides[0].reset()
		x.sides[1].reset()
		x.used = false
	}
}

// resetContents forgets all contents, and keeps a few places.
func (a *smbApp) resetContents() {
	for _, x := range a.contents {
		x.sides[0].reset()
		x.sides[1].reset()
		x.used = false
	}
	const few = 4
	if len(a.contents) > few {
		clear(a.contents[few:])
		a.contents = a.contents[:few]
	}
}

// content tells of what was read from or written to a file, as EVE does.
func (a *smbTransactions) content(r *smb.File, command smb.Command, old string) {
	e := &a.w.out.smb
	t := texts{buf: a.w.out.text[:0]}
	*e = event.SMB{Services: e.Services[:0], Dialects: e.Dialects[:0], Command: command.String(), SessionID: r.SessionID,
		TreeID: uint64(r.TreeID), Status: smb.Status(0).String(), StatusCode: 1, Size: max(r.Size, r.EndSize)}
	if r.Version == 1 { // whose status EVE does not follow
		e.Command, e.Status, e.StatusCode = old, "", 0
	}
	if r.Session != nil && r.Session.Negotiation != nil && r.Session.Negotiation.Dialect != 0 {
		e.Dialect = r.Session.Negotiation.DialectName()
	}
	e.File, e.FileID = t.masked(a.w, r.Name), t.fileID(r)
	if r.Tree != nil {
		e.Tree = event.View(r.Tree.Path)
	}
	a.number(e)
	a.w.out.text = t.buf
	a.w.emit(a.f, e)
}
