package makers

import "testing"

func TestOf(t *testing.T) {
	m, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	for mac, want := range map[string]string{
		"00:09:fb:12:34:56": "Philips Patient Monitoring",
		"00:00:0c:12:34:56": "Cisco Systems, Inc",
		"02:42:ac:11:00:02": "",
		"":                  "",
		"00:00":             "",
	} {
		if got := m.Of(mac); got != want {
			t.Errorf("%s: got %q, want %q", mac, got, want)
		}
	}
}
