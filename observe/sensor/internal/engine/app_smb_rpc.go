package engine

import (
	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/dcerpc"
	"bulwark/wire/smb"
)

// smbPipe reads the remote procedure calls in an open pipe of SMB.
type smbPipe struct {
	conv  dcerpc.Conversation
	app   *smbApp
	sides [2]pipeSide
	name  []byte
	eve   bool // EVE follows pipes of this name
	// What carried the last request, and what became of it.
	command       smb.Command
	code          smb.Code
	version       uint8
	session, tree uint64
	status        smb.Status
	answered      bool
	dialect       *smb.Negotiation
	file          *smb.File // until it is closed
}

// pipeSide is one direction: what is not decoded yet, and whether a message goes on.
type pipeSide struct {
	pending    []byte
	need, skip int
	open       bool
}

// take takes a piece of what is written to or read from the pipe.
func (x *smbPipe) take(p *smb.Piece) {
	s := &x.sides[p.Dir]
	if p.Lost > 0 || p.First && s.open {
		_ = x.conv.Gap(p.Dir, p.Lost+len(s.pending)) // it goes on at the next message
		s.pending, s.need, s.skip = s.pending[:0], 0, 0
	}
	if p.First {
		x.carrier(p)
	}
	s.open = !p.Last
	x.feed(p.Dir, p.Bytes)
}

// openPipe looks whether a file's first bytes are remote procedure calls, and has a place for them then.
func (a *smbApp) openPipe(p *smb.Piece) uint32 {
	if !p.File.Pipe && p.File.Tree != nil || !p.First || !p.File.Pipe && len(p.Bytes) < 16 {
		return markNone
	}
	if m, _ := dcerpc.Probe(p.Bytes); m == wire.No {
		return markNone
	}
	i := len(a.pipes)
	for n, x := range a.pipes {
		if x.app == nil {
			i = n
			break
		}
	}
	if i == len(a.pipes) {
		x := a.w.pipes.Fresh()
		x.conv.Pool = &a.w.rpc
		x.conv.Stubs = a.w.wanted(event.KindDCERPC)
		a.pipes = append(a.pipes, x)
	}
	x := a.pipes[i]
	x.app, x.file, x.name = a, p.File, append(x.name[:0], p.File.Name...)
	x.eve = p.File.Unnamed || eveFollows(x.name)
	return markPipe | uint32(i)
}

// eveFollows says whether Suricata reads the calls in a pipe: it goes by the name.
func eveFollows(name []byte) bool {
	if len(name) > 0 && name[0] == '\\' {
		name = name[1:]
	}
	switch string(name) {
	case "svcctl", "srvsvc", "atsvc", "lsarpc", "samr", "spoolss", "winreg":
		return true
	}
	return false
}

// carrier notes what carries a piece: of a request the command, of an answer its status.
func (x *smbPipe) carrier(p *smb.Piece) {
	m := p.Message
	if p.Dir == wire.ToServer {
		x.command, x.code, x.version = m.Command, m.Code, m.Version
		x.session, x.tree = m.SessionID|uint64(m.Process)<<16, uint64(m.TreeID)
		x.answered = false
	} else {
		x.status, x.answered = m.Status, true
	}
	x.dialect = m.Negotiation
}

// feed hands bytes to the decoder, and keeps what it is not done with.
func (x *smbPipe) feed(dir wire.Dir, p []byte) {
	s := &x.sides[dir]
	n := min(s.skip, len(p))
	s.skip -= n
	p = p[n:]
	if len(s.pending) > 0 {
		s.pending = append(s.pending, p...)
		p = s.pending
	}
	if len(p) == 0 || len(p) < s.need {
		s.keep(p)
		return
	}
	done, need, err := x.conv.Decode(dir, p, x)
	s.need = need
	if err != nil || done >= len(p) {
		s.skip, s.pending = max(0, done-len(p)), s.pending[:0]
		return
	}
	s.keep(p[done:])
}

// keep keeps p, which may be the end of what is kept already.
func (s *pipeSide) keep(p []byte) {
	if len(p) > wire.MaxPending {
		p, s.need = nil, 0
	}
	s.pending = append(s.pending[:0], p...)
}

// Record takes what the calls tell.
func (x *smbPipe) Record(r dcerpc.Record) {
	w, f := x.app.w, x.app.f
	switch r := r.(type) {
	case *dcerpc.SignOn:
		w.rpcSignOn(f, r, "dcerpc")
		return
	case *dcerpc.Side:
		x.show(w, f, r)
		return
	case *dcerpc.Message:
		if !w.opt.EVE || !x.eve {
			return
		}
	}
	e, t := &w.out.rpc, texts{buf: w.out.text[:0]}
	t.rpc(w, e, r)
	e.NamedPipe = t.masked(w, x.name)
	if s := x.file.Session; s != nil && e.User == "" {
		e.User, e.Domain, e.Host = event.View(s.User), either(event.View(s.Domain), event.View(s.Realm)), event.View(s.Workstation)
	}
	if x.eve {
		x.carried(e)
	}
	w.out.text = t.buf
	w.emit(f, e)
	w.rpcRoles(f, e)
}

// show shows one side of a call in the pipe.
func (x *smbPipe) show(w *Worker, f *flow, r *dcerpc.Side) {
	w.showCall(f, r, func(t *texts, e *event.DCERPC) {
		e.NamedPipe = t.masked(w, x.name)
		if x.eve {
			told := x.app.told
			x.carried(e)
			x.app.told = told
		}
	})
}

// carried fills in the messages of SMB that carry a call.
func (x *smbPipe) carried(e *event.DCERPC) {
	e.Command, e.SessionID, e.TreeID = x.command.String(), x.session, x.tree
	if x.version == 1 {
		e.Command = x.code.String()
	}
	if x.dialect != nil && x.dialect.Dialect != 0 {
		e.Dialect = x.dialect.DialectName()
	}
	if x.answered && e.Response != "" {
		e.Status, e.StatusCode = x.status.String(), uint64(x.status)+1
	}
	if x.app.w.opt.EVE {
		x.app.told++
		e.TxID = x.app.told
	}
}

// closePipe ends the calls in a pipe that is closed.
func (a *smbApp) closePipe(f *smb.File) {
	if f.Mark&^markPlace != markPipe {
		return
	}
	x := a.pipes[f.Mark&markPlace]
	x.conv.Close(x)
	x.reset()
}

// reset makes x ready for another pipe; it keeps its buffers unless they are long.
func (x *smbPipe) reset() {
	x.conv.Reset()
	*x = smbPipe{conv: x.conv, name: x.name[:0], sides: [2]pipeSide{{pending: x.sides[0].pending[:0]}, {pending: x.sides[1].pending[:0]}}}
	for i := range x.sides {
		if cap(x.sides[i].pending) > 4096 {
			x.sides[i].pending = nil
		}
	}
}

// resetPipes forgets all pipes, and keeps a few places.
func (a *smbApp) resetPipes() {
	const few = 4
	if len(a.pipes) > few {
		clear(a.pipes[few:])
		a.pipes = a.pipes[:few]
	}
	for _, x := range a.pipes {
		x.reset()
	}
}
