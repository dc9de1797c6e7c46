package rule

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// TestOptions says what rules look at.
func TestOptions(t *testing.T) {
	for _, c := range []struct{ name, proto, options, want string }{
		{"hexadecimal and escapes", "tcp", `content:"a|41 42|\;\"\\\:|43|";`, `payload{"aAB;\"\\:C"}`},
		{"a negated content with its place", "tcp", `content:!"ab"; offset:3; depth:9;`, `payload{not "ab" offset 3 depth 9}`},
		{"places from the match before", "tcp", `content:"a"; content:"b"; distance:-2; within:7;`, `payload{"a", "b" distance -2 within 7}`},
		{"an older modifier moves the content before it", "http", `content:"GET"; http_method; content:"/x"; http_uri; nocase; content:"y";`,
			`http.method{"GET"}; http.uri{"/x" nocase}; payload{"y"}`},
		{"modifiers of one field share a buffer", "http", `content:"a"; http_uri; content:"b"; http_header; content:"c"; http_uri; distance:0;`,
			`http.uri{"a", "c" distance 0}; http.header{"b"}`},
		{"a second modifier moves an older content", "http", `content:"old"; content:!"new"; http_uri; nocase; http_uri;`, `http.uri{not "new" nocase, "old"}`},
		{"uricontent", "tcp", `content:"POST"; uricontent:"/a"; nocase;`, `payload{"POST"}; http.uri{"/a" nocase}`},
		{"sticky buffers share what has one value", "http", `http.uri; content:"a"; http.method; content:"b"; http.uri; content:"c";`,
			`http.uri{"a", "c"}; http.method{"b"}`},
		{"sticky buffers do not share what has several", "dns", `dns.query; content:"a"; dns.query; content:"b";`, `dns.query{"a"}; dns.query{"b"}`},
		{"file_data and pkt_data", "http", `file_data; content:"a"; pkt_data; content:"b";`, `file.data{"a"}; payload{"b"}`},
		{"flags of an expression name a buffer", "http", `pcre:"/a\/b/Ui"; pcre:!"/c/Hsm";`, `http.uri{/a\/b/i}; http.header{not /c/sm}`},
		{"a relative expression", "tcp", `content:"a"; pcre:"/^b/R";`, `payload{"a", /^b/ relative}`},
		{"groups of an expression", "http", `http.uri; pcre:"/a(.)b(.)/, flow:x, pkt:y";`, `http.uri{/a(.)b(.)/ flow:x pkt:y}`},
		{"fast_pattern", "tcp", `content:"abcdef"; fast_pattern:1,3; content:"x";`, `payload{"abcdef" fast chop 1,3, "x"}`},
		{"fast_pattern:only", "tcp", `content:"abcdef"; fast_pattern:only;`, `payload{"abcdef" fast only}`},
		{"startswith and endswith", "http", `http.uri; content:"/a"; startswith; endswith;`, `http.uri{"/a" start end}`},
		{"bsize and urilen", "http", `http.uri; content:"a"; bsize:10<>20; urilen:>5; urilen:7,raw;`, `http.uri{"a", size 10<>20, size >5}; http.uri.raw{size =7}`},
		{"transforms", "dns", `dns.query; dotprefix; to_lowercase; content:".a.b"; endswith;`, `dns.query|dotprefix|to_lowercase{".a.b" end}`},
		{"a transform behind a content begins anew", "http", `http.host; content:"a"; to_sha256; bsize:32;`, `http.host{"a"}; http.host|to_sha256{size =32}`},
		{"a transform with a value", "http", `http.uri; xor:"0d0ac8ff"; content:"a";`, `http.uri|xor:0d0ac8ff{"a"}`},
		{"isdataat", "tcp", `content:"a"; isdataat:!1,relative;`, `payload{"a", not dataat 1 relative=true}`},
		{"a relative test follows the newest match", "http", `content:"a"; http_uri; isdataat:10,relative; isdataat:5;`,
			`http.uri{"a", dataat 10 relative=true}; payload{dataat 5 relative=false}`},
		{"byte_test", "tcp", `byte_test:4,!&,0x80,2,relative,little,bitmask 0xff;`, `payload{not byte_test 4 at 2 op 10 128 relative little mask 0xff}`},
		{"byte_test of digits", "tcp", `byte_test:0,>=,66,0,string,dec;`, `payload{byte_test 0 at 0 op 5 66 text10}`},
		{"byte_jump", "tcp", `content:"a"; byte_jump:4,-8,relative,little,align,from_beginning,multiplier 2,post_offset -1;`,
			`payload{"a", byte_jump 4 at -8 post -1 align=true begin=true end=false relative little times 2}`},
		{"byte_extract sets what others use", "tcp", `byte_extract:2,0,len,relative; content:"a"; depth:len; byte_test:1,<,len,0;`,
			`payload{byte_extract 2 at 0 -> len relative, "a" depth len, byte_test 1 at 0 op 2 len}`},
		{"byte_math", "tcp", `byte_math:bytes 4, offset 1, oper *, rvalue 8, result r, relative, endian little, bitmask 0xf; isdataat:r;`,
			`payload{byte_math 4 at 1 * 8 -> r relative little mask 0xf, dataat r relative=false}`},
		{"base64", "http", `http.request_body; base64_decode:bytes 12, offset 1, relative; base64_data; content:"x";`,
			`http.request_body{base64 12 at 1 relative=true}; base64_data{"x"}`},
		{"datasets", "dns", `dns.query; dataset:isset,bad, type string, load bad.lst; datarep:rep,>,200,load r.lst,type string;`,
			`dns.query{dataset isset bad string, dataset  rep string rep >200}`},
		{"names of files", "http", `filename:"A.pdf"; fileext:"pdf"; filemagic:!"PNG";`, `file.name{"A.pdf" nocase, ".pdf" nocase end}; file.magic{not "PNG" nocase}`},
		{"hashes of files", "http", `filemd5:!good.lst;`, `file.md5{dataset isnotset good.lst md5}`},
		{"sizes of files", "http", `filesize:>=2MB;`, `filesize{>=2097152}`},
		{"certificates of Suricata 4", "tls", `tls.fingerprint:"00:11:22:33:44:55:66:77:88:99:AA:bb:cc:dd:ee:ff:00:11:22:33"; tls.issuerdn:!"CN=x";`,
			`tls.cert_fingerprint{"00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:00:11:22:33" start end}; tls.cert_issuer{not "CN=x"}`},
		{"versions of TLS", "tcp", `ssl_version:!sslv3,!tls1.0; tls.version:1.2; ssl_state:client_hello|server_hello;`,
			`ssl_version{not own ssl_version [sslv3 tls1.0] =768 =769}; tls.version{=771}; ssl_state{own ssl_state [client_hello server_hello]}`},
		{"validity of certificates", "tls", `tls_cert_notafter:>2015; tls_cert_expired;`, `tls.cert_notafter{own tls_cert_notafter [> 2015], own tls_cert_expired}`},
		{"DCE/RPC", "tcp", `dce_iface:367ABB81-9844-35f1-ad32-98f038001003,>1,any_frag; dcerpc.opnum:12-14,121; dce_stub_data; content:"a";`,
			`dcerpc.iface{own dce_iface [367abb81-9844-35f1-ad32-98f038001003 any_frag] >1}; dcerpc.opnum{own dcerpc.opnum 12..14 =121}; dcerpc.stub_data{"a"}`},
		{"Kerberos", "krb5", `krb5_msg_type:AS_REQ; krb5.ticket_encryption:weak,rc4-hmac; krb5_cname; content:"a";`,
			`krb5.msg_type{=10}; krb5.ticket_encryption{own krb5.ticket_encryption [weak rc4-hmac] =23}; krb5.cname{"a"}`},
		{"LDAP with a place", "ldap", `ldap.responses.operation:search_result_entry,-1; ldap.responses.result_code:success,all;`,
			`ldap.responses.operation#5(-1){=4}; ldap.responses.result_code#1{=0}`},
		{"numbers in part of a list", "http2", `http2.window:>5,nb>3,1:-1; http2.size_update:count >2;`, `http2.window#4[1:-1]{>5}; http2.size_update#7{>2}`},
		{"bits by name", "mqtt", `mqtt.flags:dup,!retain; mqtt.connect.flags:*username,password;`, `mqtt.flags{&9=8}; mqtt.connect.flags{&192}`},
		{"bits as a number", "websocket", `websocket.flags:&0xc0=0x80; websocket.opcode:!ping;`, `websocket.flags{&192=128}; websocket.opcode{!=9}`},
		{"Modbus", "modbus", `modbus:unit >9, access read coils, address 0<>2;`, `modbus{own modbus [unit access read table coils address] >9 0<>2}`},
		{"a category of Modbus", "modbus", `modbus:function !reserved;`, `modbus{not own modbus [category reserved]}`},
		{"DNP3", "dnp3", `dnp3_func:response; dnp3_ind:class_1_events,class_2_events; dnp3_obj:22,01;`,
			`dnp3.func{=129}; dnp3.ind{&1536}; dnp3.obj{own dnp3_obj =22 =1}`},
		{"IKE", "ike", `ike.chosen_sa_attribute:alg_hash=2; ike.exchtype:<=5;`, `ike.chosen_sa_attribute{own ike.chosen_sa_attribute [alg_hash] =2}; ike.exchtype{<=5}`},
		{"NFS", "nfs", `nfs_procedure:5-8; nfs_version:<4;`, `nfs_procedure{own nfs_procedure 5..8}; nfs_version{<4}`},
		{"a setting of HTTP/2", "http2", `http2.settings:SETTINGS_HEADER_TABLE_SIZE>4096;`, `http2.settings{own http2.settings [settings_header_table_size] =1 >4096}`},
		{"frames", "tls", `frame:tls.pdu; content:"|16|"; startswith;`, `frame:tls.pdu{"\x16" start}`},
		{"absent", "http", `http.referer; absent; http.user_agent; absent:or_else; content:!"x";`, `http.referer{absent(false)}; http.user_agent{absent(true), not "x"}`},
		{"entropy", "http", `file.data; entropy: bytes 0, value >= 6.5;`, `file.data{entropy 0 0 op 5 6.5-0}`},
		{"numbers of packets", "tcp", `ttl:<5; dsize:300<>400; window:!55808; tcp.mss:<536; ip_proto:!TCP; itype:>10; id:7;`,
			`ttl <5; dsize 300<>400; window !=55808; tcp.mss <536; ip_proto !=6; itype >10; id =7`},
		{"flags of TCP", "tcp", `flags:S,12; flags:+FA; flags:*UP; flags:!R; flags:0;`, `flags &63=2; flags &17=17; flags &40; flags &4!=4; flags &255=0`},
		{"bits of fragments", "ip", `fragbits:!MD; fragoffset:>0; ipopts:lsrr; sameip;`, `fragbits &3!=3; fragoffset >0; ipopts [lsrr]; sameip`},
		{"sizes of streams and flows", "tcp", `stream_size:both,>=,5000; flow.pkts:either,=10; flow.bytes_toserver:>3000; vlan.id:300,-1;`,
			`stream_size >=5000 [both]; flow.pkts =10 [either]; flow.bytes_toserver >3000; vlan.id =300 [-1]`},
		{"app-layer-protocol", "tcp", `app-layer-protocol:!tls|http,final; app-layer-protocol:failed,to_client;`,
			`not app-layer-protocol [tls http] [final]; app-layer-protocol [failed] [toclient]`},
		{"reputation and countries", "ip", `iprep:dst,CnC,>,30; geoip:src,RU,CN;`, `iprep >30 [dst CnC]; geoip [src RU CN]`},
		{"DICOM", "dicom", `dicom.calling_ae; content:"WS1"; dicom.status:0xA700-0xA7FF; dicom.command; content:"Find";`,
			`dicom.calling_ae{"WS1"}; dicom.status{42752<>43007}; dicom.command{"Find"}`},
		{"HL7 and FHIR", "tcp", `hl7.type; content:"ADT"; hl7.sending_app; content:!"LAB";`, `hl7.type{"ADT"}; hl7.sending_app{not "LAB"}`},
		{"a buffer of one direction", "http", `http.header: to_client; content:"a";`, `http.header<{"a"}`},
		{"ASN.1", "udp", `asn1:bitstring_overflow, oversize_length 20, relative_offset -3;`,
			`payload{asn1 {BitstringOverflow:true DoubleOverflow:false Oversize:20 Offset:-3 HasOffset:true Relative:true}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := parseOne(t, "alert "+c.proto+" any any -> any any ("+c.options+" sid:1;)")
			if got := describe(r); got != c.want {
				t.Errorf("%s\n got %s\nwant %s", c.options, got, c.want)
			}
		})
	}
}

// TestFaults says which rules are rejected, where and why.
func TestFaults(t *testing.T) {
	for _, c := range []struct{ name, options, want string }{
		{"an unknown keyword", `contant:"a";`, `1: unknown keyword "contant"`},
		{"a semicolon within quotes", `content:"a;b";`, `9: the quote is not closed (a semicolon within quotes is written \;)`},
		{"no semicolon at the end", `content:"a"`, `9: the quote is not closed`},
		{"an odd digit", `content:"|4 |";`, `13: a byte in |...| has one digit only`},
		{"a letter among digits", `content:"|4g|";`, `12: 'g' is no hexadecimal digit`},
		{"an open hexadecimal part", `content:"|41";`, `13: the hexadecimal part does not end with |`},
		{"an unknown escape", `content:"\n";`, `10: a backslash stands before : ; " or \ only`},
		{"an empty content", `content:"";`, `10: the content is empty`},
		{"a modifier without content", `nocase;`, `1: nocase has no content before it`},
		{"a modifier given twice", `content:"a"; nocase; nocase;`, `22: nocase is given twice for one content`},
		{"a modifier of HTTP behind a sticky buffer", `http.uri; content:"a"; http_header;`, `24: the content before http_header already looks at http.uri`},
		{"rawbytes of a buffer", `file_data; content:"a"; rawbytes;`, `25: rawbytes cannot be asked of file.data`},
		{"two kinds of places", `content:"a"; content:"b"; depth:5; distance:1;`, `36: distance: a content cannot be placed`},
		{"a depth that is too small", `content:"abc"; depth:2;`, `22: depth 2 is less than the 3 bytes`},
		{"startswith with offset", `content:"abc"; offset:1; startswith;`, `26: startswith cannot be mixed`},
		{"a fast pattern that is negated and placed", `content:!"abc"; offset:1; fast_pattern;`, `27: fast_pattern cannot be a negated content`},
		{"two fast patterns", `content:"a"; fast_pattern; content:"b"; fast_pattern;`, `41: fast_pattern is given twice`},
		{"a variable that nobody sets", `content:"a"; offset:len;`, `21: offset: no byte_extract or byte_math before it sets "len"`},
		{"a number that is too great", `ttl:256;`, `5: ttl: "256" is no number of 0 to 255`},
		{"a comparison that cannot be", `ttl:>255;`, `5: ttl: no number is >255`},
		{"an expression without slashes", `pcre:"abc";`, `7: an expression stands between slashes`},
		{"an unknown flag of an expression", `pcre:"/a/q";`, `10: 'q' is no flag of an expression`},
		{"two buffers of an expression", `pcre:"/a/UH";`, `11: the flags name both http.uri and http.header`},
		{"a relative expression alone", `pcre:"/a/R";`, `1: the flag R (relative) needs a match before it`},
		{"more names than groups", `pcre:"/a/, flow:x";`, `11: the expression has 0 groups for 1 names`},
		{"a buffer of which nothing is asked", `http.uri; http.method; content:"a";`, `11: nothing is asked of http.uri`},
		{"a buffer at the end", `content:"a"; http.uri;`, `rule: nothing is asked of http.uri`},
		{"two protocols", `http.uri; content:"a"; dns.query; content:"b";`, `24: dns.query is of dns but the rule is of http`},
		{"two directions", `http.uri; content:"a"; http.stat_code; content:"2";`, `rule: the rule asks for http.uri (to the server) and http.stat_code (to the client) at once`},
		{"a direction of flow that contradicts", `flow:to_client; http.uri; content:"a";`, `rule: the rule asks for http.uri (to the server) and flow:to_client (to the client) at once`},
		{"flow that contradicts itself", `flow:to_server,from_server;`, `16: flow: from_server contradicts what stands before it`},
		{"an unknown option of flow", `flow:to_nowhere;`, `6: flow knows no "to_nowhere"`},
		{"a packet's test beside a transaction's", `dsize:5; http.uri; content:"a";`, `1: dsize is of a packet and http.uri of what packets make up`},
		{"a content beyond bsize", `http.uri; content:"abcdef"; bsize:5;`, `11: the content does not fit into the size that is asked for`},
		{"a content beyond dsize", `content:"abcdef"; dsize:<6;`, `1: the content does not fit into the size that is asked for`},
		{"a method with a space", `http.method; content:"GET ";`, `14: a method of HTTP has no space at its ends`},
		{"a host in upper case", `http.host; content:"Example";`, `12: http.host is in lower case, the content is not`},
		{"a short hash", `ja3.hash; content:"abc";`, `11: a hash of JA3 has 32 digits`},
		{"threshold and detection_filter", `threshold:type limit, track by_src, count 1, seconds 60; detection_filter:track by_src, count 1, seconds 60;`,
			`58: threshold and detection_filter contradict each other`},
		{"an incomplete threshold", `threshold:type limit, track by_src, count 1;`, `11: threshold needs seconds`},
		{"an unknown action of flowbits", `flowbits:sets,a;`, `10: flowbits is set, unset`},
		{"several names to set", `flowbits:set,a|b;`, `14: flowbits: only isset and isnotset take several names`},
		{"base64_data alone", `base64_data; content:"a";`, `1: base64_data has no base64_decode before it`},
		{"a dataset outside", `dns.query; dataset:set,a, type string, save ../x;`, `20: dataset: "../x" leads out of the folder of the rules`},
		{"a transform alone", `to_md5; content:"a";`, `1: to_md5 has no buffer before it`},
		{"sid 0", `sid:0;`, `5: sid must not be 0`},
	} {
		t.Run(c.name, func(t *testing.T) {
			const before = "alert tcp any any -> any any ("
			_, err := NewParser(Options{}).Rule(before+c.options+" sid:1;)", "f")
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("%s: got %v, want %s", c.options, err, c.want)
			}
			got := "rule: " + e.Reason
			if e.Pos.Column > len(before) {
				got = fmt.Sprintf("%d: %s", e.Pos.Column-len(before), e.Reason)
			}
			if !strings.HasPrefix(got, c.want) || e.Pos.Line != 1 || e.Pos.File != "f" || e.SID > 1 {
				t.Errorf("%s\n got %s (%+v)\nwant %s", c.options, got, e.Pos, c.want)
			}
		})
	}
}
