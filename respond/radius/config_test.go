package radius

import (
	"strings"
	"testing"

	"bulwark/platform/conf"
)

func TestConfig(t *testing.T) {
	for _, tt := range []struct{ it, text, want string }{
		{"a network of switches", "nas: [{name: wards, address: 10.9.0.0/24, secret: s, vlan: '999', attributes: ['9:1=subscriber:command=reauthenticate', '11=Q'], release: [64=0x0000000d], mac: dots}]", ""},
		{"no address", "nas: [{name: wards, secret: s}]", "nas[0].address: it says where"},
		{"no address that is one", "nas: [{name: wards, address: wards, secret: s}]", "nas[0].address: \"wards\" is neither"},
		{"no secret", "nas: [{name: wards, address: 10.9.0.1}]", "nas[0].secret: the switch takes no order"},
		{"two of one name", "nas: [{name: a, address: 10.9.0.1, secret: s}, {name: a, address: 10.9.0.2, secret: s}]", "nas[1].name: \"a\" is the name of two"},
		{"an attribute without a value", "nas: [{name: a, address: 10.9.0.1, secret: s, attributes: ['11=']}]", "\"11=\" is no attribute"},
		{"an attribute that is no bytes", "nas: [{name: a, address: 10.9.0.1, secret: s, attributes: ['11=0xq']}]", "invalid byte"},
		{"a way to write addresses that is none", "nas: [{name: a, address: 10.9.0.1, secret: s, mac: upper}]", "nas[0].mac: \"upper\" is none of"},
	} {
		var c Config
		err := conf.Load(strings.NewReader(tt.text), "x.yaml", &c)
		if (tt.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.it, err, tt.want)
		}
		if err == nil && (len(c.NAS) != 1 || !c.NAS[0].quarantines() || len(c.NAS[0].Attributes) != 2 || len(c.NAS[0].Release[0].value) != 4 || c.NAS[0].station("00:11:22:aa:bb:cc").shown != "Calling-Station-Id=0011.22aa.bbcc") {
			t.Errorf("%s: got %+v", tt.it, c)
		}
	}
}
