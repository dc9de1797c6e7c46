package snmp

import "bulwark/wire/ber"

// Fact is what a binding tells of the device that answers.
type Fact uint8

// The facts, with the objects that hold them.
const (
	NoFact   Fact = iota
	Descr         // sysDescr.0 (RFC 3418): make, model and software in the maker's words
	ObjectID      // sysObjectID.0: an identifier of the model below its maker's enterprise number
	Name          // sysName.0
	Location      // sysLocation.0
	Serial        // prtGeneralSerialNumber.1 (RFC 3805), entPhysicalSerialNum.1 (RFC 6933)
	Model         // hrDeviceDescr.1 (RFC 2790), entPhysicalModelName.1
	Maker         // entPhysicalMfgName.1
	Software      // entPhysicalSoftwareRev.1
)

// facts are the bodies of the identifiers of these objects.
var facts = [...]struct {
	name string
	fact Fact
}{
	{"\x2b\x06\x01\x02\x01\x01\x01\x00", Descr},
	{"\x2b\x06\x01\x02\x01\x01\x02\x00", ObjectID},
	{"\x2b\x06\x01\x02\x01\x01\x05\x00", Name},
	{"\x2b\x06\x01\x02\x01\x01\x06\x00", Location},
	{"\x2b\x06\x01\x02\x01\x2b\x05\x01\x01\x11\x01", Serial},
	{"\x2b\x06\x01\x02\x01\x19\x03\x02\x01\x03\x01", Model},
	{"\x2b\x06\x01\x02\x01\x2f\x01\x01\x01\x01\x0a\x01", Software},
	{"\x2b\x06\x01\x02\x01\x2f\x01\x01\x01\x01\x0b\x01", Serial},
	{"\x2b\x06\x01\x02\x01\x2f\x01\x01\x01\x01\x0c\x01", Maker},
	{"\x2b\x06\x01\x02\x01\x2f\x01\x01\x01\x01\x0d\x01", Model},
}

// mib2 is what all their identifiers begin with: 1.3.6.1.2.1.
const mib2 = "\x2b\x06\x01\x02\x01"

// Fact is what b tells, with the text, or the body of the identifier, that tells it.
func (b *Binding) Fact() (Fact, []byte) {
	if len(b.Name) < 8 || string(b.Name[:len(mib2)]) != mib2 || b.Value.Tag != ber.OctetString && b.Value.Tag != ber.OID {
		return NoFact, nil
	}
	for i := range facts {
		if string(b.Name) == facts[i].name && len(b.Value.Body) > 0 && (facts[i].fact == ObjectID) == (b.Value.Tag == ber.OID) {
			return facts[i].fact, b.Value.Body
		}
	}
	return NoFact, nil
}

// enterprises is 1.3.6.1.4.1, below which each maker has a number.
const enterprises = "\x2b\x06\x01\x04\x01"

// EnterpriseOf is the number of the maker below whose enterprise an object identifier stands; 0 for another one.
func EnterpriseOf(oid []byte) uint32 {
	if len(oid) <= len(enterprises) || string(oid[:len(enterprises)]) != enterprises {
		return 0
	}
	var n uint32
	for _, b := range oid[len(enterprises):] {
		if n >= 1<<25 {
			return 0
		}
		n = n<<7 | uint32(b&0x7f)
		if b&0x80 == 0 {
			return n
		}
	}
	return 0
}

// Enterprise is the maker that IANA gave a number (Private Enterprise Numbers); empty for one that is not listed here.
func Enterprise(n uint32) string {
	for i := range makers {
		if makers[i].number == n {
			return makers[i].name
		}
	}
	return ""
}

var makers = [...]struct {
	number uint32
	name   string
}{
	{2, "IBM"}, {9, "Cisco"}, {11, "Hewlett-Packard"}, {42, "Sun Microsystems"}, {43, "3Com"}, {171, "D-Link"},
	{207, "Allied Telesis"}, {253, "Xerox"}, {311, "Microsoft"}, {318, "American Power Conversion"},
	{343, "Intel"}, {367, "Ricoh"}, {368, "Axis"}, {534, "Eaton"}, {641, "Lexmark"}, {674, "Dell"},
	{789, "NetApp"}, {1248, "Epson"}, {1347, "Kyocera"}, {1588, "Brocade"}, {1602, "Canon"},
	{1916, "Extreme Networks"}, {1991, "Foundry Networks"}, {2011, "Huawei"}, {2021, "Net-SNMP"},
	{2435, "Brother"}, {2620, "Check Point"}, {2636, "Juniper"}, {3375, "F5"}, {3833, "Schneider Electric"},
	{4526, "NETGEAR"}, {5624, "Enterasys"}, {6574, "Synology"}, {6876, "VMware"}, {8072, "Net-SNMP"},
	{10642, "Zebra"}, {12356, "Fortinet"}, {14823, "Aruba"}, {14988, "MikroTik"}, {18334, "Konica Minolta"},
	{24681, "QNAP"}, {25461, "Palo Alto Networks"}, {41112, "Ubiquiti"},
}
