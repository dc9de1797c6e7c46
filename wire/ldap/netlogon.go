package ldap

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"bulwark/wire"
	"bulwark/wire/ntlm"
)

// ErrNetlogon means a value of the attribute netlogon that is none.
var ErrNetlogon = fmt.Errorf("ldap: no answer of netlogon: %w", wire.ErrMalformed)

// Netlogon is what a domain controller says of itself, its domain and the site of who asks ([MS-ADTS] 6.3.1.8,
// 6.3.1.9): the value of the attribute netlogon, over UDP the LDAP ping. Names live in its own buffer.
type Netlogon struct {
	Flags DCFlags
	GUID  [16]byte // of the domain, as sent
	// Forest and Domain are DNS names, Host that of the controller.
	Forest, Domain, Host           []byte
	NetBIOSDomain, NetBIOSComputer []byte
	// User is the account that was asked about; Unknown says that there is none.
	User    []byte
	Unknown bool
	Paused  bool // the controller takes no sign-ons
	// Site is where the controller is, ClientSite where who asks is.
	Site, ClientSite []byte

	text []byte
}

// The answers: up to version 4 of Windows NT and of Windows 2000, and the extended one ([MS-ADTS] 6.3.1.3).
const (
	samResponse     = 19
	samPause        = 20
	samUnknown      = 21
	samResponseEx   = 23
	samPauseEx      = 24
	samUnknownEx    = 25
	maxNetlogonText = 2048
)

// ParseNetlogon reads a value of the attribute netlogon.
func ParseNetlogon(p []byte, n *Netlogon) error {
	*n = Netlogon{text: n.text[:0]}
	if len(p) < 4 {
		return ErrNetlogon
	}
	op := binary.LittleEndian.Uint16(p)
	n.Paused, n.Unknown = op == samPause || op == samPauseEx, op == samUnknown || op == samUnknownEx
	switch op {
	case samResponseEx, samPauseEx, samUnknownEx:
		return n.extended(p)
	case samResponse, samPause, samUnknown:
		return n.plain(p)
	}
	return ErrNetlogon
}

// extended reads NETLOGON_SAM_LOGON_RESPONSE_EX ([MS-ADTS] 6.3.1.9).
func (n *Netlogon) extended(p []byte) error {
	if len(p) < 24 {
		return ErrNetlogon
	}
	n.Flags = DCFlags(binary.LittleEndian.Uint32(p[4:]))
	copy(n.GUID[:], p[8:])
	at := 24
	for _, f := range []*[]byte{&n.Forest, &n.Domain, &n.Host, &n.NetBIOSDomain, &n.NetBIOSComputer, &n.User, &n.Site, &n.ClientSite} {
		start := len(n.text)
		if at = n.name(p, at); at < 0 {
			return ErrNetlogon
		}
		*f = n.text[start:len(n.text):len(n.text)]
	}
	return nil
}

// plain reads NETLOGON_SAM_LOGON_RESPONSE ([MS-ADTS] 6.3.1.8) and the one before it, which ends behind the domain.
func (n *Netlogon) plain(p []byte) error {
	at := 2
	for i, f := range []*[]byte{&n.NetBIOSComputer, &n.User, &n.NetBIOSDomain} {
		start := len(n.text)
		end := at
		for end+1 < len(p) && (p[end] != 0 || p[end+1] != 0) {
			end += 2
		}
		if end+1 >= len(p) {
			return ErrNetlogon
		}
		text := p[at:min(end, at+512)]
		if i == 0 && len(text) >= 4 && text[0] == '\\' && text[2] == '\\' {
			text = text[4:]
		}
		n.text = ntlm.AppendUTF16(n.text, text)
		*f = n.text[start:len(n.text):len(n.text)]
		at = end + 2
	}
	if at+32 > len(p) {
		return nil
	}
	copy(n.GUID[:], p[at:])
	at += 32 // the domain's, then none
	for _, f := range []*[]byte{&n.Forest, &n.Domain, &n.Host} {
		start := len(n.text)
		if at = n.name(p, at); at < 0 {
			return nil
		}
		*f = n.text[start:len(n.text):len(n.text)]
	}
	if at+8 <= len(p) {
		n.Flags = DCFlags(binary.LittleEndian.Uint32(p[at+4:])) // behind the address
	}
	return nil
}

// name appends a name of labels, which may go on where an earlier one stands (RFC 1035 §4.1.4), to the text. It
// returns where what is behind the name begins, below 0 when it is none.
func (n *Netlogon) name(p []byte, at int) (next int) {
	const pointer = 0xc0
	next = -1
	for hops, labels := 0, 0; at < len(p); {
		size := int(p[at])
		switch {
		case size == 0:
			if next < 0 {
				next = at + 1
			}
			return next
		case size&pointer == pointer:
			if at+1 >= len(p) || hops == 16 {
				return -1
			}
			if next < 0 {
				next = at + 2
			}
			at = (size&^pointer)<<8 | int(p[at+1])
			hops++
			continue
		case size&pointer != 0 || at+1+size > len(p) || len(n.text)+size >= maxNetlogonText:
			return -1
		}
		if labels > 0 {
			n.text = append(n.text, '.')
		}
		n.text = append(n.text, p[at+1:at+1+size]...)
		labels++
		at += 1 + size
	}
	return -1
}

// DCFlags is what a domain controller can and serves ([MS-ADTS] 6.3.1.2).
type DCFlags uint32

// dcFlagNames are named by bit.
var dcFlagNames = [...]string{
	0: "pdc", 2: "global-catalog", 3: "ldap", 4: "directory-service", 5: "kdc", 6: "time", 7: "closest", 8: "writable",
	9: "good-time", 10: "non-domain", 11: "read-only", 12: "full-secrets", 13: "web-service", 14: "windows-2012",
	15: "windows-2012r2", 16: "windows-2016", 29: "dns-controller", 30: "dns-domain", 31: "dns-forest",
}

// AppendNames appends the names of the flags that are set to dst.
func (f DCFlags) AppendNames(dst []string) []string {
	for i := range 32 {
		if f&(1<<i) == 0 {
			continue
		}
		if i < len(dcFlagNames) && dcFlagNames[i] != "" {
			dst = append(dst, dcFlagNames[i])
		} else {
			dst = append(dst, "flag-"+strconv.Itoa(i))
		}
	}
	return dst
}
