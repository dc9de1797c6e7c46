package frames

import (
	"bytes"
	"encoding/binary"

	"bulwark/wire"
)

// kinds are the protocols that have frames, by their names in rules.
var kinds = map[string]*kind{
	"dcerpc": {[]string{"pdu", "hdr", "data"}, dcerpcSize, dcerpcParts},
	"enip":   {[]string{"hdr", "data", "pdu", "cip", "enip.item"}, enipSize, enipParts},
	"tls":    {[]string{"pdu", "hdr", "data", "alert", "heartbeat", "ssl2.hdr", "ssl2.pdu"}, tlsSize, tlsParts},
	"ssh":    {[]string{"record.hdr", "record.data", "record.pdu"}, sshSize, sshParts},
	"smb": {[]string{"nbss.pdu", "nbss.hdr", "nbss.data", "smb1.pdu", "smb1.hdr", "smb1.data", "smb2.pdu", "smb2.hdr", "smb2.data",
		"smb3.pdu", "smb3.hdr", "smb3.data"}, nbssSize, nbssParts},
	"nfs": {[]string{"rpc.pdu", "rpc.hdr", "rpc.data", "rpc.creds", "nfs.pdu", "nfs.status", "nfs4.pdu", "nfs4.hdr", "nfs4.ops",
		"nfs4.status"}, rpcSize, rpcParts},
	"mqtt":   {[]string{"pdu", "header", "data"}, mqttSize, mqttParts},
	"http2":  {[]string{"hdr", "data", "pdu"}, http2Size, http2Parts},
	"smtp":   {[]string{"command_line", "data", "response_line"}, smtpSize, smtpParts},
	"ldap":   {[]string{"pdu"}, ldapSize, func(c *Cutter, p []byte, size int) { c.part("ldap.pdu", p, 0, size) }},
	"modbus": {[]string{"pdu"}, modbusSize, func(c *Cutter, p []byte, size int) { c.part("modbus.pdu", p, 0, size) }},
	"sip":    {names: []string{"pdu", "request.line", "response.line", "request.headers", "response.headers", "request.body", "response.body"}},
	"dns":    {names: []string{"pdu"}}, "http1": {names: []string{"request", "response"}}, "websocket": {names: []string{"pdu", "header", "data"}},
	"telnet": {[]string{"pdu", "ctl", "data"}, telnetSize, telnetParts},
}

// dcerpcSize reads the header of DCE/RPC over a connection (C706 §12.6.3.1), or that of a datagram (§12.5.1).
func dcerpcSize(c *Cutter, p []byte) int {
	switch {
	case !c.stream:
		return len(p)
	case len(p) < 16:
		return 0
	case p[0] != 5:
		return -1
	case p[4]&0x10 != 0:
		return atLeast(int(binary.LittleEndian.Uint16(p[8:])), 16)
	}
	return atLeast(int(binary.BigEndian.Uint16(p[8:])), 16)
}

// atLeast is n, or -1 where that is less than a header is long.
func atLeast(n, least int) int {
	if n < least {
		return -1
	}
	return n
}

func dcerpcParts(c *Cutter, p []byte, size int) {
	head := 16
	if !c.stream {
		head = 80
	}
	c.whole([3]string{"dcerpc.pdu", "dcerpc.hdr", "dcerpc.data"}, p, head, size)
}

// tlsSize reads the header of a record of TLS (RFC 8446 §5.1) or of SSL 2, of which only the hello is read.
func tlsSize(_ *Cutter, p []byte) int {
	switch {
	case len(p) < 5:
		return 0
	case p[0]&0x80 != 0:
		return 2 + int(binary.BigEndian.Uint16(p)&0x7fff)
	case p[0] < 20 || p[0] > 24 || p[1] != 3:
		return -1
	}
	return 5 + int(binary.BigEndian.Uint16(p[3:]))
}

