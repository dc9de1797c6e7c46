package logs

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/klauspost/compress/zstd"
)

// ErrSealed means that a sealed line was sealed with another key, or changed.
var ErrSealed = errors.New("logs: sealed with another key, or changed")

// seal keeps whole lines for those who may open them: compressed by zstd, sealed by AES-256-GCM behind a random number of 12 bytes, in base64.
type seal struct {
	aead cipher.AEAD
	enc  *zstd.Encoder
	buf  []byte // scratch
}

func newSeal(key [32]byte) (*seal, error) {
	b, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(b)
	if err != nil {
		return nil, err
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithLowerEncoderMem(true))
	return &seal{aead: aead, enc: enc}, err
}

// append appends a sealed line.
func (s *seal) append(dst, line []byte) []byte {
	n := s.aead.NonceSize()
	if cap(s.buf) < n {
		s.buf = make([]byte, n, 4<<10)
	}
	s.buf = s.buf[:n]
	_, _ = rand.Read(s.buf) // never fails (crypto/rand)
	packed := s.enc.EncodeAll(line, s.buf)
	s.buf = packed
	whole := s.aead.Seal(packed[:n], packed[:n], packed[n:], nil)
	s.buf = whole
	return base64.StdEncoding.AppendEncode(dst, whole)
}

// Pieces of long lines.
const (
	pieceSize  = 40 << 10  // bytes of a line, of which the sealed form fits where events are kept
	mostSealed = 768 << 10 // bytes of all pieces, sealed
)

// pieces appends a line as so many sealed pieces as it takes, and says where each ends. whole is false where some of it found no room.
func (s *seal) pieces(dst, line []byte) (_ []byte, ends []int, whole bool) {
	from := len(dst)
	for len(line) > 0 {
		n := min(len(line), pieceSize)
		if len(dst)-from > mostSealed-2*pieceSize {
			return dst, ends, false
		}
		dst = s.append(dst, line[:n])
		line = line[n:]
		ends = append(ends, len(dst))
	}
	return dst, ends, true
}

// sealedField begins the names of the fields that hold what of a sealed line follows its first piece, numbered from 2.
const sealedField = "sealed."

// Pieces are those of a sealed line, by the values of the attributes of its event.
func Pieces(value func(attribute string) string) (all []string) {
	all = append(all, value("log.sealed"))
	for n := 2; ; n++ {
		v := value("field." + sealedField + strconv.Itoa(n))
		if v == "" {
			return all
		}
		all = append(all, v)
	}
}

// Open is the line that was sealed in pieces with the site's key for logs.
func Open(key [32]byte, pieces ...string) ([]byte, error) {
	s, err := newSeal(key)
	if err != nil {
		return nil, err
	}
	defer s.enc.Close()
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(2*maxLine))
	if err != nil {
		return nil, err
	}
	defer d.Close()
	var line []byte
	for _, p := range pieces {
		packed, err := s.open(p)
		if err == nil {
			line, err = d.DecodeAll(packed, line)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrSealed, err)
		}
	}
	return line, nil
}

// open is what one piece holds, still compressed.
func (s *seal) open(piece string) ([]byte, error) {
	whole, err := base64.StdEncoding.DecodeString(piece)
	if err != nil {
		return nil, err
	}
	n := s.aead.NonceSize()
	if len(whole) < n {
		return nil, io.ErrUnexpectedEOF
	}
	return s.aead.Open(nil, whole[:n], whole[n:], nil)
}
