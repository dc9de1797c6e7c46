package acts

import (
	"fmt"
	"strings"
	"time"
)

// heap carries so many megabytes over one connection.
func heap(from, to string, dir, megabytes int) Act {
	return func(s *Scene) {
		c := s.Connect(from, to, 8443)
		p := make([]byte, 50_000)
		times(megabytes*20, func(int) {
			c.packet(dir, psh|ack, nil, p)
			c.packet(1-dir, ack, nil, nil)
		})
		c.Close()
	}
}

func outwardCases() []Case {
	named := func(name string) Act { return func(s *Scene) { s.tls(ward, outside, name, 0x0304) } }
	image := zero(128) + "DICM" + strings.Repeat("\x02\x00\x00\x00UL\x04\x00\x00\x00\x00\x00", 20)
	lookUps := func(n int, pause time.Duration, kind int, name func(i int) string) Act {
		return func(s *Scene) {
			times(n, func(i int) { s.lookUp(ward, name(i), kind, "\xc6\x33\x64\x0a"); s.Wait(pause) })
		}
	}
	fixed := func(name string) func(int) string { return func(int) string { return name } }
	upload := func(to string) Act {
		return func(s *Scene) {
			s.http(ward, to, 80, "files.example.com", request{method: "PUT", uri: "/in/IM0001", head: "Content-Type: application/octet-stream\r\n", body: image})
		}
	}
	download := func(from, to string) Act {
		return func(s *Scene) {
			s.http(from, to, 80, "pacs.hospital.example", request{uri: "/instances/1/file", kind: "application/dicom", answer: image})
		}
	}
	return []Case{
		{SID: 9000801, Family: "exfiltration", Tool: "rclone",
			What: "rclone copies to a server outside", Fires: func(s *Scene) {
				s.http(ward, outside, 80, "dav.example.com", request{method: "PROPFIND", uri: "/", head: "User-Agent: rclone/v1.60.1\r\n"})
			},
			Not: "a browser reads about it", Silent: web(ward, request{uri: "/wiki/rclone/"})},
		{SID: 9000802, Family: "exfiltration", Tool: "curl",
			What: "somebody uploads to mega.nz", Fires: named("g.api.mega.co.nz"),
			Not: "somebody visits a shop whose name ends alike", Silent: named("www.omega.nz")},
		{SID: 9000803, Family: "exfiltration", Tool: "curl",
			What: "an image is uploaded outside", Fires: upload(outside),
			Not: "an image is uploaded to the archive", Silent: upload(archive)},
		{SID: 9000804, Family: "exfiltration", Tool: "curl",
			What: "an image is downloaded from outside", Fires: download(outside, archive),
			Not: "an image is downloaded by a ward", Silent: download(ward, archive)},
		{SID: 9000805, Family: "exfiltration", Tool: "curl, dnscat2, iodine",
			What: "long names are asked for, one a second", Fires: lookUps(25, time.Second, 1, func(i int) string {
				return strings.Repeat(fmt.Sprintf("%x", 0x9e3779b1*uint32(i+7)), 6)[:40] + ".t.example.net"
			}),
			Not: "names of a service that looks up digests, and ordinary ones", Silent: func(s *Scene) {
				lookUps(25, time.Second, 1, func(i int) string {
					return strings.Repeat(fmt.Sprintf("%x", 0x9e3779b1*uint32(i+7)), 6)[:40] + ".avts.mcafee.com"
				})(s)
				lookUps(60, time.Second, 1, func(i int) string { return fmt.Sprintf("www%d.hospital.example", i) })(s)
			}},
		{SID: 9000806, Family: "exfiltration", Tool: "iodine",
			What: "iodine asks for records of type NULL", Fires: lookUps(10, time.Second, 10, fixed("zabc.t.example.net")),
			Not: "mail servers ask for records of type TXT", Silent: lookUps(10, time.Second, 16, fixed("example.net"))},
		{SID: 9000807, Family: "exfiltration", Tool: "dnscat2",
			What: "dnscat2 asks its server", Fires: lookUps(1, 0, 16, fixed("dnscat.0a1b0102030405.example.net")),
			Not: "somebody asks for its page", Silent: lookUps(1, 0, 1, fixed("www.dnscat.example.net"))},
		{SID: 9000808, Family: "exfiltration", Tool: "the lab's archive of files",
			What: "an archive of 110 MB is uploaded outside", Fires: heap(ward, outside, up, 110),
			Not: "an update of 110 MB is downloaded, a copy goes to a server of the hospital, and 90 MB go outside", Silent: func(s *Scene) {
				heap(ward, outside, down, 110)(s)
				heap(ward, files, up, 110)(s)
				heap(ward, outside, up, 90)(s)
			}},
	}
}

