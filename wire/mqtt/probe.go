package mqtt

import (
	"bytes"
	"unicode/utf8"

	"bulwark/wire"
)

// Probe tells whether p begins an MQTT connection: with a CONNECT, which names the protocol. A connection that was
// picked up on its way is known by a PUBLISH that fills p, on a topic in plain letters.
func Probe(p []byte) (wire.Match, wire.Dir) {
	if len(p) == 0 {
		return wire.Unsure, wire.Either
	}
	switch {
	case p[0] == byte(Connect)<<4:
		return probeConnect(p), wire.ToServer
	case Type(p[0]>>4) == Publish && begins(p) && plainTopic(p):
		return wire.Yes, wire.Either
	}
	return wire.No, wire.Either
}

// probeConnect looks for the name of the protocol behind the fixed header.
func probeConnect(p []byte) wire.Match {
	at, length, err := header(p)
	if err != nil || at > 0 && length < 12 {
		return wire.No
	}
	if at == 0 {
		return wire.Unsure
	}
	found := wire.No
	for _, name := range [...]string{"\x00\x04MQTT", "\x00\x06MQIsdp"} {
		have := p[at:min(len(p), at+len(name))]
		if string(have) != name[:len(have)] {
			continue
		}
		if len(have) == len(name) {
			return wire.Yes
		}
		found = wire.Unsure
	}
	return found
}

// begins reports whether p is made of whole packets with flags that their types allow (§2.1.3), but for the end of a
// last PUBLISH.
func begins(p []byte) bool {
	for len(p) > 0 {
		at, length, err := header(p)
		if err != nil || at == 0 || !allowed(p[0], length) {
			return false
		}
		if at+length > len(p) {
			return Type(p[0]>>4) == Publish && len(p) >= 512
		}
		p = p[at+length:]
	}
	return true
}

// ProbeAtPort is [Probe] where a port is that of MQTT: any whole packets will do, as of a connection that is met in its middle.
func ProbeAtPort(p []byte) (wire.Match, wire.Dir) {
	if len(p) == 0 || !begins(p) {
		return wire.No, wire.Either
	}
	switch Type(p[0] >> 4) {
	case Connack, Suback, Unsuback, Pingresp:
		return wire.Yes, wire.ToClient
	case Subscribe, Unsubscribe, Pingreq:
		return wire.Yes, wire.ToServer
	}
	return wire.Yes, wire.Either
}

// allowed reports whether a first byte is one of a packet that the protocol has, and the length one that it may have.
func allowed(b byte, length int) bool {
	flags := b & 15
	switch Type(b >> 4) {
	case Publish:
		return flags>>1&3 != 3 && length >= 3
	case Pubrel, Subscribe, Unsubscribe:
		return flags == 2 && length >= 2
	case Pingreq, Pingresp:
		return flags == 0 && length == 0
	case Disconnect:
		return flags == 0
	case 0:
		return false
	}
	return flags == 0 && length >= 2
}

// plainTopic reports whether p is a PUBLISH on a topic of at least two levels in plain letters: what is not MQTT does
// not look so by chance.
func plainTopic(p []byte) bool {
	at, length, _ := header(p)
	if at+2 > len(p) {
		return false
	}
	n := int(p[at])<<8 | int(p[at+1])
	if n < 3 || n > 256 || n+2 > length || at+2+n > len(p) {
		return false
	}
	topic := p[at+2 : at+2+n]
	return bytes.IndexByte(topic, '/') >= 0 && utf8.Valid(topic) && bytes.IndexFunc(topic, func(r rune) bool {
		return r < ' ' || r == '+' || r == '#' || r == 0x7f
	}) < 0
}
