package rdp

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"

	"bulwark/wire"
)

// Client is what a client says of itself ([MS-RDPBCGR] §2.2.1.3.2 and §2.2.1.3.4). A number that was not sent is 0.
type Client struct {
	Version       uint32 // 0x00080004 for 5.0 to 8.1, 0x00080005 for 10.0...
	Width, Height uint16 // of the desktop
	Depth         int    // bits of colour
	Keyboard      uint32 // input locale, [MS-LCID]
	Build         uint32 // of Windows
	Name          []byte // of the client's computer

	KeyboardType, KeyboardSubtype, FunctionKeys uint32
	IME                                         []byte
	HasProduct                                  bool
	Product                                     uint16
	Serial                                      uint32
	Capabilities                                uint16 // early capability flags
	ID                                          []byte // clientDigProductId
	ConnectionType                              uint8
	PhysicalWidth, PhysicalHeight               uint32 // in millimetres
	HasOrientation                              bool
	Orientation                                 uint16
	Scale, DeviceScale                          uint32 // percent

	Channels [][]byte // names of the static virtual channels, at most 31
}

// Server is what a server answers ([MS-RDPBCGR] §2.2.1.4).
type Server struct {
	Version    uint32
	Encryption uint32 // method: 1 40 bits, 2 128 bits, 8 56 bits, 16 FIPS; 0 none
	Level      uint32 // 0 none, 1 low, 2 client compatible, 3 high, 4 FIPS
}

const (
	maxText     = 256
	maxArena    = 4 << 10
	maxChannels = 31
)

func (c *Conversation) keep(v []byte) []byte {
	v = v[:min(len(v), maxText, maxArena-len(c.arena))]
	start := len(c.arena)
	c.arena = append(c.arena, v...)
	return c.arena[start:len(c.arena):len(c.arena)]
}

// wide keeps a text in UTF-16, little endian, up to a zero.
func (c *Conversation) wide(p []byte) []byte {
	start := len(c.arena)
	for ; len(p) >= 2 && len(c.arena) < maxArena; p = p[2:] {
		r := rune(binary.LittleEndian.Uint16(p))
		if r == 0 {
			break
		}
		if utf16.IsSurrogate(r) {
			r = utf8.RuneError
		}
		c.arena = utf8.AppendRune(c.arena, r)
	}
	return c.arena[start:len(c.arena):len(c.arena)]
}

// data reads an MCS connect PDU (T.125 §11.1, §11.2), which holds conference data behind a key of the standard's (T.124 §8.7).
// What follows it is of no interest.
func (c *Conversation) data(dir wire.Dir, p []byte, h Handler) error {
	if len(p) < 2 || p[0] != 0x7F || p[1] != 0x65+byte(dir) {
		return nil
	}
	key, step := "Duca", Connects
	if dir == wire.ToClient {
		key, step = "McDn", Connected
	}
	i := bytes.Index(p, []byte(key))
	if i < 0 {
		return ErrPacket
	}
	blocks := perLength(p[i+4:])
	for len(blocks) >= 4 {
		kind, n := binary.LittleEndian.Uint16(blocks), int(binary.LittleEndian.Uint16(blocks[2:]))
		if n < 4 || n > len(blocks) {
			break
		}
		c.block(kind, blocks[4:n])
		blocks = blocks[n:]
	}
	c.sides[dir].ended = true
	h.Step(step, &c.session)
	return nil
}

// perLength passes over a length determinant (X.691 §10.9).
func perLength(p []byte) []byte {
	switch {
	case len(p) >= 2 && p[0]&0x80 != 0:
		return p[2:]
	case len(p) >= 1:
		return p[1:]
	}
	return nil
}

func (c *Conversation) block(kind uint16, p []byte) {
	switch kind {
	case 0xC001:
		c.clientCore(p)
	case 0xC003:
		c.clientNetwork(p)
	case 0x0C01:
		r := reader{p: p}
		c.session.Server.Version = r.u32()
	case 0x0C02:
		r := reader{p: p}
		c.session.Server.Encryption, c.session.Server.Level = r.u32(), r.u32()
	}
}

// clientCore reads TS_UD_CS_CORE. Its fields may end anywhere behind the first ones.
func (c *Conversation) clientCore(p []byte) {
	k := &c.session.Client
	*k = Client{Channels: k.Channels[:0]}
	r := reader{p: p}
	k.Version, k.Width, k.Height = r.u32(), r.u16(), r.u16()
	old := r.u16()
	r.u16() // SAS sequence
	k.Keyboard, k.Build, k.Name = r.u32(), r.u32(), c.wide(r.take(32))
	k.KeyboardType, k.KeyboardSubtype, k.FunctionKeys, k.IME = r.u32(), r.u32(), r.u32(), c.wide(r.take(64))
	beta := r.u16()
	k.HasProduct = len(r.p) >= 2
	k.Product, k.Serial = r.u16(), r.u32()
	high := r.u16()
	r.u16() // supported colour depths
	k.Capabilities, k.ID, k.ConnectionType = r.u16(), c.wide(r.take(64)), r.u8()
	r.u8()
	r.u32() // selected protocol
	k.PhysicalWidth, k.PhysicalHeight = r.u32(), r.u32()
	k.HasOrientation = len(r.p) >= 2
	k.Orientation, k.Scale, k.DeviceScale = r.u16(), r.u32(), r.u32()
	k.Depth = depth(old, beta, high)
}

// depth is the colour depth, of which the last field that is set counts.
func depth(old, beta, high uint16) int {
	switch high {
	case 4, 8, 15, 16, 24:
		return int(high)
	}
	for _, v := range [...]uint16{beta, old} {
		switch v {
		case 0xCA00:
			return 4
		case 0xCA01:
			return 8
		case 0xCA02:
			return 15
		case 0xCA03:
			return 16
		case 0xCA04:
			return 24
		}
	}
	return 0
}

// clientNetwork reads TS_UD_CS_NET: of each channel eight bytes of name and four of options.
func (c *Conversation) clientNetwork(p []byte) {
	k := &c.session.Client
	k.Channels = k.Channels[:0]
	r := reader{p: p}
	for n := r.u32(); n > 0 && len(r.p) >= 12 && len(k.Channels) < maxChannels; n-- {
		name, _, _ := bytes.Cut(r.take(8), []byte{0})
		r.u32()
		k.Channels = append(k.Channels, c.keep(name))
	}
}

// reader reads numbers in little endian; behind the end they are 0.
type reader struct{ p []byte }

func (r *reader) take(n int) []byte {
	n = min(n, len(r.p))
	v := r.p[:n]
	r.p = r.p[n:]
	return v
}

func (r *reader) u8() uint8 {
	if v := r.take(1); len(v) == 1 {
		return v[0]
	}
	return 0
}

func (r *reader) u16() uint16 {
	if v := r.take(2); len(v) == 2 {
		return binary.LittleEndian.Uint16(v)
	}
	return 0
}

func (r *reader) u32() uint32 {
	if v := r.take(4); len(v) == 4 {
		return binary.LittleEndian.Uint32(v)
	}
	return 0
}
