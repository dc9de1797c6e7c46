package register

import "time"

// rule says what an identifier is worth.
type rule struct {
	// atOnce is at how many addresses of one family a device may show the same value at the same time. More means that
	// several have it: a router's link address, a cloned disk's key, a title that every workstation was given.
	atOnce int
	// single means that a device has one value: two values are two devices.
	single bool
	// crowd is how many values at one address mean that several devices speak behind it; 0: no number does.
	crowd int
}

// ruleOf is the rule of an identifier; false for a field that joins nothing.
func ruleOf(f Field) (rule, bool) {
	switch f {
	case MAC:
		return rule{atOnce: 8}, true
	case Serial:
		return rule{atOnce: 8, single: true, crowd: 3}, true
	case UID:
		return rule{atOnce: 8, crowd: 8}, true
	case Engine:
		return rule{atOnce: 8, single: true, crowd: 3}, true
	case HostKey:
		return rule{atOnce: 4, crowd: 8}, true
	case GUID:
		return rule{atOnce: 4, crowd: 8}, true
	case Hostname:
		return rule{atOnce: 4, single: true, crowd: 4}, true
	case AE:
		return rule{atOnce: 1}, true
	case Cert:
		return rule{atOnce: 1}, true
	case byPerson:
		return rule{atOnce: maxSharers}, true
	}
	return rule{}, false
}

func (f Field) joins() bool {
	_, ok := ruleOf(f)
	return ok
}

// byPerson is the identifier that a person gives traces to join them.
const byPerson Field = "merged"

// pause is for how long an identifier must not have been seen at an address before another of its kind there means that
// the address changed hands.
const pause = int64(10 * time.Minute)

// worthless reports whether a value is one that many devices have.
func (r *Register) worthless(f Field, v string) bool {
	return f == Hostname && r.Generic != nil && r.Generic(v) || worthless(f, v)
}

// worthless are values that many makers and installers leave as they are. Host names are the caller's to tell ([Register]).
func worthless(f Field, v string) bool {
	switch f {
	case Serial:
		return uniform(v) || len(v) < 4
	case MAC:
		return v == "00:00:00:00:00:00" || v == "ff:ff:ff:ff:ff:ff" || len(v) != 17 || multicast(v) || uniform(v) ||
			v == "12:34:56:78:9a:bc" // of the virtual switch of Azure, which answers for everybody
	case AE:
		switch v {
		case "ANY-SCP", "ANYSCP", "STORESCU", "STORESCP", "ECHOSCU", "FINDSCU", "MOVESCU", "GETSCU", "PYNETDICOM", "DCMTK", "ANONYMOUS", "DEFAULT":
			return true // what toolkits use when nobody says another
		}
	case UID:
		return uniform(v)
	}
	return v == ""
}

// uniform reports whether a value is one character over and over, or a run of digits that nobody gave.
func uniform(v string) bool {
	switch v {
	case "12345", "123456", "1234567", "12345678", "123456789", "1234567890", "0123456789":
		return true
	}
	for i := 1; i < len(v); i++ {
		if v[i] != v[0] && v[i] != '-' && v[i] != ':' && v[i] != ' ' {
			return false
		}
	}
	return true
}

// multicast reports whether a link address names a group (IEEE 802: the lowest bit of the first octet).
func multicast(mac string) bool {
	c := mac[1]
	switch c {
	case '1', '3', '5', '7', '9', 'b', 'd', 'f', 'B', 'D', 'F':
		return true
	}
	return false
}

// random reports whether a link address was made up by the device, and may be another tomorrow (IEEE 802c: locally
// administered).
func random(mac string) bool {
	if len(mac) != 17 || mac[:8] == "52:54:00" { // QEMU's: given once to a virtual machine
		return false
	}
	switch mac[1] {
	case '2', '6', 'a', 'e', 'A', 'E', '3', '7', 'b', 'f', 'B', 'F':
		return true
	}
	return false
}
