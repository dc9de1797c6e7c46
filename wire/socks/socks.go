// Package socks decodes the beginning of a connection through a SOCKS proxy: version 4 with its extension 4A (Y.-D. Lee,
// "SOCKS: A protocol for TCP proxy across firewalls") and version 5 (RFC 1928) with a user and a password (RFC 1929). Once
// the proxy has granted a request the connection is that of the client with whom it asked for: [ErrTunnel].
package socks

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strconv"

	"bulwark/wire"
)

var (
	// ErrTunnel means that what follows is what the proxy carries.
	ErrTunnel = errors.New("socks: the proxy carries another protocol")
	// ErrNoSOCKS means that the bytes are not of SOCKS.
	ErrNoSOCKS = fmt.Errorf("socks: no message: %w", wire.ErrMalformed)
)

// Request is what a client asked for, with the proxy's answer. It is valid during the call that hands it over.
type Request struct {
	Version  uint8  // 4 or 5
	Command  uint8  // 1 connect, 2 bind, 3 datagrams; 0: it did not come to a request
	Target   []byte // host:port that was asked for
	User     []byte // who asked, by its own word
	Password bool   // a password crossed in clear
	Granted  bool
	Denied   bool  // the sign-on was refused
	Reply    uint8 // what the proxy said, where it refused
}

// Handler takes what is read.
type Handler interface{ Request(r *Request) }

// The states of a side.
const (
	greeting   = iota // version 5: the methods; version 4: the request
	signingOn         // a user and a password
	requesting        // version 5: the request
	carrying          // all was said
)

const noUser, userPassword, refused = 0, 2, 0xff

const maxUser = 255 // bytes of a user or host of version 4, which ends with a zero

// Conversation is one connection. Its zero value is ready.
type Conversation struct {
	request Request
	states  [2]int
	method  uint8
	chosen  bool // the proxy has named a method
	target  []byte
	user    []byte
}

// Reset makes c ready for another conversation.
func (c *Conversation) Reset() { *c = Conversation{target: c.target[:0], user: c.user[:0]} }

// Gap ends what can be read: the beginning is short, and cannot be found again.
func (c *Conversation) Gap(wire.Dir, int) error { return wire.ErrLost }

// Close hands over a request that was not answered.
func (c *Conversation) Close(h Handler) {
	if c.request.Command != 0 && c.states[wire.ToClient] != carrying {
		c.hand(h)
	}
}

func (c *Conversation) hand(h Handler) {
	c.request.Target, c.request.User = c.target, c.user
	h.Request(&c.request)
	c.states[wire.ToClient] = carrying
}

// Decode reads the messages of one direction.
func (c *Conversation) Decode(dir wire.Dir, p []byte, h Handler) (done, need int, err error) {
	for done < len(p) {
		n := 0
		if dir == wire.ToServer {
			if c.states[dir] == carrying || c.states[dir] != greeting && !c.chosen {
				return done, 0, nil // it waits for the proxy
			}
			n, err = c.asks(p[done:])
		} else {
			n, err = c.answers(p[done:], h)
		}
		if done += n; err != nil || n == 0 {
			return done, 0, err
		}
	}
	return done, 0, nil
}

// asks reads one message of the client and says how long it is; 0 while it is not whole.
func (c *Conversation) asks(p []byte) (int, error) {
	switch {
	case c.states[wire.ToServer] == greeting && p[0] == 4:
		return c.request4(p)
	case c.states[wire.ToServer] == greeting:
		return c.methods(p)
	case c.states[wire.ToServer] == signingOn:
		return c.signOn(p)
	}
	return c.request5(p)
}

// request4 reads a request of version 4.
func (c *Conversation) request4(p []byte) (int, error) {
	user, host, size, err := fields4(p)
	if size == 0 || err != nil {
		return 0, err
	}
	c.request.Version, c.request.Command = 4, p[1]
	c.user = append(c.user[:0], user...)
	if host == nil {
		c.target = netip.AddrFrom4([4]byte(p[4:8])).AppendTo(c.target[:0])
	} else {
		c.target = append(c.target[:0], host...)
	}
	c.port(binary.BigEndian.Uint16(p[2:]))
	c.states[wire.ToServer] = carrying
	return size, nil
}

