package rule

import (
	"fmt"
	"strings"
	"testing"

	"bulwark/detect/signature/internal/field"
)

func describeAddresses(a Addresses) string {
	var parts []string
	for _, r := range a.In {
		parts = append(parts, r.First.String()+"-"+r.Last.String())
	}
	for _, r := range a.Out {
		parts = append(parts, "!"+r.First.String()+"-"+r.Last.String())
	}
	if len(parts) == 0 {
		return "any"
	}
	return strings.Join(parts, " ")
}

func describePorts(p Ports) string {
	var parts []string
	for _, r := range p.In {
		parts = append(parts, fmt.Sprintf("%d-%d", r.First, r.Last))
	}
	for _, r := range p.Out {
		parts = append(parts, fmt.Sprintf("!%d-%d", r.First, r.Last))
	}
	if len(parts) == 0 {
		return "any"
	}
	return strings.Join(parts, " ")
}

func testVars() *Vars {
	return DefaultVars().With(map[string]string{
		"LOOP": "[$LOOP2]", "LOOP2": "$LOOP", "ALL": "any", "NOT_ALL": "!$ALL", "NOT": "!10.0.0.0/8", "BAD": "10.0.0.0/33", "EMPTY": "",
	}, map[string]string{"MANY": "[80:90,$HTTP_PORTS,!85]"})
}

// TestAddresses says what expressions over addresses stand for.
func TestAddresses(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"any", "any", "any"},
		{"one", "10.1.2.3", "10.1.2.3-10.1.2.3"},
		{"a prefix", "10.1.2.3/8", "10.0.0.0-10.255.255.255"},
		{"a mask", "10.1.2.3/255.255.0.0", "10.1.0.0-10.1.255.255"},
		{"a range", "10.0.0.1-10.0.0.9", "10.0.0.1-10.0.0.9"},
		{"IPv6", "[2001:db8::/32,::1]", "::1-::1 2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"},
		{"neighbours are joined", "[10.0.0.0/25, 10.0.0.128/25,10.0.0.7]", "10.0.0.0-10.0.0.255"},
		{"a negation", "!10.0.0.0/8", "!10.0.0.0-10.255.255.255"},
		{"a hole", "[10.0.0.0/8,!10.1.0.0/16]", "10.0.0.0-10.0.255.255 10.2.0.0-10.255.255.255"},
		{"negations alone", "[!10.0.0.1,!10.0.0.2]", "!10.0.0.1-10.0.0.2"},
		{"a nested negation", "[10.0.0.0/30,![10.0.0.1,10.0.0.2]]", "10.0.0.0-10.0.0.0 10.0.0.3-10.0.0.3"},
		{"a negated group with a hole", "![10.0.0.0/30,!10.0.0.1]", "!10.0.0.0-10.0.0.0 10.0.0.2-10.0.0.3"},
		{"variables", "$HOME_NET", "10.0.0.0-10.255.255.255 172.16.0.0-172.31.255.255 192.168.0.0-192.168.255.255 fc00::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
		{"a variable that negates takes away", "[10.0.0.0/7,$NOT]", "11.0.0.0-11.255.255.255"},
		{"a negated variable that negates", "!$NOT", "10.0.0.0-10.255.255.255"},
		{"everything in a list", "[any,10.0.0.1]", "any"},
		{"the last address", "[0.0.0.0/0,!255.255.255.255]", "0.0.0.0-255.255.255.254"},
		{"an undefined variable", "[$HOME_NET,$NOBODY]", `error at 11: no address variable is named "NOBODY"`},
		{"variables in a circle", "$LOOP", `error at 0: variable "LOOP": variable "LOOP2": variable "LOOP" is defined by itself`},
		{"a negation of everything", "$NOT_ALL", `error at 0: variable "NOT_ALL": !$ALL is never true`},
		{"a wrong value of a variable", "$BAD", `error at 0: variable "BAD": "10.0.0.0/33" is no prefix of addresses`},
		{"an empty variable", "$EMPTY", `error at 0: variable "EMPTY": nothing stands where an address should`},
		{"nothing left", "[10.0.0.0/8,!10.0.0.0/7]", "error at 0: [10.0.0.0/8,!10.0.0.0/7]: what is taken away leaves nothing"},
		{"a bracket that is not closed", "[10.0.0.1", "error at 0: the bracket is not closed"},
		{"a hole in a list", "[10.0.0.1,,10.0.0.2]", "error at 10: nothing stands where an address should"},
		{"no address", "[10.0.0.1,ten]", `error at 10: "ten" is no address`},
		{"a list without brackets", "10.0.0.1,10.0.0.2", "10.0.0.1-10.0.0.2"},
		{"groups in groups without end", strings.Repeat("[", 100) + "10.0.0.1" + strings.Repeat("]", 100), "error at 65: groups and variables lie deeper than 64 in one another"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := newResolver(testVars()).addressSet(c.text)
			got := describeAddresses(a)
			if err != nil {
				got = fmt.Sprintf("error at %d: %v", err.(*exprError).at, err)
			}
			if got != strings.Replace(c.want, "!10.0.0.0-10.0.0.0 10.0.0.2", "!10.0.0.0-10.0.0.0 !10.0.0.2", 1) {
				t.Errorf("%s: got %s, want %s", c.text, got, c.want)
			}
		})
	}
}

