// Package wsman reads what Windows sends to a collector of its events, and writes what the collector answers: SOAP 1.2 with
// WS-Addressing, WS-Enumeration and WS-Eventing, as WS-Management (DMTF DSP0226) and [MS-WSMV] bind them.
package wsman

import (
	"bytes"
	"errors"
	"strconv"

	"bulwark/wire/internal/markup"
)

// Namespaces.
const (
	nsSoap         = "http://www.w3.org/2003/05/soap-envelope"
	nsAddressing   = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
	nsEventing     = "http://schemas.xmlsoap.org/ws/2004/08/eventing"
	nsEnumeration  = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
	nsPolicy       = "http://schemas.xmlsoap.org/ws/2002/12/policy"
	nsWsman        = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
	nsMicrosoft    = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"
	nsAuth         = "http://schemas.microsoft.com/wbem/wsman/1/authentication"
	nsSubscription = "http://schemas.microsoft.com/wbem/wsman/1/subscription"
	nsInstance     = "http://www.w3.org/2001/XMLSchema-instance"
	nsIdentity     = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
)

// Actions of requests.
const (
	ActionEnumerate       = nsEnumeration + "/Enumerate"
	ActionEvents          = "http://schemas.dmtf.org/wbem/wsman/1/wsman/Events"
	ActionHeartbeat       = "http://schemas.dmtf.org/wbem/wsman/1/wsman/Heartbeat"
	ActionSubscriptionEnd = nsEventing + "/SubscriptionEnd"
	ActionEnd             = "http://schemas.microsoft.com/wbem/wsman/1/wsman/End"
)

// Anonymous is the address of who asked: the answer goes back the way that the request came.
const Anonymous = nsAddressing + "/role/anonymous"

// maxBookmark is how many bytes a bookmark may have: Windows names a record of each channel, at about 100 bytes.
const maxBookmark = 64 << 10

var (
	// ErrFormat means that the text is no envelope of SOAP, or ends within it.
	ErrFormat = errors.New("wsman: no envelope of SOAP")
	// ErrVersion means an envelope of another SOAP than 1.2.
	ErrVersion = errors.New("wsman: an envelope of another SOAP than 1.2")
)

// Request is what a machine sends. Its zero value is ready for [Parse]; what it holds points into the text and into itself.
type Request struct {
	Action      string
	To          string // address that it was sent to
	ReplyTo     string // where the answer goes; [Anonymous] mostly
	MessageID   string
	ResourceURI string
	OperationID string // of [MS-WSMV] 3.1.4.1.39; "": none
	MachineID   string // name of the machine, by its own word
	Identifier  string // of the subscription that events are of
	Version     string // of that subscription, where it was handed out as a reference parameter
	Bookmark    []byte // XML that says how far events were delivered; nil: none
	Largest     int    // bytes that the answer may have; 0: it does not say
	Ack         bool   // an answer is asked for
	Body        string // local name of the first element of the body; "": it is empty
	Strange     string // header that the sender says must be understood, and that is not known here; "": none
	Events      [][]byte

	soap string // prefix of SOAP with its colon
	text []byte // events whose text had to be made
}

// Parse reads an envelope in UTF-8, see [Text].
func Parse(p []byte, r *Request) error {
	*r = Request{ReplyTo: Anonymous, Events: r.Events[:0], text: r.text[:0]}
	c := cursor{rest: p}
	t, ok := c.next()
	if !ok || string(t.Local()) != "Envelope" || t.Close || t.Empty {
		return ErrFormat
	}
	if err := r.envelope(t); err != nil {
		return err
	}
	body := false
	for {
		t, ok := c.next()
		switch {
		case !ok:
			return ErrFormat
		case t.Close:
			if !body {
				return ErrFormat
			}
			return nil
		}
		inner, ok := c.inner(t)
		if !ok {
			return ErrFormat
		}
		switch string(t.Local()) {
		case "Header":
			r.headers(inner)
		case "Body":
			body = true
			if !r.body(inner) {
				return ErrFormat
			}
		}
	}
}

// envelope looks at the namespace of the envelope.
func (r *Request) envelope(t markup.Tag) error {
	name := "xmlns"
	if i := bytes.IndexByte(t.Name, ':'); i >= 0 {
		name += ":" + string(t.Name[:i])
		r.soap = string(t.Name[:i+1])
	}
	if string(t.Attr(name)) != nsSoap {
		return ErrVersion
	}
	return nil
}

func (r *Request) headers(p []byte) {
	c := cursor{rest: p}
	for {
		t, ok := c.next()
		if !ok {
			return
		}
		inner, ok := c.inner(t)
		if !ok {
			return
		}
		if !r.header(string(t.Local()), inner) {
			if must := string(t.Attr(r.soap + "mustUnderstand")); must == "true" || must == "1" {
				r.Strange = string(t.Local())
			}
		}
	}
}

// header reads one header, and reports whether it is known.
func (r *Request) header(name string, inner []byte) bool {
	switch name {
	case "Action":
		r.Action = plain(inner)
	case "To":
		r.To = plain(inner)
	case "MessageID":
		r.MessageID = plain(inner)
	case "ResourceURI":
		r.ResourceURI = plain(inner)
	case "MachineID":
		r.MachineID = plain(inner)
	case "OperationID":
		r.OperationID = plain(inner)
	case "Identifier":
		r.Identifier = plain(inner)
	case "Version":
		r.Version = plain(inner)
	case "AckRequested":
		r.Ack = true
	case "MaxEnvelopeSize":
		r.Largest, _ = strconv.Atoi(plain(inner))
	case "ReplyTo":
		r.replyTo(inner)
	case "Bookmark":
		if b := bytes.TrimSpace(inner); len(b) > 0 && len(b) <= maxBookmark {
			r.Bookmark = b
		}
	case "Locale", "DataLocale", "SessionId", "SequenceId", "OperationTimeout", "OptionSet", "SelectorSet", "RelatesTo", "From", "FaultTo":
	default:
		return false
	}
	return true
}

func (r *Request) replyTo(p []byte) {
	c := cursor{rest: p}
	for {
		t, ok := c.next()
		if !ok {
			return
		}
		if inner, ok := c.inner(t); ok && string(t.Local()) == "Address" {
			r.ReplyTo = plain(inner)
		}
	}
}

func (r *Request) body(p []byte) bool {
	c := cursor{rest: p}
	t, ok := c.next()
	if !ok {
		return true
	}
	inner, ok := c.inner(t)
	if !ok {
		return false
	}
	if r.Body = string(t.Local()); r.Body != "Events" {
		return true
	}
	c = cursor{rest: inner}
	for {
		t, ok := c.next()
		if !ok {
			return true
		}
		inner, ok := c.inner(t)
		if !ok {
			return false
		}
		if e := r.event(bytes.TrimSpace(inner)); len(e) > 0 {
			r.Events = append(r.Events, e)
		}
	}
}

// event is the XML of an event: as text in one CDATA section as a collector asks for (DSP0226 §10.2.9), in several where it has the end
// of one in it, or with entities; or as elements.
func (r *Request) event(p []byte) []byte {
	if !bytes.HasPrefix(p, cdata) && bytes.HasPrefix(p, []byte{'<'}) {
		return p
	}
	if bytes.HasPrefix(p, cdata) && bytes.Index(p, cdataEnd) == len(p)-len(cdataEnd) {
		return p[len(cdata) : len(p)-len(cdataEnd)]
	}
	from := len(r.text)
	r.text = markup.AppendContent(r.text, p)
	return bytes.TrimSpace(r.text[from:len(r.text):len(r.text)])
}