// fields4 are the user and, of 4A, the host of a request of version 4; size is 0 while it is not whole.
func fields4(p []byte) (user, host []byte, size int, err error) {
	const head = 8
	if len(p) < head {
		return nil, nil, 0, nil
	}
	if p[1] != 1 && p[1] != 2 {
		return nil, nil, 0, ErrNoSOCKS
	}
	user, ok, err := zeroEnded(p[head:])
	if !ok {
		return nil, nil, 0, err
	}
	size = head + len(user) + 1
	if p[4]|p[5]|p[6] != 0 || p[7] == 0 {
		return user, nil, size, nil
	}
	host, ok, err = zeroEnded(p[size:]) // 4A: 0.0.0.x says that a name follows
	if !ok {
		return nil, nil, 0, err
	}
	if len(host) == 0 {
		return nil, nil, 0, ErrNoSOCKS
	}
	return user, host, size + len(host) + 1, nil
}

// zeroEnded is the text up to a zero; ok is false while that has not come.
func zeroEnded(p []byte) (text []byte, ok bool, err error) {
	for i, b := range p {
		switch {
		case b == 0:
			return p[:i], true, nil
		case b < 0x20 || b >= 0x7f || i >= maxUser:
			return nil, false, ErrNoSOCKS
		}
	}
	return nil, false, nil
}

// methods reads the greeting of version 5 (RFC 1928 §3).
func (c *Conversation) methods(p []byte) (int, error) {
	if p[0] != 5 || len(p) > 1 && p[1] == 0 {
		return 0, ErrNoSOCKS
	}
	if len(p) < 2 || len(p) < 2+int(p[1]) {
		return 0, nil
	}
	c.request.Version = 5
	c.states[wire.ToServer] = requesting
	return 2 + int(p[1]), nil
}

// signOn reads a user and a password (RFC 1929 §2).
func (c *Conversation) signOn(p []byte) (int, error) {
	if p[0] != 1 {
		return 0, ErrNoSOCKS
	}
	if len(p) < 2 || len(p) < 3+int(p[1]) {
		return 0, nil
	}
	n := 2 + int(p[1])
	size := n + 1 + int(p[n])
	if len(p) < size {
		return 0, nil
	}
	c.user = append(c.user[:0], p[2:n]...)
	c.request.Password = true
	c.states[wire.ToServer] = requesting
	return size, nil
}

// request5 reads a request of version 5 (RFC 1928 §4).
func (c *Conversation) request5(p []byte) (int, error) {
	size, err := size5(p)
	if size == 0 || err != nil {
		return 0, err
	}
	if p[1] < 1 || p[1] > 3 {
		return 0, ErrNoSOCKS
	}
	c.request.Command = p[1]
	address := p[4 : size-2]
	switch p[3] {
	case typeName:
		c.target = append(c.target[:0], address[1:]...)
	case typeIPv6:
		c.target = append(append(append(c.target[:0], '['), netip.AddrFrom16([16]byte(address)).String()...), ']')
	default:
		c.target = netip.AddrFrom4([4]byte(address)).AppendTo(c.target[:0])
	}
	c.port(binary.BigEndian.Uint16(p[size-2:]))
	c.states[wire.ToServer] = carrying
	return size, nil
}

func (c *Conversation) port(n uint16) {
	c.target = strconv.AppendUint(append(c.target, ':'), uint64(n), 10)
}

// The types of addresses (RFC 1928 §5).
const (
	typeIPv4 = 1
	typeName = 3
	typeIPv6 = 4
)

// size5 is how long a request or an answer of version 5 is, which are alike; 0 while it is not whole.
func size5(p []byte) (int, error) {
	if p[0] != 5 || len(p) > 2 && p[2] != 0 {
		return 0, ErrNoSOCKS
	}
	if len(p) < 5 {
		return 0, nil
	}
	size := 6
	switch p[3] {
	case typeIPv4:
		size += 4
	case typeName:
		size += 1 + int(p[4])
	case typeIPv6:
		size += 16
	default:
		return 0, ErrNoSOCKS
	}
	if len(p) < size {
		return 0, nil
	}
	return size, nil
}

