package nfs

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"bulwark/wire"
	"bulwark/wire/wiretest"
)

// log writes records down, one line each.
type log struct{ lines []string }

func (l *log) Record(r Record) {
	switch r := r.(type) {
	case *Call:
		l.lines = append(l.lines, said(r))
	case *File:
		line := fmt.Sprintf("file %s %q in %q: %d bytes in %d of %d", r.Dir, r.Name, r.Folder, r.Bytes, r.Chunks, r.Size)
		if r.Last {
			line += " last"
		}
		l.lines = append(l.lines, line)
	}
}

func said(v *Call) string {
	line := fmt.Sprintf("%s %d %s", ProgramName(v.Program), v.Version, ProcedureName(v.Program, v.Version, v.Procedure))
	for name, text := range map[string][]byte{"": v.Name} {
		if len(text) > 0 {
			line += fmt.Sprintf("%s %q", name, text)
		}
	}
	if len(v.Folder) > 0 {
		line += fmt.Sprintf(" in %q", v.Folder)
	}
	if len(v.NewName) > 0 {
		line += fmt.Sprintf(" to %q", v.NewName)
	}
	if len(v.Path) > 0 {
		line += fmt.Sprintf(" path=%s", v.Path)
	}
	if v.Target != 0 {
		line += fmt.Sprintf(" target=%s:%d", ProgramName(v.Target), v.Port)
	}
	if v.Who.Flavor == AuthSys {
		line += fmt.Sprintf(" by %d/%d@%s", v.Who.UID, v.Who.GID, v.Who.Machine)
	}
	if len(v.Software)+len(v.ServerSoftware) > 0 {
		line += fmt.Sprintf(" %q with %q", v.Software, v.ServerSoftware)
	}
	switch {
	case v.Denied:
		line += fmt.Sprintf(" denied %d", v.Auth)
	case !v.Answered:
		line += " unanswered"
	case v.Accept != 0:
		line += fmt.Sprintf(" not done %d", v.Accept)
	default:
		line += " " + StatusName(v.Status)
	}
	return line
}

// full writes calls and content down too.
type full struct {
	log
	carried map[*File]*carried
}

type carried struct {
	sum uint64
	n   int
}

func (l *full) Call(v *Call) { l.lines = append(l.lines, said(v)) }

func (l *full) Content(p *Piece) {
	if l.carried == nil {
		l.carried = map[*File]*carried{}
	}
	c := l.carried[p.File]
	if c == nil || p.File.Mark == 0 {
		c = new(carried)
		l.carried[p.File] = c
		p.File.Mark = 1
	}
	for i, b := range p.Bytes {
		c.sum += (p.Offset + uint64(i) + 1) * uint64(b+1)
	}
	c.n += len(p.Bytes)
}

func (l *full) Record(r Record) {
	l.log.Record(r)
	if f, ok := r.(*File); ok {
		if c := l.carried[f]; c != nil && f.Mark == 1 {
			l.lines[len(l.lines)-1] += fmt.Sprintf(" carried=%d %x", c.n, c.sum)
		}
	}
}

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	l := new(full)
	return new(Conversation), l, func() string { return strings.Join(l.lines, "\n") }
}

// xdrs joins numbers, texts and bytes as they are sent. int is four bytes, uint64 eight; string has its length before it.
func xdrs(parts ...any) (p []byte) {
	for _, part := range parts {
		switch v := part.(type) {
		case int:
			p = binary.BigEndian.AppendUint32(p, uint32(v))
		case uint64:
			p = binary.BigEndian.AppendUint64(p, v)
		case string:
			p = binary.BigEndian.AppendUint32(p, uint32(len(v)))
			p = append(p, v...)
			p = append(p, make([]byte, -len(v)&3)...)
		case []byte:
			p = append(p, v...)
		}
	}
	return p
}

func mark(p []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, lastMark|uint32(len(p))), p...)
}

// ask is a call by user 1000 of group 100 at ct1.
func ask(xid, program, version, procedure int, args ...any) []byte {
	cred := xdrs(7, "ct1", 1000, 100, 0)
	return xdrs(xid, call, 2, program, version, procedure, int(AuthSys), string(cred), 0, 0, xdrs(args...))
}

// answer is what was carried out.
func answer(xid int, results ...any) []byte { return xdrs(xid, reply, 0, 0, 0, 0, xdrs(results...)) }

func client(p ...[]byte) wiretest.Chunk {
	return wiretest.Chunk{Dir: wire.ToServer, Bytes: marked(p)}
}

func server(p ...[]byte) wiretest.Chunk {
	return wiretest.Chunk{Dir: wire.ToClient, Bytes: marked(p)}
}

func marked(list [][]byte) (all []byte) {
	for _, p := range list {
		all = append(all, mark(p)...)
	}
	return all
}

// attributes are those of a file in version 3 of a size, behind the word that they are there.
func attributes(size int) []byte {
	return xdrs(1, make([]byte, 20), uint64(size), make([]byte, attr3-28))
}

func handle2(c byte) []byte { return slices.Repeat([]byte{c}, size2) }
