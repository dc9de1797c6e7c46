package quic

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
)

// keys open the Initials of one side (RFC 9001 §5.1). The zero value opens nothing.
type keys struct {
	header [keySize]byte // header protection
	packet cipher.Block  // nil: there are no keys
	iv     [12]byte
}

const (
	keySize    = 16
	sampleSize = 16
	maxNumber  = 4 // bytes of a packet number
)

// labels are what the keys of a version are derived with (RFC 9001 §5.1, RFC 9369 §3.3.2).
type labels struct{ key, iv, header string }

func (v Version) labels() labels {
	if v.second() {
		return labels{"quicv2 key", "quicv2 iv", "quicv2 hp"}
	}
	return labels{"quic key", "quic iv", "quic hp"}
}

// The labels of both sides' secrets (RFC 9001 §5.2).
var senders = [2]string{"client in", "server in"}

// initialKeys derives the keys of one side from the connection id that the client chose (RFC 9001 §5.2). They are no
// secret.
func initialKeys(v Version, id []byte, sender string) (k keys) {
	initial := mac(v.salt(), id) // HKDF-Extract (RFC 5869 §2.2)
	secret := expand(&initial, sender, sha256.Size)
	l := v.labels()
	key, iv, header := expand(&secret, l.key, keySize), expand(&secret, l.iv, len(k.iv)), expand(&secret, l.header, keySize)
	k.packet, _ = aes.NewCipher(key[:keySize]) // fails for other lengths only
	copy(k.header[:], header[:])
	copy(k.iv[:], iv[:])
	return k
}

// expand is HKDF-Expand-Label of RFC 8446 §7.1 with an empty context, for at most 32 bytes: the first n of its result.
func expand(secret *[sha256.Size]byte, label string, n int) [sha256.Size]byte {
	var info [40]byte
	b := append(info[:0], 0, byte(n), byte(len("tls13 ")+len(label)))
	b = append(append(b, "tls13 "...), label...)
	b = append(b, 0, 1) // no context; the number of the block (RFC 5869 §2.3)
	return mac(secret[:], b)
}

// mac is HMAC-SHA-256 (RFC 2104) without an allocation. Neither key nor text may be longer than a block, 64 bytes.
func mac[K string | []byte](key K, text []byte) [sha256.Size]byte {
	var in, out [2 * sha256.BlockSize]byte
	copy(in[:], key)
	copy(out[:], key)
	for i := range sha256.BlockSize {
		in[i] ^= 0x36
		out[i] ^= 0x5c
	}
	n := copy(in[sha256.BlockSize:], text)
	sum := sha256.Sum256(in[:sha256.BlockSize+n])
	copy(out[sha256.BlockSize:], sum[:])
	return sha256.Sum256(out[:sha256.BlockSize+sha256.Size])
}

// Opener is the memory in which packets are opened. The conversations of one goroutine may share one.
type Opener struct {
	header, plain []byte
	gcm           gcm
}

// open takes the protection off the packet p, whose packet number stands at h.number, and decrypts what follows it
// (RFC 9001 §5.3, §5.4). p stays as it is. expected is the number that follows the highest one of the sender.
func (o *Opener) open(k *keys, p []byte, h *Header, expected uint64) (plain []byte, number uint64, ok bool) {
	if k.packet == nil || h.end-h.number < maxNumber+sampleSize {
		return nil, 0, false
	}
	mask := [sampleSize]byte(p[h.number+maxNumber:])
	encryptBlock(&k.header, &mask)
	o.header = append(o.header[:0], p[:h.number+maxNumber]...)
	o.header[0] ^= mask[0] & 0x0f
	n := int(o.header[0]&3) + 1
	for i := range n {
		o.header[h.number+i] ^= mask[1+i]
		number = number<<8 | uint64(o.header[h.number+i])
	}
	o.header = o.header[:h.number+n]
	number = whole(number, n, expected)
	nonce := k.iv
	v := binary.BigEndian.Uint64(nonce[4:]) ^ number
	binary.BigEndian.PutUint64(nonce[4:], v)
	plain, ok = o.gcm.open(k.packet, o.plainFor(h.end-h.number-n), &nonce, p[h.number+n:h.end], o.header)
	return plain, number, ok
}

func (o *Opener) plainFor(n int) []byte {
	if cap(o.plain) < n {
		o.plain = make([]byte, max(n, 1536))
	}
	o.plain = o.plain[:n]
	return o.plain
}

// whole completes a packet number of which the last n bytes were sent (RFC 9000 §A.3).
func whole(sent uint64, n int, expected uint64) uint64 {
	window := uint64(1) << (8 * n)
	v := expected&^(window-1) | sent
	switch {
	case v+window/2 <= expected && v < 1<<62-window:
		return v + window
	case v > expected+window/2 && v >= window:
		return v - window
	}
	return v
}