func tlsParts(c *Cutter, p []byte, size int) {
	if p[0]&0x80 != 0 {
		c.part("tls.ssl2.pdu", p, 0, size)
		c.part("tls.ssl2.hdr", p, 0, 2)
		return
	}
	c.whole([3]string{"tls.pdu", "tls.hdr", "tls.data"}, p, 5, size)
	switch p[0] {
	case 21:
		c.part("tls.alert", p, 5, size)
	case 24:
		c.part("tls.heartbeat", p, 5, size)
	}
}

const newKeys = 21 // RFC 4253 §7.3: what follows is encrypted

// sshSize finds the line that a side begins with, then its packets up to the keys (RFC 4253 §4.2, §6).
func sshSize(c *Cutter, p []byte) int {
	s := &c.sides[c.dir]
	switch {
	case s.id == 1 && bytes.HasPrefix(p, []byte("SSH-")):
		return bytes.IndexByte(p, '\n') + 1
	case len(p) < 6:
		return 0
	}
	n := binary.BigEndian.Uint32(p)
	if n < 2 || n > 1<<20 {
		return -1
	}
	return 4 + int(n)
}

func sshParts(c *Cutter, p []byte, size int) {
	if s := &c.sides[c.dir]; s.id == 1 && bytes.HasPrefix(p, []byte("SSH-")) {
		return
	}
	c.whole([3]string{"ssh.record.pdu", "ssh.record.hdr", "ssh.record.data"}, p, 6, size)
	if len(p) > 5 && p[5] == newKeys {
		c.sides[c.dir].lost = true
	}
}

// mqttSize reads the fixed header of a packet (MQTT 5.0 §2.1).
func mqttSize(_ *Cutter, p []byte) int {
	n, head := mqttLength(p)
	switch {
	case head < 0:
		return -1
	case head == 0:
		return 0
	}
	return n + head
}

// mqttLength is the remaining length and how long the header is; 0 where it has not come, negative where it is none.
func mqttLength(p []byte) (n, head int) {
	for i := 1; i < 5; i++ {
		if i >= len(p) {
			return 0, 0
		}
		if n |= int(p[i]&0x7f) << (7 * (i - 1)); p[i]&0x80 == 0 {
			return n, i + 1
		}
	}
	return 0, -1
}

func mqttParts(c *Cutter, p []byte, size int) {
	_, head := mqttLength(p)
	c.whole([3]string{"mqtt.pdu", "mqtt.header", "mqtt.data"}, p, head, size)
}

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" // RFC 9113 §3.4

// http2Size reads the header of a frame (RFC 9113 §4.1).
func http2Size(c *Cutter, p []byte) int {
	n := min(len(p), len(preface))
	switch {
	case c.dir == wire.ToServer && string(p[:n]) == preface[:n]:
		if n < len(preface) {
			return 0
		}
		return n
	case len(p) < 9:
		return 0
	}
	return 9 + int(p[0])<<16 + int(p[1])<<8 + int(p[2])
}

func http2Parts(c *Cutter, p []byte, size int) {
	if !bytes.HasPrefix(p, []byte(preface)) {
		c.whole([3]string{"http2.pdu", "http2.hdr", "http2.data"}, p, 9, size)
	}
}

// ldapSize reads the beginning of a message (RFC 4511 §5.1: BER, lengths in their definite form).
func ldapSize(_ *Cutter, p []byte) int {
	switch {
	case len(p) < 2:
		return 0
	case p[0] != 0x30:
		return -1
	case p[1] < 0x80:
		return 2 + int(p[1])
	}
	count, n := int(p[1]&0x7f), 0
	if count == 0 || count > 4 {
		return -1
	}
	if len(p) < 2+count {
		return 0
	}
	for _, b := range p[2 : 2+count] {
		n = n<<8 | int(b)
	}
	return 2 + count + n
}

// modbusSize reads the header of a message (MODBUS Messaging on TCP/IP §3.1.3).
func modbusSize(_ *Cutter, p []byte) int {
	if len(p) < 6 {
		return 0
	}
	return atLeast(6+int(binary.BigEndian.Uint16(p[4:])), 7)
}
