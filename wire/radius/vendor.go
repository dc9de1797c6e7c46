package radius

import (
	"bytes"
	"encoding/binary"
)

// Makers whose attributes are read (IANA registry "Private Enterprise Numbers").
const (
	Cisco     = 9
	Microsoft = 311
	Airespace = 14179 // Cisco's wireless controllers
	Aruba     = 14823
	Ruckus    = 25053
)

const (
	msCHAPResponse  = 1
	msCHAPError     = 2
	msCHAPDomain    = 10
	msCHAP2Response = 25
	msRASClient     = 34
	msMachine       = 50
)

// MakerName is who makes devices of such attributes; empty for others.
func MakerName(maker uint32) string {
	switch maker {
	case Cisco, Airespace:
		return "Cisco"
	case 11:
		return "HP"
	case Microsoft:
		return "Microsoft"
	case 1588:
		return "Brocade"
	case 1916:
		return "Extreme Networks"
	case 2011:
		return "Huawei"
	case 2636:
		return "Juniper"
	case 12356:
		return "Fortinet"
	case Aruba:
		return "Aruba"
	case 14988:
		return "MikroTik"
	case 17713:
		return "Cambium"
	case Ruckus:
		return "Ruckus"
	case 25461:
		return "Palo Alto Networks"
	case 25506:
		return "H3C"
	case 26928:
		return "Aerohive"
	case 29671:
		return "Meraki"
	case 41112:
		return "Ubiquiti"
	}
	return ""
}

// Form says what the value of an attribute is. Zero: it is not told.
type Form uint8

// The forms.
const (
	Secret  Form = iota // or of no use
	Text                // as it stands
	Number              // of 32 bits
	Address             // of IPv4
	Pair                // a name, an equals sign and a value; told where [Told] says so
)

// Known is the name of an attribute and what its value is. An attribute that nobody needs to read, or that holds a secret,
// has the zero Form.
func (a *Vendor) Known() (name string, form Form) {
	switch a.Maker {
	case Cisco:
		return ciscoName(a.Type)
	case Microsoft:
		return microsoftName(a.Type)
	case Airespace:
		return airespaceName(a.Type)
	case Aruba:
		return arubaName(a.Type)
	case Ruckus:
		return ruckusName(a.Type)
	}
	return "", Secret
}

func ciscoName(n uint8) (string, Form) {
	switch n {
	case 1:
		return "Cisco-AVPair", Pair
	case 2:
		return "Cisco-NAS-Port", Text
	}
	return "", Secret
}

func microsoftName(n uint8) (string, Form) {
	switch n {
	case msCHAPDomain:
		return "MS-CHAP-Domain", Text
	case 18:
		return "MS-RAS-Version", Text
	case msRASClient:
		return "MS-RAS-Client-Name", Text
	case 35:
		return "MS-RAS-Client-Version", Text
	case 42:
		return "MS-Service-Class", Text
	case 45:
		return "MS-Quarantine-State", Number
	case msMachine:
		return "MS-Machine-Name", Text
	case 61:
		return "MS-User-IPv4-Address", Address
	}
	return "", Secret
}

func airespaceName(n uint8) (string, Form) {
	switch n {
	case 1:
		return "Airespace-Wlan-Id", Number
	case 2:
		return "Airespace-QOS-Level", Number
	case 5:
		return "Airespace-Interface-Name", Text
	case 6:
		return "Airespace-ACL-Name", Text
	case 11:
		return "Airespace-Guest-Role-Name", Text
	}
	return "", Secret
}

func arubaName(n uint8) (string, Form) {
	switch n {
	case 1:
		return "Aruba-User-Role", Text
	case 2:
		return "Aruba-User-Vlan", Number
	case 3:
		return "Aruba-Priv-Admin-User", Number
	case 4:
		return "Aruba-Admin-Role", Text
	case 5:
		return "Aruba-Essid-Name", Text
	case 6:
		return "Aruba-Location-Id", Text
	case 7:
		return "Aruba-Port-Identifier", Text
	case 9:
		return "Aruba-Named-User-Vlan", Text
	case 10:
		return "Aruba-AP-Group", Text
	case 12:
		return "Aruba-Device-Type", Text
	case 19:
		return "Aruba-Mdps-Device-Name", Text
	case 20:
		return "Aruba-Mdps-Device-Product", Text
	case 23:
		return "Aruba-CPPM-Role", Text
	case 34:
		return "Aruba-AP-IP-Address", Address
	case 46:
		return "Aruba-Command-String", Secret // what an administrator typed may hold a password
	case 60:
		return "Aruba-AP-MAC-Address", Text
	}
	return "", Secret
}

