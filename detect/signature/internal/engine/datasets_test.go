package engine

import (
	"strings"
	"testing"

	"bulwark/detect/signature/internal/rule"
	"bulwark/wire/inspect"
	"bulwark/wire/packet"
)

// withData is what rules make of files that they name.
func withData(t *testing.T, rules string, files map[string][]byte) *play {
	t.Helper()
	all, errs, err := rule.Parse(strings.NewReader(rules), "rules/test.rules", rule.Options{})
	if err != nil || len(errs) > 0 {
		t.Fatal(err, errs)
	}
	set, refused := Compile(all, Options{Data: files})
	for _, r := range refused {
		t.Fatalf("rule %d is refused: %v", r.Rule.SID, r.Err)
	}
	s := NewShared()
	s.Use(set)
	p := &play{t: t}
	p.w = s.Inspector(p)
	p.connect("10.0.0.7", "192.0.2.1", 50000, 80, packet.TCP)
	p.f.App = "http"
	return p
}

func TestDatasets(t *testing.T) {
	const get = "GET / HTTP/1.1\r\nHost: www.evil.example\r\nUser-Agent: curl\r\n\r\n"
	for _, c := range []struct{ does, rule, file, want string }{
		{"a value of a list is found", `alert http any any -> any any (http.user_agent; dataset:isset,a,type string,load list; sid:1;)`, "Y3VybA==\n", "1 up"},
		{"one that is not in it is not", `alert http any any -> any any (http.user_agent; dataset:isset,a,type string,load list; sid:1;)`, "d2dldA==\n", ""},
		{"what is not in it can be asked for", `alert http any any -> any any (http.user_agent; dataset:isnotset,a,type string,load list; sid:1;)`, "d2dldA==\n", "1 up"},
		{"an address is found", `alert http any any -> any any (http.uri; content:"/"; ip.dst; dataset:isset,a,type ip,load list; sid:1;)`, "192.0.2.1\n", "1 up"},
		{"a reputation is compared", `alert http any any -> any any (http.user_agent; datarep:a,>,5,type string,load list; sid:1;)`, "Y3VybA==,7\n", "1 up"},
		{"a reputation that is less is not told", `alert http any any -> any any (http.user_agent; datarep:a,>,7,type string,load list; sid:1;)`, "Y3VybA==,7\n", ""},
		{"JSON names values by a key", `alert http any any -> any any (http.user_agent; dataset:isset,a,type string,load list,format ndjson,value_key x.y; sid:1;)`, `{"x":{"y":"curl"},"z":1}`, "1 up"},
		{"a name below one of a list is found", `alert http any any -> any any (http.host; dataset:isset,a,type string,match subdomain,load list; sid:1;)`, "ZXZpbC5leGFtcGxl\n", "1 up"},
		{"what is set twice is told once", `alert http any any -> any any (http.user_agent; dataset:set,a,type string; sid:1;)`, "", "1 up"},
	} {
		t.Run(c.does, func(t *testing.T) {
			p := withData(t, c.rule, map[string][]byte{"rules/list": []byte(c.file)})
			p.send(up, get)
			p.connect("10.0.0.8", "192.0.2.9", 50001, 80, packet.TCP)
			p.f.App = "http"
			if c.does == "what is set twice is told once" {
				p.send(up, get)
			}
			if got := strings.Join(p.alerts, ", "); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestOnlyDigestsThatRulesNameAreMade(t *testing.T) {
	const list = "d41d8cd98f00b204e9800998ecf8427e"
	for _, c := range []struct {
		does, rule string
		want       inspect.Digests
	}{
		{"none is asked for", `alert http any any -> any any (file.data; content:"x"; sid:1;)`, 0},
		{"MD5 is", `alert http any any -> any any (filemd5:md5; sid:1;)`, inspect.MD5},
		{"SHA-1 is, beside a name", `alert http any any -> any any (file.name; content:"x"; filesha1:!sha1; sid:1;)`, inspect.SHA1},
	} {
		t.Run(c.does, func(t *testing.T) {
			p := withData(t, c.rule, map[string][]byte{"rules/md5": []byte(list), "rules/sha1": []byte(list + list[:8])})
			if got := p.w.Digests(); got != c.want {
				t.Errorf("got %b, want %b", got, c.want)
			}
		})
	}
}

func FuzzDataset(f *testing.F) {
	f.Add("string", []byte("Y3VybA==,7\n# x\n"), "a.b")
	f.Add("ip", []byte("::ffff:192.0.2.1\n"), "")
	f.Add("md5", []byte(`[{"a":{"b":"e19c1283c925b3206685ff522acfe3e6"}}]`), "a.b")
	f.Fuzz(func(t *testing.T, kind string, text []byte, key string) {
		for _, format := range []string{"json", "ndjson"} {
			d := &dataset{kind: kind, loaded: map[string]entry{}}
			_ = d.readJSON("x", text, map[string]string{"format": format, "value_key": key, "remove_key": "yes"}) // what is no list is refused
		}
		d := &dataset{kind: kind, loaded: map[string]entry{}}
		if d.readLines("x", text) != nil {
			return
		}
		for v := range d.loaded {
			if _, ok := d.find([]byte(v)); !ok {
				t.Errorf("%q was read and is not found", v)
			}
		}
	})
}
