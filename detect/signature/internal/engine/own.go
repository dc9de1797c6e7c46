package engine

import (
	"strings"

	"bulwark/detect/signature/internal/field"
	"bulwark/detect/signature/internal/rule"
)

// compileOwn makes a test of a keyword with a syntax of its own: it is asked of each value of the field.
func compileOwn(f *field.Field, t *rule.Own) (func([]byte) bool, error) {
	if f == nil {
		return nil, unsupported(t.Name)
	}
	switch f.Name {
	case "dcerpc.iface":
		return interfaceTest(t), nil
	case "dcerpc.opnum":
		return opnumTest(t), nil
	case "tls.cert_notbefore":
		return validityTest(t, 0), nil
	case "tls.cert_notafter":
		return validityTest(t, 1), nil
	case "ssl_state":
		return stateTest(t), nil
	case "ssl_version":
		return versionTest(t), nil
	case "ssh.proto":
		return protoTest(t), nil
	case "ike.chosen_sa_attribute":
		return attributeTest(t), nil
	case "dnp3.obj":
		return objectTest(t), nil
	case "cip_service":
		return serviceTest(t), nil
	case "modbus":
		return modbusTest(t), nil
	case "nfs_procedure":
		return procedureTest(t), nil
	}
	return nil, unsupported(t.Name)
}

// withoutOwn is l without its n tests that are compiled elsewhere.
func withoutOwn(l rule.Looked, n int) rule.Looked {
	if n == 0 {
		return l
	}
	var rest []rule.Test
	for _, t := range l.Tests {
		if _, ok := t.(*rule.Own); !ok {
			rest = append(rest, t)
		}
	}
	l.Tests = rest
	return l
}

// alsoQUIC reports whether a rule about TLS looks at nothing but fingerprints, which QUIC has too.
func (c *compiled) alsoQUIC() bool {
	for i := range c.looks {
		if f := c.looks[i].field; f == nil || !strings.HasPrefix(f.Name, "ja") {
			return false
		}
	}
	return true
}