func controlCases() []Case {
	named := func(name string) Act { return func(s *Scene) { s.tls(ward, outside, name, 0x0304) } }
	raw := func(to string, port uint16, lines ...string) Act {
		return func(s *Scene) {
			c := s.Connect(ward, to, port)
			for i, l := range lines {
				c.Say(i%2, []byte(l))
			}
			c.Close()
		}
	}
	fetch := func(agent, uri string) Act {
		return func(s *Scene) {
			s.http(ward, outside, 80, "www.example.com", request{uri: uri, head: "User-Agent: " + agent + "\r\n"})
		}
	}
	look := func(name string) Act { return func(s *Scene) { s.lookUp(ward, name, 1, "\xc6\x33\x64\x0a") } }
	return []Case{
		{SID: 9000901, Family: "control", Tool: "curl",
			What: "AnyDesk calls home", Fires: named("relay-4f2c.net.anydesk.com"),
			Not: "somebody reads about it", Silent: named("www.anydesk-review.example.com")},
		{SID: 9000902, Family: "control", Tool: "curl",
			What: "ngrok opens a way in", Fires: named("tunnel.eu.ngrok.com"),
			Not: "a machine calls its maker", Silent: named("service.example.com")},
		{SID: 9000903, Family: "control", Tool: "curl --doh-url",
			What: "a browser asks Cloudflare for names", Fires: named("mozilla.cloudflare-dns.com"),
			Not: "a browser reads a page that Cloudflare serves", Silent: named("www.cloudflare.com")},
		{SID: 9000904, Family: "control", Tool: "dig",
			What: "somebody asks for a name of Tor", Fires: look("duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion"),
			Not: "somebody asks for a shop of onions", Silent: look("www.onion.example.com")},
		{SID: 9000905, Family: "control", Tool: "xmrig",
			What: "a machine signs on to a pool", Fires: raw(outside, 3333, `{"id":1,"jsonrpc":"2.0","method":"login","params":{"login":"x","pass":"x","agent":"XMRig/6.21"}}`+"\n", `{"id":1,"result":{"status":"OK"}}`+"\n"),
			Not: "another program calls procedures by JSON", Silent: raw(outside, 3333, `{"id":1,"jsonrpc":"2.0","method":"getStatus","params":{}}`+"\n", `{"id":1,"result":1}`+"\n")},
		{SID: 9000906, Family: "control", Tool: "nc",
			What: "a prompt of Windows is shown to who was called", Fires: raw(outside, 4444, "Microsoft Windows [Version 10.0.19045.3693]\r\n(c) Microsoft Corporation. All rights reserved.\r\n\r\nC:\\Windows\\system32>"),
			Not: "a workstation tells a server its version", Silent: raw(record, 4444, "HELLO client=WARD3 os=\"Microsoft Windows [Version 10.0.19045]\"\r\n", "OK\r\n")},
		{SID: 9000907, Family: "control", Tool: "bash -i, nc",
			What: "a shell of Unix is handed out", Fires: raw(outside, 4444, "bash: cannot set terminal process group (812): Inappropriate ioctl for device\nbash: no job control in this shell\nroot@pump:/# "),
			Not: "a machine sends its log", Silent: raw(record, 514, "<13>Nov 22 09:00:00 pump bash: job 1 is done\n")},
		{SID: 9000908, Family: "control", Tool: "curl",
			What: "certutil fetches a program", Fires: fetch("CertUtil URL Agent", "/a/tool.exe"),
			Not: "certutil fetches a list of revoked certificates", Silent: fetch("Microsoft-CryptoAPI/10.0", "/root.crl")},
		{SID: 9000911, Family: "control", Tool: "PowerShell",
			What: "PowerShell fetches a script", Fires: fetch("Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.19041.3693", "/a/run.ps1"),
			Not: "PowerShell asks for a page", Silent: fetch("Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.19041.3693", "/status.json")},
		{SID: 9000909, Family: "control", Tool: "tor",
			What: "a machine asks for Tor's relays", Fires: fetch("", "/tor/status-vote/current/consensus.z"),
			Not: "a machine reads about them", Silent: fetch("", "/tor/relays.html")},
		{SID: 9000910, Family: "control", Tool: "openssl s_server",
			What: "a server shows Cobalt Strike's certificate", Fires: certified("Major Cobalt Strike"),
			Not: "a server shows the hospital's", Silent: certified("ehr.hospital.example")},
	}
}

