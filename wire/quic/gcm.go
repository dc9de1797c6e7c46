package quic

import (
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
)

// gcm opens what is sealed with AES in Galois/Counter Mode (NIST SP 800-38D), with nonces of twelve bytes and tags of
// sixteen. Unlike that of crypto/cipher it serves all keys with the same memory: its tables are made anew for each packet.
// The keys are no secret, so that the tables may tell them by their timing.
type gcm struct {
	products [256]element // those of all bytes with the hash key
	block    [16]byte     // scratch
	stream   [16]byte     // scratch
}

// element is one of the field of SP 800-38D §6.3: the coefficient of x^0 is the highest bit of high.
type element struct{ high, low uint64 }

const tagSize = 16

// open decrypts sealed into what must be as long, when the tag at its end is that of it and of extra.
func (g *gcm) open(key cipher.Block, into []byte, nonce *[12]byte, sealed, extra []byte) ([]byte, bool) {
	if len(sealed) < tagSize {
		return nil, false
	}
	text, tag := sealed[:len(sealed)-tagSize], sealed[len(sealed)-tagSize:]
	clear(g.block[:])
	key.Encrypt(g.stream[:], g.block[:])
	g.multiples(loadElement(g.stream[:]))
	sum := g.hash(extra, text)
	copy(g.block[:], nonce[:])
	binary.BigEndian.PutUint32(g.block[12:], 1)
	key.Encrypt(g.stream[:], g.block[:])
	subtle.XORBytes(g.stream[:], g.stream[:], sum[:])
	if subtle.ConstantTimeCompare(g.stream[:], tag) != 1 {
		return nil, false
	}
	n := uint32(1)
	for at := 0; at < len(text); at += 16 {
		n++
		binary.BigEndian.PutUint32(g.block[12:], n)
		key.Encrypt(into[at:at+16], g.block[:])
	}
	into = into[:len(text)]
	subtle.XORBytes(into, into, text)
	return into, true
}

// hash is GHASH (SP 800-38D §6.4) of extra, text and their lengths, each filled up with zeros.
func (g *gcm) hash(extra, text []byte) (sum [16]byte) {
	var y element
	g.add(&y, extra)
	g.add(&y, text)
	y.high ^= uint64(len(extra)) * 8
	y.low ^= uint64(len(text)) * 8
	y = g.times(y)
	binary.BigEndian.PutUint64(sum[:], y.high)
	binary.BigEndian.PutUint64(sum[8:], y.low)
	return sum
}

func (g *gcm) add(y *element, p []byte) {
	for len(p) >= 16 {
		x := loadElement(p)
		*y = g.times(element{y.high ^ x.high, y.low ^ x.low})
		p = p[16:]
	}
	if len(p) > 0 {
		var last [16]byte
		copy(last[:], p)
		x := loadElement(last[:])
		*y = g.times(element{y.high ^ x.high, y.low ^ x.low})
	}
}

func loadElement(p []byte) element {
	return element{binary.BigEndian.Uint64(p), binary.BigEndian.Uint64(p[8:])}
}

// multiples makes the products of h with all bytes, each as the eight coefficients from x^0 to x^7.
func (g *gcm) multiples(h element) {
	for bit := 0x80; bit > 0; bit >>= 1 {
		g.products[bit] = h
		h = h.shift()
	}
	for top := 2; top < 256; top <<= 1 {
		one := g.products[top]
		for i := 1; i < top; i++ {
			p := g.products[i]
			g.products[top+i] = element{one.high ^ p.high, one.low ^ p.low}
		}
	}
}

// shift is e times x.
func (e element) shift() element {
	return element{e.high>>1 ^ -(e.low&1)&reduction, e.low>>1 | e.high<<63}
}

// reduction is what x^128 is: 1 + x + x^2 + x^7.
const reduction = 0xe1 << 56

// times is e times the hash key, a byte at a time from its highest powers (Shoup's method).
func (g *gcm) times(e element) element {
	return g.eight(g.eight(element{}, e.low), e.high)
}

// eight is z times x^64 plus the product of the hash key with the eight bytes of word.
func (g *gcm) eight(z element, word uint64) element {
	high, low := z.high, z.low
	var over uint64 // the coefficients from x^128 on, which is 1 + x + x^2 + x^7
	for range 8 {
		p := &g.products[word&0xff]
		over = over>>8 | low<<56
		low = (low>>8 | high<<56) ^ p.low
		high = high>>8 ^ p.high
		word >>= 8
	}
	high ^= over ^ over>>1 ^ over>>2 ^ over>>7
	low ^= over<<63 ^ over<<62 ^ over<<57
	return element{high, low}
}
