package copies

import (
	"bufio"
	"crypto/rand"
	"encoding/binary"
	"hash/crc32"
	"io"
	"time"
)

// Password is that of the archives in which copies are handed out: the one that analysts use among themselves, so that
// nothing opens by mistake and no scanner takes away what is being looked into. It protects nothing else.
const Password = "infected"

// wrap writes a ZIP archive (APPNOTE.TXT) of one file, not compressed, encrypted with [Password] in the way that every
// program opens (§6.1). size is at most 2 GiB.
func wrap(out io.Writer, name string, at time.Time, size int64, in io.Reader) error {
	w := &archive{out: bufio.NewWriterSize(out, 64<<10)}
	w.time = dosTime(at)
	w.head("PK\x03\x04", 20, name, 0, 0)
	w.text(name)
	c := newCipher(Password)
	sealed := &sealing{w: w, c: c}
	head := make([]byte, 12)
	_, _ = rand.Read(head[:11])  // never fails (crypto/rand)
	head[11] = byte(w.time >> 8) // §6.1.6, with the length and digest behind the file
	_, _ = sealed.Write(head)    // kept in w.err
	sum := crc32.NewIEEE()       // of the plain file
	n, err := io.Copy(io.MultiWriter(sealed, sum), io.LimitReader(in, size))
	if err != nil {
		return err
	}
	w.text("PK\x07\x08")
	w.numbers(sum.Sum32(), uint32(n+12), uint32(n))
	directory := w.at
	w.text("PK\x01\x02")
	w.short(20)
	w.head("", 20, name, sum.Sum32(), uint32(n))
	w.short(0, 0, 0, 0, 0, 0, 0) // comment, disk, attributes, and the place: 0
	w.text(name)
	length := w.at - directory
	w.text("PK\x05\x06")
	w.short(0, 0, 1, 1)
	w.numbers(uint32(length), uint32(directory))
	w.short(0)
	if w.err != nil {
		return w.err
	}
	return w.out.Flush()
}

// archive writes the parts of an archive, until something fails.
type archive struct {
	out  *bufio.Writer
	at   int64
	time uint32
	err  error
}

func (w *archive) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	var n int
	n, w.err = w.out.Write(p)
	w.at += int64(n)
	return n, w.err
}

func (w *archive) text(s string) { _, _ = w.Write([]byte(s)) } // kept in w.err

func (w *archive) short(all ...uint16) {
	for _, v := range all {
		_, _ = w.Write(binary.LittleEndian.AppendUint16(nil, v)) // kept in w.err
	}
}

func (w *archive) numbers(all ...uint32) {
	for _, v := range all {
		_, _ = w.Write(binary.LittleEndian.AppendUint32(nil, v)) // kept in w.err
	}
}

// head writes what a local header (§4.3.7) and an entry of the directory (§4.3.12) have alike.
func (w *archive) head(signature string, version uint16, name string, sum, size uint32) {
	w.text(signature)
	const encrypted, behind = 1, 1 << 3
	w.short(version, encrypted|behind, 0)
	packed := size
	if signature == "" {
		packed += 12
	}
	w.numbers(w.time, sum, packed, size)
	w.short(uint16(len(name)), 0)
}

// dosTime is a time as ZIP has it (§4.4.6): two seconds exact, of no zone.
func dosTime(t time.Time) uint32 {
	t = t.UTC()
	date := uint32(t.Year()-1980)<<9 | uint32(t.Month())<<5 | uint32(t.Day())
	return date<<16 | uint32(t.Hour())<<11 | uint32(t.Minute())<<5 | uint32(t.Second()/2)
}

// cipher is the traditional encryption of PKWARE (§6.1.5).
type cipher struct{ keys [3]uint32 }

func newCipher(password string) *cipher {
	c := &cipher{[3]uint32{0x12345678, 0x23456789, 0x34567890}}
	for i := range len(password) {
		c.update(password[i])
	}
	return c
}

func (c *cipher) update(b byte) {
	c.keys[0] = crc(c.keys[0], b)
	c.keys[1] = (c.keys[1]+c.keys[0]&0xff)*134775813 + 1
	c.keys[2] = crc(c.keys[2], byte(c.keys[1]>>24))
}

func crc(v uint32, b byte) uint32 { return crc32.IEEETable[byte(v)^b] ^ v>>8 }

func (c *cipher) byte(b byte) byte {
	t := c.keys[2] | 2
	sealed := b ^ byte(t*(t^1)>>8)
	c.update(b)
	return sealed
}

// sealing encrypts what is written through it.
type sealing struct {
	w   io.Writer
	c   *cipher
	buf [4 << 10]byte
}

func (s *sealing) Write(p []byte) (done int, err error) {
	for len(p) > 0 && err == nil {
		n := min(len(p), len(s.buf))
		for i, b := range p[:n] {
			s.buf[i] = s.c.byte(b)
		}
		var k int
		k, err = s.w.Write(s.buf[:n])
		done, p = done+k, p[n:]
	}
	return done, err
}
