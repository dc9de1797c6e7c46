package tls

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"bulwark/wire/internal/corpus"
)

// quicSessions opens the first packets of QUIC clients (RFC 9001 §5.2), whose keys anyone can derive, and reads the
// ClientHello within: the proof that the parser serves QUIC too.
func quicSessions(c *corpus.Capture) []*facts {
	type flow struct {
		crypto map[uint64][]byte
		dcid   []byte
		done   bool
	}
	flows := map[string]*flow{}
	var all []*facts
	for _, d := range c.Datagrams {
		key := fmt.Sprint(d.Src, d.Dst)
		for p := d.Payload; len(p) > 20; {
			f := flows[key]
			initial, rest, ok := quicInitial(p)
			if !ok {
				break
			}
			p = rest
			if f == nil {
				if flows[fmt.Sprint(d.Dst, d.Src)] != nil {
					break // the server's
				}
				f = &flow{crypto: map[uint64][]byte{}, dcid: initial.dcid}
				flows[key] = f
			}
			if f.done {
				break
			}
			plain, ok := initial.open(f.dcid)
			if !ok {
				plain, ok = initial.open(initial.dcid)
			}
			if !ok {
				continue
			}
			quicFrames(plain, f.crypto)
			var hello ClientHello
			if b := contiguous(f.crypto); len(b) > 4 && b[0] == 1 {
				n := int(b[1])<<16 | int(b[2])<<8 | int(b[3])
				if len(b) >= 4+n && hello.Parse(b[4:4+n]) == nil {
					f.done = true
					ja4, ja3 := hello.JA4(OverQUIC), hello.JA3()
					all = append(all, &facts{client: d.Src, server: d.Dst, ja4: string(ja4[:]), ja3: string(ja3[:]), ja3Text: string(hello.AppendJA3(nil))})
				}
			}
		}
	}
	return all
}

type quicPacket struct {
	version uint32
	dcid    []byte
	header  []byte // to the packet number
	rest    []byte // from the packet number to the end of the packet
}

// quicInitial takes the long header of an Initial packet apart (RFC 9000 §17.2.2).
func quicInitial(p []byte) (q quicPacket, rest []byte, ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	if p[0]&0x80 == 0 {
		return q, nil, false
	}
	q.version = binary.BigEndian.Uint32(p[1:])
	kind := p[0] >> 4 & 3
	if q.version == 0x6b3343cf {
		kind = (kind + 3) & 3 // RFC 9369 §3.2
	}
	if kind != 0 {
		return q, nil, false
	}
	at := 6 + int(p[5])
	q.dcid = p[6:at]
	at += 1 + int(p[at])
	token, n := varint(p[at:])
	at += n + int(token)
	length, n := varint(p[at:])
	at += n
	q.header, q.rest = p[:at], p[at:at+int(length)]
	return q, p[at+int(length):], true
}

func varint(p []byte) (v uint64, n int) {
	n = 1 << (p[0] >> 6)
	v = uint64(p[0] & 0x3f)
	for _, b := range p[1:n] {
		v = v<<8 | uint64(b)
	}
	return v, n
}

// open removes the header protection and decrypts (RFC 9001 §5.3, §5.4).
func (q quicPacket) open(dcid []byte) ([]byte, bool) {
	salt, prefix := "38762cf7f55934b34d179ae6a4c80cadccbb7f0a", "quic "
	switch {
	case q.version == 0x6b3343cf:
		salt, prefix = "0dede3def700a6db819381be6e269dcbf9bd2ed9", "quicv2 "
	case q.version>>8 == 0xff0000 && q.version&0xff >= 29:
		salt = "afbfec289993d24c9e9786f19c6111e04390a899"
	case q.version>>8 == 0xff0000 && q.version&0xff >= 23:
		salt = "c3eef712c72ebb5a11a7d2432bb46365bef9f502"
	}
	s, _ := hex.DecodeString(salt)
	initial, _ := hkdf.Extract(sha256.New, dcid, s)
	secret := expand(initial, "client in", 32)
	block, _ := aes.NewCipher(expand(secret, prefix+"hp", 16))
	var mask [16]byte
	if len(q.rest) < 20 {
		return nil, false
	}
	block.Encrypt(mask[:], q.rest[4:20])
	first := q.header[0] ^ mask[0]&0x0f
	n := int(first&3) + 1
	header := append([]byte{first}, q.header[1:]...)
	iv := expand(secret, prefix+"iv", 12)
	for i := range n {
		b := q.rest[i] ^ mask[1+i]
		header = append(header, b)
		iv[12-n+i] ^= b
	}
	block, _ = aes.NewCipher(expand(secret, prefix+"key", 16))
	gcm, _ := cipher.NewGCM(block)
	plain, err := gcm.Open(nil, iv, q.rest[n:], header)
	return plain, err == nil
}

// expand is HKDF-Expand-Label of RFC 8446 §7.1 with an empty context.
func expand(secret []byte, label string, n int) []byte {
	label = "tls13 " + label
	info := string([]byte{0, byte(n), byte(len(label))}) + label + "\x00"
	out, _ := hkdf.Expand(sha256.New, secret, info, n)
	return out
}

// quicFrames collects the CRYPTO frames (RFC 9000 §19.6).
func quicFrames(p []byte, crypto map[uint64][]byte) {
	defer func() { _ = recover() }()
	for len(p) > 0 {
		switch kind := p[0]; kind {
		case 0, 1: // PADDING, PING
			p = p[1:]
		case 2, 3: // ACK
			p = p[1:]
			var v [4]uint64
			for i := range v {
				var n int
				v[i], n = varint(p)
				p = p[n:]
			}
			for range v[2] * 2 {
				_, n := varint(p)
				p = p[n:]
			}
		case 6:
			offset, n := varint(p[1:])
			length, m := varint(p[1+n:])
			at := 1 + n + m
			crypto[offset] = append([]byte(nil), p[at:at+int(length)]...)
			p = p[at+int(length):]
		default:
			return
		}
	}
}

func contiguous(crypto map[uint64][]byte) []byte {
	var b []byte
	for {
		next, ok := crypto[uint64(len(b))]
		if !ok || len(next) == 0 {
			return b
		}
		b = append(b, next...)
	}
}
