package acts

import (
	"encoding/binary"
	"strings"
)

// share is a session of SMB 2.1 with a server ([MS-SMB2]).
type share struct {
	c       *Conn
	message uint64
	session uint64
	tree    uint32
	file    byte // number of the file that was opened last
}

// Numbers of commands and states.
const (
	smbNegotiate = iota
	smbSessionSetup
	smbLogoff
	smbTreeConnect
	smbTreeDisconnect
	smbCreate
	smbClose
	smbFlush
	smbRead
	smbWrite
	smbLock
	smbIoctl
	smbSetInfo = 0x11

	moreProcessing = 0xc0000016
	logonFailure   = 0xc000006d
)

func le16(v int) string    { return string(binary.LittleEndian.AppendUint16(nil, uint16(v))) }
func le32(v uint32) string { return string(binary.LittleEndian.AppendUint32(nil, v)) }
func le64(v uint64) string { return string(binary.LittleEndian.AppendUint64(nil, v)) }
func zero(n int) string    { return strings.Repeat("\x00", n) }

// wide is a text in UTF-16.
func wide(s string) string {
	var b strings.Builder
	for _, c := range s {
		b.WriteString(le16(int(c)))
	}
	return b.String()
}

// say sends a message; body begins with its StructureSize.
func (x *share) say(dir, command int, status uint32, body string) {
	flags := uint32(0)
	if dir == down {
		flags = 1
	}
	head := "\xfeSMB" + le16(64) + le16(1) + le32(status) + le16(command) + le16(1) + le32(flags) + le32(0) + le64(x.message) + le32(0xfeff) + le32(x.tree) +
		le64(x.session) + zero(16)
	size := len(head) + len(body)
	x.c.Say(dir, []byte(string([]byte{0, byte(size >> 16), byte(size >> 8), byte(size)})+head+body))
}

// exchange is a request with its response.
func (x *share) exchange(command int, status uint32, request, response string) {
	x.message++
	x.say(up, command, 0, request)
	x.say(down, command, status, response)
}

// ntlm is a message of NTLMSSP of type 1, or of type 3 for a user ([MS-NLMP] section 2.2.1).
func ntlm(kind uint32, user string) string {
	if kind == 1 {
		return "NTLMSSP\x00" + le32(1) + le32(0xe2088297) + zero(16) + "\x0a\x00\x61\x4a\x00\x00\x00\x0f"
	}
	const payload = 72
	fields, data := "", ""
	for _, v := range []string{zero(24), zero(24), wide("HOSPITAL"), wide(user), wide("WARD3"), zero(16)} {
		fields += le16(len(v)) + le16(len(v)) + le32(uint32(payload+len(data)))
		data += v
	}
	return "NTLMSSP\x00" + le32(3) + fields + le32(0xe2888215) + "\x0a\x00\x61\x4a\x00\x00\x00\x0f" + data
}

func setup(token string) string {
	return le16(25) + "\x00\x01" + le32(1) + le32(0) + le16(88) + le16(len(token)) + le64(0) + token
}

func setUp(token string) string { return le16(9) + le16(0) + le16(72) + le16(len(token)) + token }

// smb signs in to a server; status is what comes of it.
func (s *Scene) smb(from, to, user string, status uint32) *share {
	x := &share{c: s.Connect(from, to, 445)}
	x.exchange(smbNegotiate, 0, le16(36)+le16(1)+le16(1)+le16(0)+le32(0)+zero(16)+le64(0)+le16(0x0210),
		le16(65)+le16(1)+le16(0x0210)+le16(0)+zero(16)+le32(7)+le32(1<<20)+le32(1<<20)+le32(1<<20)+le64(0)+le64(0)+le16(128)+le16(0)+le32(0))
	x.session = 0x4100000000001
	x.exchange(smbSessionSetup, moreProcessing, setup(ntlm(1, "")), setUp("NTLMSSP\x00"+le32(2)+le16(0)+le16(0)+le32(56)+le32(0xe2898215)+"\x01\x23\x45\x67\x89\xab\xcd\xef"+zero(8)+le16(0)+le16(0)+le32(56)+zero(8)))
	x.exchange(smbSessionSetup, status, setup(ntlm(3, user)), setUp(""))
	return x
}

// connect opens a share.
func (x *share) connect(path string) {
	p := wide(path)
	kind := byte(1)
	if strings.HasSuffix(path, "IPC$") {
		kind = 2
	}
	x.message++
	x.say(up, smbTreeConnect, 0, le16(9)+le16(0)+le16(72)+le16(len(p))+p)
	x.tree++
	x.say(down, smbTreeConnect, 0, le16(16)+string([]byte{kind, 0})+le32(0)+le32(0)+le32(0x1f01ff))
}

func (x *share) id() string { return zero(8) + string([]byte{x.file}) + zero(7) }

