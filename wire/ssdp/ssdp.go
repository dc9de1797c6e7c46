// Package ssdp reads the messages by which devices of Universal Plug and Play find one another (UPnP Device Architecture 2.0
// §1): heads of HTTP in datagrams, one message each.
//
//	NOTIFY * HTTP/1.1                                       it is there (NTS: ssdp:alive), or goes (ssdp:byebye)
//	NT: urn:schemas-upnp-org:device:MediaRenderer:1         what is there
//	SERVER: Linux/4.4 UPnP/1.0 Maker/1.2                    of whom
//
//	M-SEARCH * HTTP/1.1                                     somebody looks for ST; USER-AGENT is his program
//	HTTP/1.1 200 OK                                         an answer to him, with ST and SERVER
package ssdp

import (
	"bytes"
	"fmt"

	"bulwark/wire"
)

// ErrOther means a datagram that is no message of SSDP.
var ErrOther = fmt.Errorf("ssdp: another message: %w", wire.ErrMalformed)

// Kind is what a message is for. Zero is none.
type Kind uint8

// The kinds.
const (
	Search Kind = iota + 1
	Alive
	Gone
	Answer
)

// Message is what a message says. Its slices point into the datagram; empty: it does not say.
type Message struct {
	Kind   Kind
	Target []byte // what is there or looked for: a URN, upnp:rootdevice, uuid:..., ssdp:all
	Server []byte // system and program of the device
	Agent  []byte // system and program of who looks for it
}

const (
	search = "M-SEARCH * HTTP/1."
	notify = "NOTIFY * HTTP/1."
	answer = "HTTP/1.1 200 "

	maxLines = 64
	maxValue = 256 // bytes of a value; longer ones are cut
)

// Looks tells whether the datagram p is a message of SSDP.
func Looks(p []byte) bool { return kind(p) != 0 }

func kind(p []byte) Kind {
	switch {
	case begins(p, notify):
		return Alive
	case begins(p, search):
		return Search
	case begins(p, answer):
		return Answer
	}
	return 0
}

func begins(p []byte, s string) bool { return len(p) >= len(s) && string(p[:len(s)]) == s }

// Parse reads the datagram p into m. What is cut off is left out.
func Parse(p []byte, m *Message) error {
	*m = Message{Kind: kind(p)}
	if m.Kind == 0 {
		return ErrOther
	}
	named := false // by a field that is of SSDP
	for n, rest := 0, p; len(rest) > 0 && n < maxLines; n++ {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		name, value, ok := bytes.Cut(line, []byte(":"))
		if n == 0 || !ok {
			continue
		}
		named = m.take(name, bytes.TrimSpace(value)) || named
	}
	if !named {
		return ErrOther
	}
	return nil
}

// take takes a field of the head. It reports whether that is one of SSDP.
func (m *Message) take(name, value []byte) bool {
	value = value[:min(len(value), maxValue)]
	switch {
	case is(name, "NT"), is(name, "ST"):
		m.Target = value
	case is(name, "NTS"):
		if string(value) == "ssdp:byebye" {
			m.Kind = Gone
		}
	case is(name, "USN"):
	case is(name, "SERVER"):
		m.Server = value
		return false
	case is(name, "USER-AGENT"):
		m.Agent = value
		return false
	default:
		return false
	}
	return true
}

func is(name []byte, want string) bool {
	return len(name) == len(want) && bytes.EqualFold(name, []byte(want))
}

// Device is what a URN calls a device, or a service of a maker's own: MediaRenderer of urn:schemas-upnp-org:device:MediaRenderer:1.
// It is empty for other targets, and for the services of UPnP, which their devices have anyway.
func (m *Message) Device() []byte {
	rest, ok := bytes.CutPrefix(m.Target, []byte("urn:"))
	if !ok {
		if string(m.Target) == "roku:ecp" {
			return m.Target
		}
		return nil
	}
	domain, rest, _ := bytes.Cut(rest, []byte(":"))
	what, rest, _ := bytes.Cut(rest, []byte(":"))
	name, _, _ := bytes.Cut(rest, []byte(":"))
	if string(what) == "device" || string(what) == "service" && string(domain) != "schemas-upnp-org" {
		return name
	}
	return nil
}