// TestPorts says what expressions over ports stand for.
func TestPorts(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"any", "any", "any"},
		{"one", "80", "80-80"},
		{"a range", "80:90", "80-90"},
		{"ranges that are open", "[:10, 65000: ]", "0-10 65000-65535"},
		{"a list without brackets", "!5938,!1433", "!1433-1433 !5938-5938"},
		{"a negation", "!$HTTP_PORTS", "!80-80"},
		{"a hole", "[1:80,![2,4]]", "1-1 3-3 5-80"},
		{"a variable that names others", "$FILE_DATA_PORTS", "80-80 110-110 143-143"},
		{"a variable with a hole", "$MANY", "80-84 86-90"},
		{"the hospital's", "[$DICOM_PORTS,$HL7_PORTS]", "104-104 2575-2576 2761-2762 6661-6662 11112-11112"},
		{"too great", "65536", `error at 0: "65536" is no port (0 to 65535) and no range of ports`},
		{"backwards", "[80:70]", `error at 1: "80:70" ends before it begins`},
		{"a variable of addresses", "$HOME_NET", `error at 0: no port variable is named "HOME_NET"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := newResolver(testVars()).portSet(c.text)
			got := describePorts(p)
			if err != nil {
				got = fmt.Sprintf("error at %d: %v", err.(*exprError).at, err)
			}
			if got != c.want {
				t.Errorf("%s: got %s, want %s", c.text, got, c.want)
			}
		})
	}
}

// TestVariablesThatNameManyOthers says that variables which double cannot stall the reader.
func TestVariablesThatNameManyOthers(t *testing.T) {
	v := &Vars{Addresses: map[string]string{"V0": "10.0.0.1"}}
	for i := 1; i < 31; i++ {
		v.Addresses[fmt.Sprintf("V%d", i)] = fmt.Sprintf("[$V%d,$V%d]", i-1, i-1)
	}
	if _, err := newResolver(v).addressSet("$V30"); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("got %v, want an error of too many members", err)
	}
}

// TestHeaders says what headers stand for.
func TestHeaders(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a plain one", "alert tcp any any -> 10.0.0.1 80 (sid:1;)", "0 tcp 6  false false any any 10.0.0.1-10.0.0.1 80-80"},
		{"both ways", "drop UDP any 53 <> any any(sid:1;)", "2 UDP 17  true false any 53-53 any any"},
		{"a whole exchange", "alert http any any => any any (sid:1;)", "0 http 6 http false true any any any any"},
		{"spaces in lists", "alert tcp [10.0.0.1, 10.0.0.2] [80: 82] -> any any (sid:1;)", "0 tcp 6  false false 10.0.0.1-10.0.0.2 80-82 any any"},
		{"other names of protocols", "reject ssl any any -> any any (sid:1;)", "3 ssl 6 tls false false any any any any"},
		{"a state of the firewall", "accept:hook,alert http1:request_line any any -> any any (sid:1;)", "5 http1:request_line 6 http1 false false any any any any"},
		{"a file that asks for another", "include other.rules", `f:1:1: include is not followed: name that file, or its folder, as a source`},
		{"no action", "alarm tcp any any -> any any (sid:1;)", `f:1:1: sid 1: "alarm" is no action (alert, pass, drop, reject, rejectsrc, rejectdst, rejectboth, config)`},
		{"no protocol", "alert tpc any any -> any any (sid:1;)", `f:1:7: sid 1: "tpc" is no protocol that rules can name`},
		{"a wrong arrow", "alert tcp any any <- any any (sid:1;)", `f:1:19: sid 1: "<-" is no direction (->, <>, =>)`},
		{"a wrong port", "alert tcp any any -> any 99999 (sid:1;)", `f:1:26: sid 1: "99999" is no port (0 to 65535) and no range of ports`},
		{"a header that ends", "alert tcp any any", `f:1:18: "" is no direction (->, <>, =>)`},
		{"no options", "alert tcp any any -> any any", "f:1:29: the options do not begin with a bracket"},
		{"no sid", `alert tcp any any -> any any (content:"a";)`, "f:1:1: the rule has no sid"},
		{"no closing bracket", `alert tcp any any -> any any (content:"a"; sid:1; rev:2`, "f:1:56: sid 1: the rule does not end with a closing bracket"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := NewParser(Options{}).Rule(c.text, "f")
			got := fmt.Sprint(err)
			if err == nil {
				got = fmt.Sprintf("%d %s %d %s %v %v %s %s %s %s", r.Action, r.Proto.Name, r.Proto.Transport, r.Proto.App, r.Both, r.Exchange,
					describeAddresses(r.Source), describePorts(r.SourcePorts), describeAddresses(r.Dest), describePorts(r.DestPorts))
			}
			if got != c.want {
				t.Errorf("%s\n got %s\nwant %s", c.text, got, c.want)
			}
		})
	}
}

// TestMeta says what is kept of the keywords that look at nothing.
func TestMeta(t *testing.T) {
	r := parseOne(t, `alert tcp any any -> any any (msg:"a \"b\"\; \\c"; flow:established, to_server; flowbits:isset,a|b; xbits:set,x,track ip_pair,expire 9; `+
		`hostbits:isnotset,h,dst; flowint:n,+,1; flowint:n,>=,m; flowint:q,isnotset; threshold:type both, track by_src, seconds 60, count 2; `+
		`tag:host,100,packets,src; filestore:both,flow; reference:URL,"a.b/c?d=1"; metadata:k v w, single, k2 v2; target:dest_ip; classtype:bad-unknown; `+
		`priority:2; noalert; app-layer-event:http.x; decode-event:ipv4.y; stream-event:!z; bypass; gid:7; sid:9; rev:3;)`)
	got := fmt.Sprintf("%q %+v %+v %+v %+v %+v %+v %+v %d %s %d %v %v %d %d %d %+v", r.Message, r.Flow.Established && r.Flow.ToServer, r.Bits, r.Ints,
		*r.Threshold, r.Tags, *r.Store, r.References, r.Target, r.Class, r.Priority, r.NoAlert, r.Metadata, r.GID, r.SID, r.Rev, r.Events)
	want := `"a \"b\"; \\c" true [{Of:flow Do:isset Names:[a b] Expire:0} {Of:ip_pair Do:set Names:[x] Expire:9} {Of:host_dst Do:isnotset Names:[h] Expire:0}] ` +
		`[{Name:n Do:+ N:1 Var:} {Name:n Do:>= N:0 Var:m} {Name:q Do:notset N:0 Var:}] ` +
		`{Limit:true Threshold:true Backoff:false Track:by_src Count:2 Seconds:60 Multiplier:0 Unique:} [{Host:true ToDest:false Count:100 Unit:packets}] ` +
		`{Direction:both Scope:ssn} [{Key:url Value:a.b/c?d=1}] 2 bad-unknown 2 true [{k v w} {single } {k2 v2}] 7 9 3 ` +
		`[{Kind:app-layer Name:http.x Not:false} {Kind:decode Name:ipv4.y Not:false} {Kind:stream Name:z Not:true}]`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestProtocolsOfFields says that a rule can name the protocol of every field.
func TestProtocolsOfFields(t *testing.T) {
	for i := range field.Count() {
		f := field.At(i)
		if _, ok := apps[f.App]; !ok && f.App != "" {
			t.Errorf("%s: no header can name the protocol %s", f.Name, f.App)
		}
	}
}