// open opens a file or a pipe. disposition 1: it is there; 5: it is made, or what it held is overwritten.
func (x *share) open(name string, disposition uint32) {
	p := wide(name)
	x.file++
	x.exchange(smbCreate, 0, le16(57)+"\x00\x00"+le32(2)+zero(16)+le32(0x12019f)+le32(0x80)+le32(7)+le32(disposition)+le32(0x40)+le16(120)+le16(len(p))+le32(0)+le32(0)+p,
		le16(89)+"\x00\x00"+le32(disposition)+zero(32)+le64(0)+le64(0)+le32(0x80)+le32(0)+x.id()+le32(0)+le32(0))
}

// write writes to what is open.
func (x *share) write(data string) {
	for at := 0; at < len(data); at += 32 << 10 {
		p := data[at:min(len(data), at+32<<10)]
		x.exchange(smbWrite, 0, le16(49)+le16(112)+le32(uint32(len(p)))+le64(uint64(at))+x.id()+zero(16)+p, le16(17)+le16(0)+le32(uint32(len(p)))+zero(8))
	}
}

// read reads data from what is open.
func (x *share) read(data string) {
	x.exchange(smbRead, 0, le16(49)+"\x50\x00"+le32(uint32(len(data)))+le64(0)+x.id()+zero(16)+"\x00", le16(17)+"\x50\x00"+le32(uint32(len(data)))+zero(8)+data)
}

// close closes what is open.
func (x *share) close() {
	x.exchange(smbClose, 0, le16(24)+le16(0)+le32(0)+x.id(), le16(60)+le16(0)+le32(0)+zero(52))
}

// rename names what is open anew.
func (x *share) rename(name string) {
	p := wide(name)
	b := "\x01" + zero(15) + le32(uint32(len(p))) + p
	x.exchange(smbSetInfo, 0, le16(33)+"\x01\x0a"+le32(uint32(len(b)))+le16(96)+le16(0)+le32(0)+x.id()+b, le16(2))
}

// put writes a whole file.
func (x *share) put(name, data string) {
	x.open(name, 5)
	x.write(data)
	x.close()
}

// take reads a whole file.
func (x *share) take(name, data string) {
	x.open(name, 1)
	x.read(data)
	x.close()
}

// bytesOf is a UUID as it crosses the wire (C706 appendix A).
func bytesOf(uuid string) string {
	var b []byte
	for i := 0; i+1 < len(uuid); {
		if uuid[i] == '-' {
			i++
			continue
		}
		b = append(b, hexOf(uuid[i])<<4|hexOf(uuid[i+1]))
		i += 2
	}
	return string([]byte{b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6]}) + string(b[8:])
}

func hexOf(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c - 'a' + 10
}

// dcePDU is one of DCE/RPC (C706 section 12.6); auth is the verifier at its end.
func dcePDU(kind byte, call uint32, body, auth string) string {
	if auth != "" {
		body += "\x0a\x05\x00\x00" + le32(0) // NTLM, each packet signed
	}
	size := 16 + len(body) + len(auth)
	return string([]byte{5, 0, kind, 3}) + le32(0x10) + le16(size) + le16(len(auth)) + le32(call) + body + auth
}

func dceBind(uuid string, version uint32, auth string) string {
	const ndr = "8a885d04-1ceb-11c9-9fe8-08002b104860"
	return dcePDU(11, 1, le16(4280)+le16(4280)+le32(0)+"\x01\x00\x00\x00"+le16(0)+"\x01\x00"+bytesOf(uuid)+le32(version)+bytesOf(ndr)+le32(2), auth)
}

func dceBound() string {
	const ndr = "8a885d04-1ceb-11c9-9fe8-08002b104860"
	return dcePDU(12, 1, le16(4280)+le16(4280)+le32(1)+le16(4)+"135\x00"+le16(0)+"\x01\x00\x00\x00"+le16(0)+le16(0)+bytesOf(ndr)+le32(2), "")
}

func dceCall(call uint32, op int, stub string) string {
	return dcePDU(0, call, le32(uint32(len(stub)))+le16(0)+le16(op)+stub, "")
}

func dceReturn(call uint32, stub string) string {
	return dcePDU(2, call, le32(uint32(len(stub)))+le16(0)+"\x00\x00"+stub, "")
}

// pipe opens a pipe and binds to an interface.
func (x *share) pipe(name, uuid string, version uint32) {
	x.open(name, 1)
	x.write(dceBind(uuid, version, ""))
	x.read(dceBound())
}

// call calls a procedure of what is bound.
func (x *share) call(number uint32, op int, stub string) {
	in, out := dceCall(number, op, stub), dceReturn(number, zero(4))
	x.exchange(smbIoctl, 0, le16(57)+le16(0)+le32(0x11c017)+x.id()+le32(120)+le32(uint32(len(in)))+le32(0)+le32(0)+le32(0)+le32(4096)+le32(1)+le32(0)+in,
		le16(49)+le16(0)+le32(0x11c017)+x.id()+le32(112)+le32(0)+le32(112)+le32(uint32(len(out)))+le32(0)+le32(0)+out)
}
