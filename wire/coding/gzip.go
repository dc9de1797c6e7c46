package coding

// gzip unpacks RFC 1952: members one behind the other, each a head, a deflate stream and a trailer. The digests of the
// trailers are not checked. What does not begin as gzip does is handed on as it is: there are servers that say gzip and
// send plain text.
type gzip struct {
	z     inflate
	state gzipState
	flags byte
	have  int // bytes of the part in hand that were read, or bytes of it that are left
	whole bool
}

type gzipState uint8

const (
	gzipMagic   gzipState = iota // the two bytes that all members begin with
	gzipHead                     // the other eight of the head
	gzipExtra                    // the length of the extra field
	gzipSkip                     // have bytes that nobody reads
	gzipName                     // a text up to a zero
	gzipComment                  // another
	gzipCheck                    // the digest of the head
	gzipBody
	gzipTrailer
	gzipPlain
	gzipBehind // bytes behind the last member
)

// RFC 1952 §2.3.1: what the flags announce.
const (
	hasCheck   = 1 << 1
	hasExtra   = 1 << 2
	hasName    = 1 << 3
	hasComment = 1 << 4
)

func (g *gzip) Reset() {
	g.z.reset()
	g.state, g.flags, g.have, g.whole = gzipMagic, 0, 0, false
}

// Ended also holds for what was not packed at all.
func (g *gzip) Ended() bool { return g.whole || g.state == gzipPlain }

func (g *gzip) Memory() int { return inflateMemory }

func (g *gzip) Write(p []byte, s Sink) error {
	for len(p) > 0 {
		switch g.state {
		case gzipPlain:
			return hand(s, p)
		case gzipBehind:
			return nil
		case gzipBody:
			rest, err := g.z.write(p, s)
			if err != nil {
				return err
			}
			if p = rest; g.z.state == ended {
				g.bodyEnds()
			}
		default:
			b := p[0]
			plain, err := g.byte(b, s)
			if err != nil {
				return err
			}
			if !plain {
				p = p[1:]
			}
		}
	}
	return nil
}

func hand(s Sink, p []byte) error {
	if !s.Unpacked(p) {
		return ErrEnough
	}
	return nil
}

// bodyEnds goes on with the trailer, whose first bytes the bits at hand may be.
func (g *gzip) bodyEnds() {
	g.state, g.have, g.whole = gzipTrailer, 0, true
	for g.z.n >= 8 {
		_, _ = g.byte(byte(g.z.take(8)), nil) // none of these is handed on: the first member is over
	}
}

// byte takes a byte of a head or trailer. plain says that it is none, but belongs to a file that is not packed.
func (g *gzip) byte(b byte, s Sink) (plain bool, err error) {
	switch g.state {
	case gzipMagic:
		return g.magic(b, s)
	case gzipHead:
		return false, g.head(b)
	case gzipExtra:
		if g.have++; g.have == 1 {
			g.z.left = int(b) // it is free until the body begins
			return false, nil
		}
		g.have = g.z.left | int(b)<<8
		if g.state = gzipSkip; g.have == 0 {
			g.next(hasExtra)
		}
	case gzipSkip:
		if g.have--; g.have == 0 {
			g.next(hasExtra)
		}
	case gzipName:
		if b == 0 {
			g.next(hasName)
		}
	case gzipComment:
		if b == 0 {
			g.next(hasComment)
		}
	case gzipCheck:
		if g.have++; g.have == 2 {
			g.next(hasCheck)
		}
	case gzipTrailer:
		if g.have++; g.have == 8 {
			g.state, g.have = gzipMagic, 0
		}
	}
	return false, nil
}

func (g *gzip) magic(b byte, s Sink) (plain bool, err error) {
	const id = "\x1f\x8b"
	if b == id[g.have] {
		if g.have++; g.have == len(id) {
			g.state, g.have = gzipHead, 0
		}
		return false, nil
	}
	if g.whole {
		g.state = gzipBehind
		return false, nil
	}
	g.state = gzipPlain
	if g.have > 0 {
		err = hand(s, []byte(id[:g.have]))
	}
	return true, err
}

// head takes one of the eight bytes behind the magic: the method, the flags, and six that do not matter.
func (g *gzip) head(b byte) error {
	g.have++
	switch {
	case g.have == 1 && b != 8:
		return ErrMalformed
	case g.have == 2:
		g.flags = b
	case g.have == 8:
		g.next(0)
	}
	return nil
}

// next goes on behind the optional field that flag announces; behind the fixed head where it is 0.
func (g *gzip) next(flag byte) {
	g.have = 0
	g.flags &^= flag
	switch {
	case g.flags&hasExtra != 0:
		g.state = gzipExtra
	case g.flags&hasName != 0:
		g.state = gzipName
	case g.flags&hasComment != 0:
		g.state = gzipComment
	case g.flags&hasCheck != 0:
		g.state = gzipCheck
	default:
		g.z.reset()
		g.state = gzipBody
	}
}

// deflate unpacks what HTTP calls deflate: zlib (RFC 1950), or a deflate stream without that frame, which some servers
// send (RFC 9110 §8.4.1.2). The digest behind it is not checked.
type deflate struct {
	z    inflate
	head [2]byte
	have int
}

func (d *deflate) Reset() {
	d.z.reset()
	d.have = 0
}
func (d *deflate) Ended() bool { return d.z.state == ended }
func (d *deflate) Memory() int { return inflateMemory }

func (d *deflate) Write(p []byte, s Sink) error {
	for ; d.have < 2 && len(p) > 0; p = p[1:] {
		d.head[d.have] = p[0]
		d.have++
		if d.have == 2 && !d.framed() {
			if _, err := d.z.write(d.head[:], s); err != nil {
				return err
			}
		}
	}
	_, err := d.z.write(p, s)
	return err
}

// framed reports whether the first two bytes are the head of zlib (RFC 1950 §2.2).
func (d *deflate) framed() bool {
	return d.head[0]&0x0f == 8 && (uint(d.head[0])<<8|uint(d.head[1]))%31 == 0
}
