package ftp

import (
	"bytes"
	"net/netip"
	"strconv"
)

// parseSix finds "h1,h2,h3,h4,p1,p2" in p (RFC 959 §4.1.2). Servers write it in brackets, or not (RFC 1123 §4.1.2.6).
func parseSix(p []byte) (netip.Addr, uint16) {
	var n [6]byte
	if !numbers(p, n[:]) {
		return netip.Addr{}, 0
	}
	return netip.AddrFrom4([4]byte(n[:4])), uint16(n[4])<<8 | uint16(n[5])
}

// numbers reads as many numbers of at most 255, with commas between them, as fit into to.
func numbers(p []byte, to []byte) bool {
	for start := 0; start < len(p); start++ {
		if digit(p[start]) && (start == 0 || !digit(p[start-1])) && numbersAt(p[start:], to) {
			return true
		}
	}
	return false
}

func numbersAt(p []byte, to []byte) bool {
	for i := range to {
		if i > 0 {
			if len(p) == 0 || p[0] != ',' {
				return false
			}
			p = bytes.TrimLeft(p[1:], " ")
		}
		n, k := 0, 0
		for k < len(p) && k < 4 && digit(p[k]) {
			n = n*10 + int(p[k]-'0')
			k++
		}
		if k == 0 || n > 255 {
			return false
		}
		to[i], p = byte(n), p[k:]
	}
	return true
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

// parseExtended reads "|2|2001:db8::1|5282|" and "(|||5282|)" (RFC 2428 §2, §3). Any character may stand for the bar.
func parseExtended(p []byte) (addr netip.Addr, port uint16) {
	if i := bytes.IndexByte(p, '('); i >= 0 {
		p = p[i+1:]
	}
	if len(p) < 4 {
		return addr, 0
	}
	var parts [3][]byte
	rest := p[1:]
	for i := range parts {
		found := false
		if parts[i], rest, found = bytes.Cut(rest, p[:1]); !found && i < len(parts)-1 {
			return addr, 0
		}
	}
	if len(parts[1]) > 0 {
		a, err := netip.ParseAddr(string(parts[1][:min(len(parts[1]), 45)]))
		if err != nil {
			return addr, 0
		}
		addr = a.Unmap()
	}
	n, err := strconv.ParseUint(string(parts[2][:min(len(parts[2]), 6)]), 10, 16)
	if err != nil {
		return netip.Addr{}, 0
	}
	return addr, uint16(n)
}

// parseLong reads "6,16,h1,...,h16,2,p1,p2" (RFC 1639 §4).
func parseLong(p []byte) (netip.Addr, uint16) {
	var v4 [9]byte
	if numbers(p, v4[:]) && v4[0] == 4 && v4[1] == 4 && v4[6] == 2 {
		return netip.AddrFrom4([4]byte(v4[2:6])), uint16(v4[7])<<8 | uint16(v4[8])
	}
	var v6 [21]byte
	if numbers(p, v6[:]) && v6[0] == 6 && v6[1] == 16 && v6[18] == 2 {
		return netip.AddrFrom16([16]byte(v6[2:18])), uint16(v6[19])<<8 | uint16(v6[20])
	}
	return netip.Addr{}, 0
}
