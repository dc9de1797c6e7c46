package gss

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/types"
)

// ErrSeal means that a message was not sealed by the machine, under this context, at this place of their order.
var ErrSeal = errors.New("gss: a seal that is not good")

// Context is what a machine and we have agreed on. It is used by one request at a time.
type Context struct {
	Identity string    // of the machine
	Ends     time.Time // of its ticket

	key      types.EncryptionKey
	next     uint64 // number of our next message
	expected uint64 // of the machine's
}

// The header of a sealed message (RFC 4121 §4.2.6.2): 05 04, flags, ff, EC, RRC, number.
const (
	headerSize = 16
	confounder = 16 // of AES (RFC 3962)

	fromAcceptor = 1
	isSealed     = 2
	acceptorKey  = 4 // sealed with the key that the acceptor made
)

func header(flags byte, extra, rotated uint16, number uint64) []byte {
	h := []byte{5, 4, flags, 0xff}
	h = binary.BigEndian.AppendUint16(h, extra)
	h = binary.BigEndian.AppendUint16(h, rotated)
	return binary.BigEndian.AppendUint64(h, number)
}

// Seal seals a message. What comes before it stands in signature, as GSS_Wrap_iov and SSPI part the two: message and sealed are of one length.
func (c *Context) Seal(message []byte) (signature, sealed []byte, err error) {
	kind, err := crypto.GetEtype(c.key.KeyType)
	if err != nil {
		return nil, nil, err
	}
	const flags = fromAcceptor | isSealed | acceptorKey
	// RRC is 0 in the copy of the header that is encrypted (RFC 4121 §4.2.4).
	plain := append(bytes.Clone(message), header(flags, 0, 0, c.next)...)
	_, cipher, err := kind.EncryptMessage(c.key.KeyValue, plain, keyusage.GSSAPI_ACCEPTOR_SEAL)
	if err != nil {
		return nil, nil, err
	}
	tail := headerSize + kind.GetHMACBitLength()/8
	at := len(cipher) - tail
	signature = append(header(flags, 0, uint16(tail), c.next), cipher[at:]...)
	signature = append(signature, cipher[:confounder]...)
	c.next++
	return signature, cipher[confounder:at], nil
}

// Open opens what a machine sealed: signature and message as they follow one another.
func (c *Context) Open(token []byte) ([]byte, error) {
	kind, err := crypto.GetEtype(c.key.KeyType)
	if err != nil {
		return nil, err
	}
	if len(token) < headerSize+confounder+headerSize+kind.GetHMACBitLength()/8 {
		return nil, fmt.Errorf("%w: it is too short", ErrSeal)
	}
	h, body := token[:headerSize], token[headerSize:]
	extra, rotated, number := binary.BigEndian.Uint16(h[4:]), binary.BigEndian.Uint16(h[6:]), binary.BigEndian.Uint64(h[8:])
	if flags := h[2]; h[0] != 5 || h[1] != 4 || h[3] != 0xff || flags != isSealed|acceptorKey || number != c.expected {
		return nil, fmt.Errorf("%w: another message was to come", ErrSeal)
	}
	cipher := turned(body, int(rotated))
	plain, err := kind.DecryptMessage(c.key.KeyValue, cipher, keyusage.GSSAPI_INITIATOR_SEAL)
	if err != nil && extra > 0 { // Windows rotates by EC as well, MIT's k5sealv3iov.c says
		plain, err = kind.DecryptMessage(c.key.KeyValue, turned(body, int(rotated)+int(extra)), keyusage.GSSAPI_INITIATOR_SEAL)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSeal, err)
	}
	at := len(plain) - headerSize - int(extra)
	if at < 0 || !bytes.Equal(plain[len(plain)-headerSize:], header(h[2], extra, 0, number)) {
		return nil, fmt.Errorf("%w: its header was changed", ErrSeal)
	}
	c.expected++
	return plain[:at], nil
}

// turned is p before it was rotated to the right by n (RFC 4121 §4.2.5).
func turned(p []byte, n int) []byte {
	n %= len(p)
	return append(bytes.Clone(p[n:]), p[:n]...)
}
