package tds

import (
	"encoding/binary"

	"bulwark/wire"
	"bulwark/wire/ntlm"
)

// prelude reads a PRELOGIN ([MS-TDS] §2.2.6.5): a list of options, each with its place and length.
func (c *Conversation) prelude(dir wire.Dir) {
	p, l := c.preludes[dir], &c.login
	for at := 0; at+5 <= len(p) && p[at] != 0xFF; at += 5 {
		from, n := int(binary.BigEndian.Uint16(p[at+1:])), int(binary.BigEndian.Uint16(p[at+3:]))
		if from+n > len(p) {
			continue
		}
		v := p[from : from+n]
		switch {
		case p[at] == 0 && n >= 4 && dir == wire.ToServer:
			copy(l.Driver[:], v)
		case p[at] == 0 && n >= 4:
			copy(l.Engine[:], v)
		case p[at] == 1 && n >= 1 && dir == wire.ToServer:
			l.Offered = Encryption(v[0]&3) + 1
		case p[at] == 1 && n >= 1:
			l.Answered = Encryption(v[0]&3) + 1
		}
	}
	if dir == wire.ToClient && l.Answered == Unsaid {
		l.Answered = EncryptNone
	}
}

// login7 reads a LOGIN7 ([MS-TDS] §2.2.6.4): 36 bytes, the places and lengths of its texts, and the texts in UTF-16.
func (c *Conversation) login7(p []byte) {
	const fixed = 86
	l := &c.login
	if len(p) < fixed {
		return
	}
	l.Asked, l.Version = true, binary.LittleEndian.Uint32(p[4:])
	c.tokens.version = l.Version
	l.SSPI = p[25]&0x80 != 0 // fIntSecurity of OptionFlags2
	c.text = c.text[:0]
	for _, f := range [...]struct {
		at int
		to *[]byte
	}{{36, &l.Host}, {40, &l.User}, {48, &l.App}, {52, &l.Server}, {60, &l.Library}, {64, &l.Language}, {68, &l.Database}} {
		*f.to = c.hold16(p, int(binary.LittleEndian.Uint16(p[f.at:])), int(binary.LittleEndian.Uint16(p[f.at+2:])))
	}
	l.Password = binary.LittleEndian.Uint16(p[46:]) > 0
	if from, n := int(binary.LittleEndian.Uint16(p[78:])), int(binary.LittleEndian.Uint16(p[80:])); l.SSPI && from+n <= len(p) {
		l.Token = append(l.Token[:0], p[from:from+n]...)
	}
	if p[27]&0x10 != 0 { // fExtension of OptionFlags3: the place of a list of features
		c.features(p, int(binary.LittleEndian.Uint16(p[56:])))
	}
}

// features looks for FEDAUTH in the list of features whose place stands at from.
func (c *Conversation) features(p []byte, from int) {
	if from+4 > len(p) {
		return
	}
	for at := int(binary.LittleEndian.Uint32(p[from:])); at >= 0 && at+5 <= len(p) && p[at] != 0xFF; {
		if p[at] == 2 {
			c.login.FedAuth = true
		}
		at += 5 + int(binary.LittleEndian.Uint32(p[at+1:]))
	}
}

// Places in the sign-on of version 5: each text has its room, behind which stands its length.
const (
	oldHost     = 0
	oldUser     = 31
	oldPassword = 62
	oldApp      = 140
	oldServer   = 171
	oldVersion  = 458
	oldLibrary  = 462
)

// oldLogin reads the sign-on of version 5 and before, whose password stands as it is.
func (c *Conversation) oldLogin(p []byte) {
	l := &c.login
	if len(p) < oldLibrary+11 {
		return
	}
	c.text = c.text[:0]
	l.Asked, l.Version = true, binary.BigEndian.Uint32(p[oldVersion:])
	l.Host, l.User, l.App, l.Server = c.hold(room(p, oldHost, 30)), c.hold(room(p, oldUser, 30)), c.hold(room(p, oldApp, 30)), c.hold(room(p, oldServer, 30))
	c.tokens.old = true
	l.Library, l.Password = c.hold(room(p, oldLibrary, 10)), p[oldPassword+30] > 0
}

// room is a text in its room of n bytes.
func room(p []byte, at, n int) []byte { return p[at : at+min(n, int(p[at+n]))] }

// probeOld looks at the lengths of a sign-on of version 5.
func probeOld(p []byte) wire.Match {
	if len(p) < oldUser+31 {
		return wire.Unsure
	}
	for _, at := range [...]int{oldHost, oldUser} {
		n := int(p[at+30])
		if n > 30 {
			return wire.No
		}
		for i, b := range p[at : at+30] {
			if i < n && (b < ' ' || b == 0x7F) || i >= n && b != 0 {
				return wire.No
			}
		}
	}
	if p[oldUser+30] == 0 {
		return wire.No
	}
	return wire.Yes
}

// hold copies a text of the sign-on.
func (c *Conversation) hold(v []byte) []byte {
	v = v[:min(len(v), 2*maxValue)]
	start := len(c.text)
	c.text = append(c.text, v...)
	return c.text[start:len(c.text):len(c.text)]
}

// hold16 copies n units of UTF-16 that begin at a place of p, in UTF-8; nothing where they do not lie in it.
func (c *Conversation) hold16(p []byte, at, n int) []byte {
	if at+2*n > len(p) {
		return nil
	}
	start := len(c.text)
	c.text = ntlm.AppendUTF16(c.text, p[at:at+2*min(n, maxValue)])
	return c.text[start:len(c.text):len(c.text)]
}

// tellLogin tells the sign-on, once.
func (c *Conversation) tellLogin(h Handler) {
	if !c.told {
		c.told = true
		h.Login(&c.login)
	}
}
