package rule

import (
	"strings"

	"bulwark/detect/signature/internal/field"
)

// fileSize reads [to_client|to_server,]NUMBER.
func (b *builder) fileSize(v value) error {
	if dir, rest, ok := strings.Cut(v.text, ","); ok {
		dir = strings.TrimSpace(dir)
		if dir != "to_client" && dir != "to_server" {
			return faultf(v.at, "filesize: a direction is to_client or to_server, not %q", cutWord(dir))
		}
		v = value{text: rest, at: v.at + strings.IndexByte(v.text, ',') + 1, has: true}.trimmed()
		if err := b.side(dir); err != nil {
			return err
		}
	}
	return b.integer(field.Lookup("filesize"), v)
}

// side notes that one keyword is asked of one direction.
func (b *builder) side(dir string) error {
	if b.rule.FileDir != "" && b.rule.FileDir != dir {
		return faultf(b.at, "%s: the rule asks for files of both directions at once", b.option)
	}
	b.rule.FileDir = dir
	return nil
}

// fileHash reads [!]LIST: a file with a hash in each line.
func (b *builder) fileHash(v value) error {
	w, not, err := v.unquoted()
	if err != nil {
		return err
	}
	if w.text == "" {
		return faultf(v.at, "%s needs the name of a list", b.option)
	}
	kind := strings.TrimPrefix(b.option, "file")
	d := &Dataset{Command: "isset", Name: w.text, Type: kind, Load: w.text}
	if not {
		d.Command = "isnotset"
	}
	g := b.of(field.Lookup("file." + kind))
	g.Tests = append(g.Tests, d)
	return nil
}

// filestore reads [DIRECTION[,SCOPE]].
func (b *builder) filestore(v value) error {
	if b.rule.Store != nil {
		return faultf(b.at, "filestore is given twice")
	}
	s := &FileStore{}
	if v.text != "" {
		parts := v.split(',', -1)
		switch parts[0].text {
		case "request", "to_server":
			s.Direction = "request"
		case "response", "to_client":
			s.Direction = "response"
		case "both":
			s.Direction = "both"
		default:
			return faultf(v.at, "filestore: a direction is request, response or both, not %q", cutWord(parts[0].text))
		}
		if len(parts) > 1 {
			switch parts[1].text {
			case "file":
				s.Scope = "file"
			case "tx":
				s.Scope = "tx"
			case "ssn", "flow":
				s.Scope = "ssn"
			default:
				return faultf(parts[1].at, "filestore: a scope is file, tx or ssn, not %q", cutWord(parts[1].text))
			}
		}
		if len(parts) > 2 {
			return faultf(parts[2].at, "filestore is a direction and a scope")
		}
	}
	b.rule.Store = s
	return nil
}

// frame makes a frame of a protocol what follows looks at.
func (b *builder) frame(v value) error {
	w, not, err := v.unquoted()
	if err != nil || not || w.text == "" || strings.ContainsAny(w.text, " ,") {
		return faultf(v.at, "frame: %q is no name of a frame", cutWord(v.text))
	}
	name := w.text
	if app, _, ok := strings.Cut(name, "."); ok && apps[app] != 0 && b.rule.Proto.App == "" {
		b.rule.Proto.App = app
	} else if b.rule.Proto.App != "" && !strings.HasPrefix(name, b.rule.Proto.App+".") && name != "stream" && !ok {
		name = b.rule.Proto.App + "." + name
	}
	if err := b.stick(field.Lookup("frame")); err != nil {
		return err
	}
	b.sticky.Frame = name
	return nil
}

// script names a Lua script, which this program does not run: the engine says so of the rule.
func (b *builder) script(v value) error {
	w, not, err := v.unquoted()
	if err != nil {
		return err
	}
	b.test(PacketTest{Name: "lua", Text: w.text, Not: not})
	return nil
}