func ruckusName(n uint8) (string, Form) {
	switch n {
	case 1:
		return "Ruckus-User-Groups", Text
	case 2:
		return "Ruckus-Sta-RSSI", Number
	case 3:
		return "Ruckus-SSID", Text
	case 4:
		return "Ruckus-Wlan-Id", Number
	case 5:
		return "Ruckus-Location", Text
	case 9:
		return "Ruckus-VLAN-ID", Number
	}
	return "", Secret
}

// Number is the value of an attribute of that form.
func (a *Vendor) Number() (n uint32, ok bool) {
	if len(a.Value) != 4 {
		return 0, false
	}
	return binary.BigEndian.Uint32(a.Value), true
}

// pairs are the names in Cisco's pairs that say what a session is, what it may do and what the device is. Others hold keys,
// passwords, or addresses with a session's secret in them, and are never told.
var pairs = [...]string{"audit-session-id", "service-type", "method", "vlan-id", "vlan", "cisco-wlan-ssid", "wlan-profile-name",
	"client-iif-id", "priv-lvl", "shell:priv-lvl", "shell:roles", "device-traffic-class", "url-redirect-acl", "cts:security-group-tag",
	"ACS:CiscoSecure-Defined-ACL", "subscriber:command", "subscriber:reauthenticate-type", "connect-progress", "disc-cause-ext",
	"mdm-tlv=device-platform", "mdm-tlv=device-mac", "mdm-tlv=ac-user-agent", "mdm-tlv=device-type", "http-tlv", "interface-template-name"}

// Told reports whether a pair may be told.
func (a *Vendor) Told() bool {
	for _, name := range pairs {
		if n := len(name); len(a.Value) > n && a.Value[n] == '=' && string(a.Value[:n]) == name {
			return printable(a.Value)
		}
	}
	return false
}

func printable(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c == 0x7f {
			return false
		}
	}
	return true
}

// find is the value of an attribute of a maker, nil when it is not there.
func (m *Message) find(maker uint32, kind uint8) []byte {
	for i := range m.Vendors {
		if v := &m.Vendors[i]; v.Maker == maker && v.Type == kind {
			return v.Value
		}
	}
	return nil
}

// SSID is the name of the wireless network that a maker's attribute tells; nil for none. See also [Station].
func (m *Message) SSID() []byte {
	if v := m.find(Aruba, 5); v != nil {
		return v
	}
	if v := m.find(Ruckus, 3); v != nil {
		return v
	}
	for i := range m.Vendors {
		if v := &m.Vendors[i]; v.Maker == Cisco && v.Type == 1 {
			if ssid, ok := bytes.CutPrefix(v.Value, []byte("cisco-wlan-ssid=")); ok {
				return ssid
			}
		}
	}
	return nil
}

// Machine is the name that a device of Microsoft's gives itself; nil for none.
func (m *Message) Machine() []byte {
	if v := m.find(Microsoft, msMachine); v != nil {
		return v
	}
	return m.find(Microsoft, msRASClient)
}

// Domain is the domain of the user that Microsoft's attributes tell, nil for none.
func (m *Message) Domain() []byte {
	if v := m.find(Microsoft, msCHAPDomain); len(v) > 1 { // RFC 2548 §2.1.4: an identifier stands before it
		return v[1:]
	}
	return nil
}

// Refusal is why a sign-on with MS-CHAP was refused (RFC 2548 §2.1.5, RFC 2433 §9): empty when it is not told. The text
// itself holds a challenge and is not handed out.
func (m *Message) Refusal() string {
	v := m.find(Microsoft, msCHAPError)
	at := bytes.Index(v, []byte("E="))
	if at < 0 {
		return ""
	}
	switch string(before(v[at+2:], ' ')) {
	case "646":
		return "restricted logon hours"
	case "647":
		return "account disabled"
	case "648":
		return "password expired"
	case "649":
		return "no dialin permission"
	case "691":
		return "authentication failure"
	case "709":
		return "changing password"
	}
	return ""
}

// Maker is who makes the device that asks, by its own attributes; empty when it does not show.
func (m *Message) Maker() string {
	for i := range m.Vendors {
		if v := &m.Vendors[i]; v.Maker != Microsoft {
			if name := MakerName(v.Maker); name != "" {
				return name
			}
		}
	}
	return ""
}
