package smb

import (
	"encoding/binary"
	"slices"
	"unicode/utf16"

	"bulwark/wire"
	"bulwark/wire/wiretest"
)

// command is one command of a frame, request or answer.
type command struct {
	cmd     Command
	id      uint64
	session uint64
	tree    uint32
	status  Status
	answer  bool
	async   bool
	related bool
	body    []byte
}

func (c command) bytes(next int) []byte {
	p := make([]byte, headerSize, headerSize+len(c.body))
	copy(p, "\xfeSMB")
	put := binary.LittleEndian
	put.PutUint16(p[4:], headerSize)
	put.PutUint32(p[8:], uint32(c.status))
	put.PutUint16(p[12:], uint16(c.cmd))
	var flags uint32
	if c.answer {
		flags |= flagResponse
	}
	if c.async {
		flags |= flagAsync
	}
	if c.related {
		flags |= flagRelated
	}
	put.PutUint32(p[16:], flags)
	put.PutUint32(p[20:], uint32(next))
	put.PutUint64(p[24:], c.id)
	put.PutUint32(p[36:], c.tree)
	put.PutUint64(p[40:], c.session)
	return append(p, c.body...)
}

// frame makes one message of a chain of commands.
func frame(chain ...command) []byte {
	var p []byte
	for i, c := range chain {
		one := c.bytes(0)
		if i < len(chain)-1 {
			one = append(one, make([]byte, -len(one)&7)...)
			binary.LittleEndian.PutUint32(one[20:], uint32(len(one)))
		}
		p = append(p, one...)
	}
	return raw(p)
}

func raw(p []byte) []byte { return append(binary.BigEndian.AppendUint32(nil, uint32(len(p))), p...) }

// body lays out the fixed part of a command from offset 64 and lets set fill it, by offsets from the header.
func body(size int, set func(p []byte)) []byte {
	p := make([]byte, headerSize+size)
	set(p)
	return p[headerSize:]
}

func put16(p []byte, at int, v uint16) { binary.LittleEndian.PutUint16(p[at:], v) }
func put32(p []byte, at int, v uint32) { binary.LittleEndian.PutUint32(p[at:], v) }
func put64(p []byte, at int, v uint64) { binary.LittleEndian.PutUint64(p[at:], v) }

func utf16le(s string) (p []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		p = binary.LittleEndian.AppendUint16(p, u)
	}
	return p
}

func negotiateAsk() []byte {
	return body(36+10, func(p []byte) {
		put16(p, 66, 5)
		put16(p, 68, uint16(SigningEnabled))
		for i, d := range []Dialect{SMB202, SMB210, SMB300, SMB302, SMB311} {
			put16(p, 100+2*i, uint16(d))
		}
	})
}

func negotiateAnswer(d Dialect) []byte {
	return body(65, func(p []byte) {
		put16(p, 66, uint16(SigningEnabled|SigningRequired))
		put16(p, 68, uint16(d))
		copy(p[72:], "0123456789abcdef")
		put64(p, 104, 0x01dc_0000_0000_0000)
	})
}

func tokenAsk(token []byte) []byte {
	return append(body(24, func(p []byte) {
		put16(p, 76, headerSize+24)
		put16(p, 78, uint16(len(token)))
	}), token...)
}

func tokenAnswer(flags uint16, token []byte) []byte {
	return append(body(8, func(p []byte) {
		put16(p, 66, flags)
		put16(p, 68, headerSize+8)
		put16(p, 70, uint16(len(token)))
	}), token...)
}

// ntlmMessage is an NTLMSSP message with fields at the given places of its fixed part.
func ntlmMessage(kind byte, size int, fields map[int][]byte) []byte {
	p := make([]byte, size)
	copy(p, "NTLMSSP\x00")
	p[8] = kind
	at := []int{}
	for i := range fields {
		at = append(at, i)
	}
	slices.Sort(at)
	for _, i := range at {
		put16(p, i, uint16(len(fields[i])))
		put32(p, i+4, uint32(len(p)))
		p = append(p, fields[i]...)
	}
	return p
}

func ntlmChallenge() []byte {
	pairs := slices.Concat([]byte{3, 0, 26, 0}, utf16le("files01.hosp."), []byte{0, 0, 0, 0})
	p := ntlmMessage(2, 48, map[int][]byte{12: utf16le("HOSP"), 40: pairs})
	put32(p, 20, 1)
	return p
}

func ntlmAuthenticate(user string) []byte {
	p := ntlmMessage(3, 72, map[int][]byte{28: utf16le("HOSP"), 36: utf16le(user), 44: utf16le("XRAY01"), 20: make([]byte, 60)})
	put32(p, 60, 1)
	return p
}

