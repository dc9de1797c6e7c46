package rule

import (
	"strings"
	"testing"
)

// FuzzParse says that no text breaks the reader, that each fault has a place in it, and that what is read of a rule is
// read again of its own text.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`alert http $HOME_NET any -> [10.0.0.0/8,!10.1.0.0/16] [80,!81] (msg:"a\;"; flow:to_server; content:"|41 42|"; http_uri; nocase; pcre:"/a(.)/Ui, flow:x"; sid:1; rev:2;)`,
		"#alert tcp any any <> any any (byte_extract:2,0,l,relative; \\\n content:\"a\"; depth:l; byte_test:4,!&,l,0,string,hex; sid:2;)",
		`alert dns any any -> any any (dns.query; dotprefix; content:".a"; endswith; dataset:isset,x,type string,load a; threshold:type limit, track by_src, count 1, seconds 2; sid:3;)`,
		`accept:hook,alert tls:client_hello any any -> any any (requires:version >= 8, feature ja3; ja3.hash; content:"0123456789abcdef0123456789abcdef"; sid:4;)`,
		`alert modbus any any -> any any (modbus:unit 1<>5, access write holding, address 1, value >2; mqtt.type:CONNECT,all,1:-1; http2.window:&0xf0=0x10,nb>2; sid:5;)`,
		`alert ip any any -> any any (xbits:set,a,track ip_src,expire 3; flowint:a,+,1; tag:session,5,packets; asn1:oversize_length 5; entropy:value 3-4; sid:6;)`,
		"alert tcp any any -> any any (sid:1;",
		"\\\n\\\n\r\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rules, errs, err := Parse(strings.NewReader(text), "f", Options{})
		if err != nil {
			t.Fatalf("got %v of a reader that does not fail", err)
		}
		lines := strings.Count(text, "\n") + 1
		for _, e := range errs {
			if e.Pos.Line < 1 || e.Pos.Line > lines || e.Pos.Column < 1 || e.Pos.Column > len(text)+1 || e.Reason == "" {
				t.Fatalf("got a fault at %v of a text of %d lines: %q", e.Pos, lines, e.Reason)
			}
		}
		for _, r := range rules {
			again, err := NewParser(Options{}).Rule(r.Text, "f")
			if err != nil {
				t.Fatalf("%q was read, and again: %v", r.Text, err)
			}
			if got, want := describe(again), describe(r); got != want || again.SID != r.SID {
				t.Fatalf("%q: got %s, want %s", r.Text, got, want)
			}
		}
	})
}

// FuzzOverrides says that no text breaks the readers of the other files.
func FuzzOverrides(f *testing.F) {
	f.Add("suppress gen_id 1, sig_id 2, track by_src, ip [10.0.0.1,$HOME_NET]\nrate_filter gen_id 1, sig_id 1, track by_dst, count 1, seconds 2, new_action drop, timeout 3")
	f.Add("config classification: a,b,1\nconfig reference: a b")
	f.Fuzz(func(t *testing.T, text string) {
		for _, read := range []func() error{
			func() error { _, _, err := NewParser(Options{}).Overrides(strings.NewReader(text), "f"); return err },
			func() error { _, _, err := Classes(strings.NewReader(text), "f"); return err },
			func() error { _, _, err := ReferenceSystems(strings.NewReader(text), "f"); return err },
		} {
			if err := read(); err != nil {
				t.Fatalf("got %v of a reader that does not fail", err)
			}
		}
	})
}
