package ssh

import (
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"iter"

	"bulwark/wire"
)

// ErrKexInit means that an SSH_MSG_KEXINIT ends early.
var ErrKexInit = fmt.Errorf("ssh: offer cut short: %w", wire.ErrMalformed)

// Names is a name-list (RFC 4251 §5): names with commas between them, the preferred first.
type Names []byte

// All yields the names in order.
func (n Names) All() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		from := 0
		for i := 0; i <= len(n); i++ {
			if i < len(n) && n[i] != ',' {
				continue
			}
			if i > from && !yield(n[from:i]) {
				return
			}
			from = i + 1
		}
	}
}

// Has tells whether name is in the list.
func (n Names) Has(name []byte) bool {
	for b := range n.All() {
		if string(b) == string(name) {
			return true
		}
	}
	return false
}

// KexInit is what one side offers (RFC 4253 §7.1). The lists point into the bytes that were parsed.
type KexInit struct {
	Kex             Names // key exchange methods
	HostKeys        Names // server host key algorithms
	CiphersOut      Names // encryption, client to server
	CiphersIn       Names // encryption, server to client
	MACsOut, MACsIn Names
	CompressionsOut Names
	CompressionsIn  Names
	FirstKexFollows bool // a guess of the first method follows at once
	languages       [2]Names
	present         bool
}

// Parse reads the payload of an SSH_MSG_KEXINIT behind its first byte: 16 random bytes, ten lists, a flag.
func (k *KexInit) Parse(p []byte) error {
	*k = KexInit{}
	if len(p) < 16 {
		return ErrKexInit
	}
	p = p[16:]
	for _, list := range [...]*Names{
		&k.Kex, &k.HostKeys, &k.CiphersOut, &k.CiphersIn, &k.MACsOut, &k.MACsIn,
		&k.CompressionsOut, &k.CompressionsIn, &k.languages[0], &k.languages[1],
	} {
		if len(p) < 4 {
			return ErrKexInit
		}
		n := binary.BigEndian.Uint32(p)
		if uint64(n) > uint64(len(p)-4) {
			return ErrKexInit
		}
		*list = Names(p[4 : 4+n : 4+n])
		p = p[4+n:]
	}
	k.FirstKexFollows = len(p) > 0 && p[0] != 0
	k.present = true
	return nil
}

// AppendHASSH appends the text that HASSH is the MD5 of: the methods, ciphers, MACs and compressions that a client
// offers for what it sends (https://github.com/salesforce/hassh).
func (k *KexInit) AppendHASSH(dst []byte) []byte {
	return appendLists(dst, k.Kex, k.CiphersOut, k.MACsOut, k.CompressionsOut)
}

// AppendHASSHServer appends the text that HASSHServer is the MD5 of: the same for what a server sends.
func (k *KexInit) AppendHASSHServer(dst []byte) []byte {
	return appendLists(dst, k.Kex, k.CiphersIn, k.MACsIn, k.CompressionsIn)
}

func appendLists(dst []byte, lists ...Names) []byte {
	for i, l := range lists {
		if i > 0 {
			dst = append(dst, ';')
		}
		dst = append(dst, l...)
	}
	return dst
}

func md5Hex(text []byte) (out [32]byte) {
	sum := md5.Sum(text)
	hex.Encode(out[:], sum[:])
	return out
}

// Lists beyond these are not compared: no implementation has so many names, and comparing grows with the square.
const (
	maxList  = 2 << 10
	maxNames = 64
)

// agreed is the first name of the client's list that the server's has too (RFC 4253 §7.1).
func agreed(client, server Names) []byte {
	if len(client) > maxList || len(server) > maxList {
		return nil
	}
	tried := 0
	for name := range client.All() {
		if server.Has(name) {
			return name
		}
		if tried++; tried >= maxNames {
			break
		}
	}
	return nil
}
