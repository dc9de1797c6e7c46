package verify

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

const record = `{"event_type":"dns","src_port":53,"dns":{"answers":[{"rrname":"a.b","ttl":5}],"rd":true,"id":"7"},"vlan":[6,7]}`

func TestConditionsAreJudgedAsSuricataVerifyDoes(t *testing.T) {
	var r map[string]any
	d := json.NewDecoder(strings.NewReader(record))
	d.UseNumber()
	if err := d.Decode(&r); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what, match string
		want        bool
	}{
		{"a text", "event_type: dns", true},
		{"a number within a list", "dns.answers[0].ttl: 5", true},
		{"a place that is not there", "dns.answers[1].ttl: 5", false},
		{"a number is not its text", "dns.id: 7", false},
		{"nor a text its number", "src_port: '53'", false},
		{"a truth", "dns.rd: true", true},
		{"a list", "vlan: [6, 7]", true},
		{"another list", "vlan: [6]", false},
		{"a key that is there", "has-key: dns.answers", true},
		{"a key that must not be there", "not-has-key: dns.rd", false},
		{"a length", "dns.answers.__len: 1", true},
		{"a beginning", "dns.answers[0].rrname.__startswith: a.", true},
		{"an end", "dns.answers[0].rrname.__endswith: x", false},
		{"more than", "src_port.__gt: 52", true},
	} {
		archive := map[string][]byte{root + "t/test.yaml": []byte("checks:\n- filter:\n    count: 1\n    match:\n      " + c.match + "\n")}
		test, err := Load(archive, "t")
		if err != nil {
			t.Fatal(err)
		}
		if why := test.Checks[0].Judge([]map[string]any{r}); (why == "") != c.want {
			t.Errorf("%s (%s): got %q, want it to hold: %t", c.what, c.match, why, c.want)
		}
	}
}

func TestTestsForOthersDoNotApply(t *testing.T) {
	for _, c := range []struct {
		what, requires string
		want           bool
	}{
		{"an older version and later", "min-version: 8.0.3", true},
		{"a later one", "min-version: 99", false},
		{"before an older one", "lt-version: 8", false},
		{"a build with Lua", "features: [HAVE_LUA]", false},
		{"a build with JA4", "features: [HAVE_JA4]", true},
	} {
		_, err := Load(map[string][]byte{root + "t/test.yaml": []byte("requires:\n  " + c.requires + "\n")}, "t")
		if got := !errors.Is(err, ErrNotOurs); got != c.want {
			t.Errorf("%s: applies %t, want %t (%v)", c.what, got, c.want, err)
		}
	}
}

func TestTheConfigurationChoosesWhatIsWritten(t *testing.T) {
	config := "outputs:\n- eve-log:\n    community-id-seed: 7\n    types:\n    - dns:\n        version: 2\n        requests: no\n        types: [mx]\n    - files\n    - http:\n        dump-all-headers: both\n"
	test, err := Load(map[string][]byte{root + "t/test.yaml": []byte("pcap: false\n"), root + "t/suricata.yaml": []byte(config)}, "t")
	if err != nil {
		t.Fatal(err)
	}
	o := test.Options()
	if !o.DNS2 || !o.NoDNSRequests || o.NoDNSResponses || len(o.DNSTypes) != 1 || o.Seed != 7 || !o.Headers || strings.Join(o.Types, " ") != "dns fileinfo http" {
		t.Errorf("got %+v", o)
	}
}

func TestWhatIsNoOptionIsAFilter(t *testing.T) {
	for args, want := range map[string]string{
		"-k none port 22":                                  "port 22",
		"--set stream.midstream=true -k none":              "",
		"--runmode=single -S test.rules not host 10.0.0.1": "not host 10.0.0.1",
		"--simulate-ips":                                   "",
	} {
		test := Test{Args: strings.Fields(args)}
		if got := test.Filter(); got != want {
			t.Errorf("%s: got %q, want %q", args, got, want)
		}
	}
}
