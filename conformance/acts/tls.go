package acts

import "strings"

// hello is a ClientHello of TLS for a name (RFC 8446 section 4.1.2); version is the highest that it offers.
func hello(version int, name string) string {
	ext := be16(0) + be16(len(name)+5) + be16(len(name)+3) + "\x00" + be16(len(name)) + name +
		be16(10) + be16(4) + be16(2) + be16(29) + be16(13) + be16(4) + be16(2) + be16(0x0403)
	if version > 0x0303 {
		ext += be16(43) + be16(3) + "\x02" + be16(version)
		version = 0x0303
	}
	body := be16(version) + strings.Repeat("\x11", 32) + "\x00" + be16(8) + be16(0x1301) + be16(0xc02f) + be16(0xc013) + be16(0x002f) + "\x01\x00" + be16(len(ext)) + ext
	return handshake(0x0301, 1, body)
}

// served is a ServerHello.
func served(version int) string {
	ext := ""
	suite := 0xc02f
	switch {
	case version > 0x0303:
		ext = be16(43) + be16(2) + be16(version)
		version, suite = 0x0303, 0x1301
	case version < 0x0303:
		suite = 0x002f
	}
	return handshake(version, 2, be16(version)+strings.Repeat("\x22", 32)+"\x00"+be16(suite)+"\x00"+be16(len(ext))+ext)
}

func handshake(version int, kind byte, body string) string {
	h := string([]byte{kind, byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}) + body
	return "\x16" + be16(version) + be16(len(h)) + h
}

// tls is a connection that is encrypted by a version of TLS.
func (s *Scene) tls(from, to, name string, version int) {
	c := s.Connect(from, to, 443)
	c.Up(hello(version, name))
	c.Down(served(version) + "\x14\x03\x03\x00\x01\x01")
	sealed := "\x17\x03\x03" + be16(64) + strings.Repeat("\x7e", 64)
	c.Up("\x14\x03\x03\x00\x01\x01" + sealed)
	c.Down(sealed)
	c.Close()
}
