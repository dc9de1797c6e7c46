package logs

import (
	"strings"
	"testing"

	"bulwark/platform/conf"
)

func TestClientsOfRADIUS(t *testing.T) {
	for _, c := range []struct {
		does, address, secret, want string
	}{
		{"an address", "10.0.0.7", "x", ""},
		{"a network", "10.0.0.0/24", "x", ""},
		{"a name", "switch7", "x", "neither an address nor a network"},
		{"no secret", "10.0.0.7", "", "missing"},
	} {
		k := RADIUSClient{Address: c.address}
		if c.secret != "" {
			k.Secret = conf.NewSecret(c.secret)
		}
		err := k.Check()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", c.does, err, c.want)
		}
	}
	if err := (&RADIUS{Listen: ":1813"}).Check(); err == nil {
		t.Error("a server of which nobody is a client: got no error")
	}
}