// answers reads one message of the proxy and says how long it is; 0 while it is not whole.
func (c *Conversation) answers(p []byte, h Handler) (int, error) {
	switch {
	case c.request.Version == 0:
		return 0, ErrNoSOCKS // the client has said nothing
	case c.request.Version == 4:
		return c.answer4(p, h)
	case !c.chosen:
		return c.choice(p, h)
	case c.method == userPassword && c.states[wire.ToClient] == signingOn:
		return c.signedOn(p, h)
	}
	size, err := size5(p)
	if size == 0 || err != nil {
		return 0, err
	}
	return size, c.conclude(p[1] == 0, p[1], h)
}

func (c *Conversation) answer4(p []byte, h Handler) (int, error) {
	const size, granted = 8, 90
	if p[0] != 0 || len(p) > 1 && (p[1] < granted || p[1] > 93) {
		return 0, ErrNoSOCKS
	}
	if len(p) < size {
		return 0, nil
	}
	return size, c.conclude(p[1] == granted, p[1], h)
}

// choice reads which method the proxy takes (RFC 1928 §3). What other methods say is not known.
func (c *Conversation) choice(p []byte, h Handler) (int, error) {
	if p[0] != 5 {
		return 0, ErrNoSOCKS
	}
	if len(p) < 2 {
		return 0, nil
	}
	c.method, c.chosen = p[1], true
	switch c.method {
	case noUser:
	case userPassword:
		c.states = [2]int{signingOn, signingOn}
	case refused:
		c.request.Denied, c.request.Reply = true, refused
		c.hand(h)
	default:
		return 2, wire.ErrLost
	}
	return 2, nil
}

// signedOn reads whether the proxy knows the user (RFC 1929 §2).
func (c *Conversation) signedOn(p []byte, h Handler) (int, error) {
	if p[0] != 1 && p[0] != 5 { // some say the version of SOCKS
		return 0, ErrNoSOCKS
	}
	if len(p) < 2 {
		return 0, nil
	}
	c.states[wire.ToClient] = requesting
	if p[1] != 0 {
		c.request.Denied, c.request.Reply = true, p[1]
		c.hand(h)
	}
	return 2, nil
}

// conclude hands the request over. The second answer to a request to listen is not waited for.
func (c *Conversation) conclude(granted bool, reply uint8, h Handler) error {
	if c.states[wire.ToClient] == carrying {
		return ErrNoSOCKS
	}
	c.request.Granted, c.request.Reply = granted, reply
	c.hand(h)
	if granted && c.request.Command == 1 {
		return ErrTunnel
	}
	return nil
}

// Probe tells whether p begins as the client of a proxy does. It says nothing more before it was answered, so that what
// goes on is something else.
func Probe(p []byte) (wire.Match, wire.Dir) {
	switch {
	case len(p) == 0:
		return wire.Unsure, wire.Either
	case p[0] == 5:
		return probe5(p), wire.ToServer
	case p[0] == 4:
		return probe4(p), wire.ToServer
	}
	return wire.No, wire.Either
}

// probe5: a list of methods, each once, with one of those that clients can.
func probe5(p []byte) wire.Match {
	const most = 10
	if len(p) == 1 {
		return wire.Unsure
	}
	n := int(p[1])
	if n == 0 || n > most || len(p) > 2+n {
		return wire.No
	}
	var seen [256]bool
	for _, method := range p[2:] {
		if seen[method] || method > 9 && method < 0x80 || method == refused {
			return wire.No
		}
		seen[method] = true
	}
	switch {
	case len(p) < 2+n:
		return wire.Unsure
	case seen[noUser] || seen[userPassword]:
		return wire.Yes
	}
	return wire.No
}

// probe4: a request with a port, an address and a user, or a host by its name. The head of a message of DNS over TCP of
// 1,025 or 1,026 bytes would be one to 1.0.0.1 or 1.32.0.1 by nobody, and that of an answer of TDS one to a network.
func probe4(p []byte) wire.Match {
	if len(p) > 1 && p[1] != 1 && p[1] != 2 || len(p) > 3 && p[2]|p[3] == 0 || len(p) > 7 && p[7] == 0 {
		return wire.No
	}
	user, host, size, err := fields4(p)
	switch {
	case err != nil || size > 0 && size != len(p):
		return wire.No
	case size == 0:
		return wire.Unsure
	case host == nil && (p[4] == 0 || p[4] >= 224 || len(user) == 0 && p[4] == 1 && p[5]&^0x20 == 0):
		return wire.No
	}
	return wire.Yes
}