func treeAsk(path string) []byte {
	name := utf16le(path)
	return append(body(8, func(p []byte) {
		put16(p, 68, headerSize+8)
		put16(p, 70, uint16(len(name)))
	}), name...)
}

func treeAnswer(t ShareType) []byte {
	return body(16, func(p []byte) { p[66] = byte(t) })
}

func createAsk(name string, d Disposition, options uint32) []byte {
	n := utf16le(name)
	return append(body(56, func(p []byte) {
		put32(p, 88, uint32(ReadData|WriteData))
		put32(p, 100, uint32(d))
		put32(p, 104, options)
		put16(p, 108, headerSize+56)
		put16(p, 110, uint16(len(n)))
	}), n...)
}

func id(n byte) (f FileID) {
	f[0], f[8] = n, n
	return f
}

func createAnswer(f FileID, a Action, size uint64) []byte {
	return body(88, func(p []byte) {
		put32(p, 68, uint32(a))
		put64(p, 112, size)
		copy(p[128:], f[:])
	})
}

func closeAsk(f FileID) []byte { return body(24, func(p []byte) { copy(p[72:], f[:]) }) }
func closeAnswer(size uint64) []byte {
	return body(60, func(p []byte) {
		put16(p, 66, 1)
		put64(p, 112, size)
	})
}

func readAsk(f FileID, n uint32) []byte {
	return body(49, func(p []byte) {
		put32(p, 68, n)
		copy(p[80:], f[:])
	})
}

func readAnswer(data []byte) []byte {
	return append(body(16, func(p []byte) {
		p[66] = headerSize + 16
		put32(p, 68, uint32(len(data)))
	}), data...)
}

func writeAsk(f FileID, data []byte) []byte {
	return append(body(48, func(p []byte) {
		put16(p, 66, headerSize+48)
		put32(p, 68, uint32(len(data)))
		copy(p[80:], f[:])
	}), data...)
}

func writeAnswer(n uint32) []byte { return body(17, func(p []byte) { put32(p, 68, n) }) }

func setAsk(f FileID, kind, class byte, value []byte) []byte {
	return append(body(32, func(p []byte) {
		p[66], p[67] = kind, class
		put32(p, 68, uint32(len(value)))
		put16(p, 72, headerSize+32)
		copy(p[80:], f[:])
	}), value...)
}

func renameValue(to string) []byte {
	name := utf16le(to)
	p := make([]byte, 20, 20+len(name))
	put32(p, 16, uint32(len(name)))
	return append(p, name...)
}

func controlAsk(f FileID, c Control, in []byte) []byte {
	return append(body(56, func(p []byte) {
		put32(p, 68, uint32(c))
		copy(p[72:], f[:])
		put32(p, 88, headerSize+56)
		put32(p, 92, uint32(len(in)))
	}), in...)
}

func controlAnswer(c Control, out []byte) []byte {
	return append(body(48, func(p []byte) {
		put32(p, 68, uint32(c))
		put32(p, 96, headerSize+48)
		put32(p, 100, uint32(len(out)))
	}), out...)
}

func listAsk(f FileID, pattern string) []byte {
	n := utf16le(pattern)
	return append(body(32, func(p []byte) {
		copy(p[72:], f[:])
		put16(p, 88, headerSize+32)
		put16(p, 90, uint16(len(n)))
	}), n...)
}

func failed() []byte { return make([]byte, 9) }

// client and server make chunks of one conversation.
func client(p ...[]byte) wiretest.Chunk {
	return wiretest.Chunk{Dir: wire.ToServer, Bytes: slices.Concat(p...)}
}

func server(p ...[]byte) wiretest.Chunk {
	return wiretest.Chunk{Dir: wire.ToClient, Bytes: slices.Concat(p...)}
}

const (
	aSession = 0x77
	aTree    = 5
)

func ask(cmd Command, n uint64, b []byte) []byte {
	return frame(command{cmd: cmd, id: n, session: aSession, tree: aTree, body: b})
}

func answer(cmd Command, n uint64, s Status, b []byte) []byte {
	return frame(command{cmd: cmd, id: n, session: aSession, tree: aTree, status: s, answer: true, body: b})
}

// opened is a tree and an open file in it.
func opened(share ShareType, path, name string) []wiretest.Chunk {
	return []wiretest.Chunk{
		client(ask(TreeConnect, 1, treeAsk(path))), server(answer(TreeConnect, 1, Success, treeAnswer(share))),
		client(ask(Create, 2, createAsk(name, OpenIf, 0))), server(answer(Create, 2, Success, createAnswer(id(1), Opened, 100))),
	}
}
