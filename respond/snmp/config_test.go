package snmp

import (
	"strings"
	"testing"

	"bulwark/platform/conf"
)

func TestConfig(t *testing.T) {
	for _, tt := range []struct{ it, text, want string }{
		{"version 3", "switches: [{name: ward, address: 10.9.0.1, user: bulwark, sign_secret: a, encrypt_secret: b, encrypts: aes256c, vlan: 999}]", ""},
		{"version 2c", "switches: [{name: ward, address: 10.9.0.1, version: 2c, community: word}]", ""},
		{"version 3 without a secret", "switches: [{name: ward, address: 10.9.0.1, user: bulwark, sign_secret: a}]", "switches[0].sign_secret: version 3 needs"},
		{"version 3 without a user", "switches: [{name: ward, address: 10.9.0.1}]", "switches[0].user: version 3 asks"},
		{"version 1", "switches: [{name: ward, address: 10.9.0.1, version: '1', community: word}]", "switches[0].version: \"1\" is none of"},
		{"version 2c without a community", "switches: [{name: ward, address: 10.9.0.1, version: 2c}]", "switches[0].community: version 2c"},
		{"a signature that is weak", "switches: [{name: ward, address: 10.9.0.1, user: u, sign_secret: a, encrypt_secret: b, signs: md5}]", "switches[0].signs: \"md5\" is none of"},
		{"a cipher that is weak", "switches: [{name: ward, address: 10.9.0.1, user: u, sign_secret: a, encrypt_secret: b, encrypts: des}]", "switches[0].encrypts: \"des\" is none of"},
		{"a VLAN that is none", "switches: [{name: ward, address: 10.9.0.1, vlan: 5000}]", "switches[0].vlan: 5000 is no number"},
		{"no address", "switches: [{name: ward}]", "switches[0].address: it says where"},
		{"two of one name", "switches: [{name: a, address: 10.9.0.1, version: 2c, community: w}, {name: a, address: 10.9.0.2, version: 2c, community: w}]", "switches[1].name: \"a\" is the name of two"},
	} {
		var c Config
		err := conf.Load(strings.NewReader(tt.text), "x.yaml", &c)
		if (tt.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.it, err, tt.want)
		}
	}
}
