package radius

import "encoding/binary"

// Method is how a user proves itself. The zero value means that a message does not tell.
type Method uint8

// The methods; a stronger one has a higher number.
const (
	NotTold Method = iota
	ByAddress
	ByPassword
	ByCHAP
	ByMSCHAP
	ByMSCHAP2
	ByOther
	ByEAP
)

var methodNames = [...]string{"", "MAC", "PAP", "CHAP", "MS-CHAP", "MS-CHAPv2", "digest", "EAP"}

func (m Method) String() string { return methodNames[m&7] }

// EAPCode says what an EAP packet is (RFC 3748 §4). Zero: there is none.
type EAPCode uint8

// The codes.
const (
	EAPRequest EAPCode = iota + 1
	EAPResponse
	EAPSuccess
	EAPFailure
)

var eapCodes = [...]string{"", "request", "response", "success", "failure"}

func (c EAPCode) String() string {
	if int(c) < len(eapCodes) {
		return eapCodes[c]
	}
	return ""
}

// Types of EAP (IANA registry "EAP Method Types") whose contents are read.
const (
	eapIdentity     = 1
	eapNotification = 2
	eapNAK          = 3
	eapMD5          = 4
	eapTLS          = 13
	eapLEAP         = 17
	eapTTLS         = 21
	eapPEAP         = 25
	eapMSCHAP2      = 26
	eapFAST         = 43
	eapTEAP         = 55
	eapExpanded     = 254
)

// EAP is the packet of EAP that a message carries. Its slices point into memory of the message.
type EAP struct {
	Code     EAPCode
	ID       uint8
	Type     uint8  // 0 in [EAPSuccess] and [EAPFailure]; see [EAPTypeName]
	Identity []byte // who answers a question for its identity, in clear; often only its realm is true
	Wants    []byte // of a NAK: the types that the device would rather have
	Name     []byte // the name that MS-CHAPv2, MD5 or LEAP tells in clear
	Refused  bool   // MS-CHAPv2 tells that the password is wrong
	TLS      []byte // bytes of TLS, as many as this packet carries
	Whole    bool   // no other packet carries more of the same message
	Start    bool   // the server asks the device to begin
	Cut      bool   // the packet is not all there
}

// parse reads a packet (RFC 3748 §4).
func (e *EAP) parse(b []byte) {
	if len(b) < 4 {
		e.Cut = true
		return
	}
	e.Code, e.ID = EAPCode(b[0]), b[1]
	n := int(binary.BigEndian.Uint16(b[2:]))
	if e.Cut = n > len(b) || n < 4; !e.Cut {
		b = b[:n]
	}
	if e.Code != EAPRequest && e.Code != EAPResponse || len(b) < 5 {
		return
	}
	e.Type = b[4]
	e.content(b[5:])
}

func (e *EAP) content(b []byte) {
	switch e.Type {
	case eapIdentity:
		if e.Code == EAPResponse { // RFC 3748 §5.1: options follow a zero byte
			e.Identity = before(b, 0)
		}
	case eapNAK:
		e.Wants = b
	case eapMD5: // RFC 1994 §4.1: a length, a value, and a name
		e.Name = behind(b, 0)
	case eapLEAP: // a version, a byte, and as above
		e.Name = behind(b, 2)
	case eapMSCHAP2:
		e.mschap(b)
	case eapTLS, eapTTLS, eapPEAP, eapFAST, eapTEAP:
		e.tls(b)
	}
}

// mschap reads MS-CHAPv2: a code, an identifier, a length, then a value with its length, and a name (draft-kamath-pppext-
// eap-mschapv2 §2). The value is not handed out.
func (e *EAP) mschap(b []byte) {
	if len(b) < 4 {
		return
	}
	switch b[0] {
	case 1, 2: // challenge, response
		e.Name = behind(b, 4)
	case 4: // failure
		e.Refused = e.Code == EAPRequest
	}
}

// tls reads flags, the length of the whole where the first flag says so, and bytes of TLS (RFC 5216 §3.1).
func (e *EAP) tls(b []byte) {
	if len(b) < 1 {
		return
	}
	flags := b[0]
	b = b[1:]
	e.Start = flags&0x20 != 0
	whole := len(b)
	if flags&0x80 != 0 {
		if len(b) < 4 {
			return
		}
		whole = int(binary.BigEndian.Uint32(b))
		b = b[4:]
	}
	e.TLS = b
	e.Whole = flags&0x40 == 0 && whole <= len(b)
}

// behind is what follows a value, whose length stands at a place.
func behind(b []byte, at int) []byte {
	if at >= len(b) || at+1+int(b[at]) > len(b) {
		return nil
	}
	return b[at+1+int(b[at]):]
}

// before is b up to its first byte c.
func before(b []byte, c byte) []byte {
	for i, x := range b {
		if x == c {
			return b[:i]
		}
	}
	return b
}

// Continues reports whether a packet goes on with TLS that others began, and says nothing by itself.
func (e *EAP) Continues() bool {
	switch e.Type {
	case eapTLS, eapTTLS, eapPEAP, eapFAST, eapTEAP:
		return !e.Start && e.Hello() == nil
	}
	return false
}

// Hello is the body of the ClientHello that a packet carries; nil when there is none, or not all of it (RFC 8446 §4, §5.1).
func (e *EAP) Hello() []byte {
	b := e.TLS
	if e.Code != EAPResponse || !e.Whole || len(b) < 9 || b[0] != 22 || b[5] != 1 {
		return nil
	}
	n := int(binary.BigEndian.Uint16(b[3:]))
	length := int(b[6])<<16 | int(b[7])<<8 | int(b[8])
	if 5+n > len(b) || 4+length > n {
		return nil
	}
	return b[9 : 9+length]
}
