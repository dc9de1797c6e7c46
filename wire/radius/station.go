package radius

// Station is what a Called- or Calling-Station-Id tells: a hardware address, behind which the name of a wireless network may
// stand (RFC 3580 §3.20: "00-10-A4-23-19-C0:AP1").
type Station struct {
	MAC   [6]byte
	IsMAC bool
	SSID  []byte
	Rest  []byte // what it tells else: a telephone number, an address
}

// ParseStation reads one in any of the forms that are in use: 00-10-A4-23-19-C0, 00:10:a4:23:19:c0, 0010.a423.19c0,
// 0010-a423-19c0, 0010a4-2319c0, 0010a42319c0.
func ParseStation(b []byte) Station {
	mac, rest, ok := cutMAC(b)
	switch {
	case !ok:
		return Station{Rest: b}
	case len(rest) > 1 && rest[0] == ':':
		return Station{MAC: mac, IsMAC: true, SSID: rest[1:]}
	case len(rest) == 0 || len(rest) == 1 && rest[0] == ':':
		return Station{MAC: mac, IsMAC: true}
	}
	return Station{Rest: b}
}

// cutMAC reads the hardware address that b begins with.
func cutMAC(b []byte) (mac [6]byte, rest []byte, ok bool) {
	i := 0
	group := 0 // digits between separators: 2, 4 or 6; 0 without any
	for n := 0; n < 12; n++ {
		if n == 2 || n == 4 || n == 6 {
			if group == 0 && i < len(b) && separator(b[i]) {
				group = n
			}
		}
		if group > 0 && n > 0 && n%group == 0 {
			if i >= len(b) || b[i] != b[group] {
				return mac, nil, false
			}
			i++
		}
		if i >= len(b) {
			return mac, nil, false
		}
		d, isHex := digit(b[i])
		if !isHex {
			return mac, nil, false
		}
		mac[n/2] = mac[n/2]<<4 | d
		i++
	}
	return mac, b[i:], true
}

func separator(c byte) bool { return c == '-' || c == ':' || c == '.' }

func digit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}