// certified is the act of a server of TLS 1.2 that shows a certificate for a name.
func certified(name string) Act {
	rdn := func(oid, value string) string { return tlv(0x31, tlv(0x30, tlv(6, "\x55\x04"+oid), tlv(12, value))) }
	subject := tlv(0x30, rdn("\x06", "Earth"), rdn("\x0a", "example"), rdn("\x03", name))
	algorithm := tlv(0x30, tlv(6, "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"), tlv(5))
	key := tlv(0x30, tlv(0x30, tlv(6, "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"), tlv(5)), tlv(3, "\x00", tlv(0x30, tlv(2, "\x00"+strings.Repeat("\xc3", 128)), tlv(2, "\x01\x00\x01"))))
	body := tlv(0x30, tlv(0xa0, integer(2)), tlv(2, "\x12\x34"), algorithm, subject, tlv(0x30, tlv(0x17, "260101000000Z"), tlv(0x17, "360101000000Z")), subject, key)
	cert := tlv(0x30, body, algorithm, tlv(3, "\x00", strings.Repeat("\x5a", 128)))
	size := func(n int) string { return string([]byte{byte(n >> 16), byte(n >> 8), byte(n)}) }
	return func(s *Scene) {
		c := s.Connect(ward, outside, 443)
		c.Up(hello(0x0303, "cdn.example.com"))
		c.Down(served(0x0303) + handshake(0x0303, 11, size(len(cert)+3)+size(len(cert))+cert) + handshake(0x0303, 14, ""))
		c.Up(handshake(0x0303, 16, "\x20"+strings.Repeat("\x33", 32)) + "\x14\x03\x03\x00\x01\x01\x16\x03\x03\x00\x28" + strings.Repeat("\x44", 40))
		c.Down("\x14\x03\x03\x00\x01\x01\x16\x03\x03\x00\x28" + strings.Repeat("\x55", 40))
		c.Close()
	}
}

func nameCases() []Case {
	const multicast = "224.0.0.252"
	asks := func(who, name string) Act {
		return func(s *Scene) {
			s.Datagram(ward, 51000, multicast, 5355, []byte(question(7, 0, name, 1)))
			if who != "" {
				s.Datagram(who, 5355, ward, 51000, []byte(reply(7, 0x8000, name, 1, "\x0a\x14\x04\x42")))
			}
		}
	}
	wins := func(encoded string) Act {
		return func(s *Scene) {
			s.Datagram(ward, 137, "10.20.255.255", 137, []byte("\x12\x34\x01\x10\x00\x01\x00\x00\x00\x00\x00\x00\x20"+encoded+"\x00\x00\x20\x00\x01"))
			s.Datagram(intruder, 137, ward, 137, []byte("\x12\x34\x85\x00\x00\x00\x00\x01\x00\x00\x00\x00\x20"+encoded+"\x00\x00\x20\x00\x01\x00\x00\x00\xa5\x00\x06\x00\x00\x0a\x14\x04\x42"))
		}
	}
	return []Case{
		{SID: 9001101, Family: "names", Tool: "responder",
			What: "a machine says that it is WPAD", Fires: asks(intruder, "wpad"),
			Not: "nobody does, and a printer answers for its own name", Silent: func(s *Scene) {
				asks("", "wpad")(s)
				asks(device, "printer3")(s)
			}},
		{SID: 9001102, Family: "names", Tool: "responder",
			What: "a machine says that it is WPAD, by NetBIOS", Fires: wins("FHFAEBEECACACACACACACACACACACAAA"),
			Not: "a machine answers for its own name", Silent: wins("FAFCEJEOFEEFFCDDCACACACACACACAAA")},
	}
}
