package ldap

import (
	"encoding/binary"
	"strconv"
)

// AppendSID appends the text of a security identifier, "S-1-5-21-1-2-3-500", to dst ([MS-DTYP] 2.4.2). What is none is
// left out.
func AppendSID(dst, p []byte) []byte {
	if len(p) < 8 || p[0] != 1 || p[1] > 15 || len(p) < 8+4*int(p[1]) {
		return dst
	}
	dst = append(dst, "S-1-"...)
	dst = strconv.AppendUint(dst, uint64(binary.BigEndian.Uint16(p[2:]))<<32|uint64(binary.BigEndian.Uint32(p[4:])), 10)
	for i := range int(p[1]) {
		dst = append(dst, '-')
		dst = strconv.AppendUint(dst, uint64(binary.LittleEndian.Uint32(p[8+4*i:])), 10)
	}
	return dst
}

// AppendAllowed appends the identifiers of those whom a security descriptor allows something, a comma between, to dst
// ([MS-DTYP] 2.4.6). What is none is left out.
func AppendAllowed(dst, p []byte) []byte {
	const relative = 0x8000
	if len(p) < 20 || p[0] != 1 || binary.LittleEndian.Uint16(p[2:])&relative == 0 {
		return dst
	}
	at := int(binary.LittleEndian.Uint32(p[16:]))
	if at < 20 || at > len(p)-8 {
		return dst
	}
	count := int(binary.LittleEndian.Uint16(p[at+4:]))
	first := len(dst)
	for at += 8; count > 0 && at+8 <= len(p); count-- {
		kind, size := p[at], int(binary.LittleEndian.Uint16(p[at+2:]))
		if size < 8 || at+size > len(p) {
			return dst
		}
		if sid := trustee(kind, p[at+8:at+size]); sid != nil {
			if len(dst) > first {
				dst = append(dst, ',')
			}
			dst = AppendSID(dst, sid)
		}
		at += size
	}
	return dst
}

// trustee is the identifier in what follows the access mask of an entry that allows ([MS-DTYP] 2.4.4.2, 2.4.4.3); nil
// when it is of another kind.
func trustee(kind uint8, p []byte) []byte {
	const allowed, allowedObject, guid = 0, 5, 16
	switch {
	case kind == allowed:
		return p
	case kind == allowedObject && len(p) >= 4:
		skip := 4
		for flags := p[0]; flags&3 != 0; flags &= flags - 1 { // of what object, and inherited by which
			skip += guid
		}
		if skip <= len(p) {
			return p[skip:]
		}
	}
	return nil
}
