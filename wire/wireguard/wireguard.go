// Package wireguard recognises WireGuard by the heads of its messages, which are all of it that is in clear
// (https://www.wireguard.com/protocol/).
//
//	+----------+---------------+----------------+---------------------------
//	| type (8) | reserved (24) | sender (32)    | ...   1 initiation, 2 response, 3 cookie: of a length each
//	+----------+---------------+----------------+---------------------------
//	| 4        | 0             | receiver (32)  | counter (64), sealed data: a multiple of 16 bytes
//
// Numbers have their lowest byte first.
package wireguard

import "encoding/binary"

// The lengths of the messages, in bytes; of data, the least.
const (
	initiation = 148
	response   = 92
	cookie     = 64
	data       = 32
)

// Looks tells whether the datagram p is a message of WireGuard. Messages with data are known by what is not in them: a
// counter that is small, a seal that looks random.
func Looks(p []byte) bool {
	if len(p) < data || p[1]|p[2]|p[3] != 0 || binary.LittleEndian.Uint32(p[4:]) == 0 {
		return false
	}
	switch p[0] {
	case 1:
		return len(p) == initiation && random(p[8:40])
	case 2:
		return len(p) == response && random(p[12:44])
	case 3:
		return len(p) == cookie && random(p[8:32])
	case 4:
		const most = 1 << 40
		return len(p)%16 == 0 && binary.LittleEndian.Uint64(p[8:]) < most && random(p[4:8]) && random(p[len(p)-16:])
	}
	return false
}

// random tells whether p may be of a cipher: one byte in 256 is 0.
func random(p []byte) bool {
	zeros := 0
	for _, b := range p {
		if b == 0 {
			zeros++
		}
	}
	return zeros <= len(p)/8
}
