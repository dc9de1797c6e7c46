package acts

import (
	"fmt"
	"strings"
	"time"
)

// Interfaces of DCE/RPC.
const (
	drsuapi  = "e3514235-4b06-11d1-ab04-00c04fc2dcd2"
	svcctl   = "367abb81-9844-35f1-ad32-98f038001003"
	tasks    = "86d35949-83c9-4044-b424-db363231fd0c"
	winreg   = "338cd001-2244-31f1-aaaa-900038001003"
	samr     = "12345778-1234-abcd-ef00-0123456789ac"
	efsrpc   = "c681d488-d850-11d0-8c52-00c04fd90f7e"
	lsarpc   = "12345778-1234-abcd-ef00-0123456789ab"
	epm      = "e1af8308-5d1f-11c9-91a4-08002b14a0fa"
	netlogon = "12345678-1234-abcd-ef00-01234567cffb"
)

// program begins as programs of Windows do.
var program = "MZ\x90\x00\x03\x00\x00\x00" + zero(52) + "\x80\x00\x00\x00" + zero(14) + "This program cannot be run in DOS mode.\r\r\n$" + zero(8) + "PE\x00\x00\x64\x86" + zero(400)

// piped is an act that binds to an interface by a pipe and calls a procedure n times.
func piped(from, to, pipe, uuid string, op, n int) Act {
	return func(s *Scene) {
		x := s.smb(from, to, "adminsrv", 0)
		x.connect(`\\server\IPC$`)
		x.pipe(pipe, uuid, 1)
		times(n, func(i int) { x.call(uint32(i+2), op, zero(24)) })
		x.close()
		x.c.Close()
	}
}

// called is an act that binds to an interface over TCP and calls a procedure.
func called(from, to, uuid, auth string, op int) Act {
	return func(s *Scene) {
		c := s.Connect(from, to, 49667)
		c.Up(dceBind(uuid, 4, auth))
		c.Down(dceBound())
		c.Up(dceCall(2, op, zero(64)))
		c.Down(dceReturn(2, zero(64)))
		c.Close()
	}
}

// shared is an act on a share.
func shared(from, path string, do func(x *share)) Act {
	return func(s *Scene) {
		x := s.smb(from, files, "nurse", 0)
		x.connect(path)
		do(x)
		x.c.Close()
	}
}

const ward3 = `\\files\ward`

// callCases are those of procedures that are called on other machines.
func callCases() []Case {
	ntlmBind := ntlm(1, "")
	kerberosBind := "\x60\x48\x06\x06\x2b\x06\x01\x05\x05\x02\xa0\x3e" + zero(62)
	return []Case{
		{SID: 9000602, Family: "windows", Tool: "impacket-secretsdump",
			What: "somebody has the domain's passwords replicated to a workstation", Fires: called(intruder, dc, drsuapi, ntlmBind, 3),
			Not: "two domain controllers replicate", Silent: called(dc2, dc, drsuapi, kerberosBind, 3)},
		{SID: 9000604, Family: "windows", Tool: "impacket psexec, smbexec",
			What: "somebody makes a service on a server", Fires: piped(intruder, files, "svcctl", svcctl, 12, 1),
			Not: "an administrator looks at the services of a server", Silent: piped(admin, files, "svcctl", svcctl, 14, 3)},
		{SID: 9000605, Family: "windows", Tool: "PsExec",
			What: "PsExec puts its service on a server", Fires: shared(intruder, `\\files\docs`, func(x *share) { x.put("PSEXESVC.exe", "x") }),
			Not: "somebody keeps a text about it", Silent: shared(ward, `\\files\docs`, func(x *share) { x.put("psexec-guide.txt", "x") })},
		{SID: 9000607, Family: "windows", Tool: "impacket atexec",
			What: "somebody plans a task on a server", Fires: piped(intruder, files, "atsvc", tasks, 1, 1),
			Not: "an administrator lists its tasks", Silent: piped(admin, files, "atsvc", tasks, 7, 2)},
		{SID: 9000609, Family: "windows", Tool: "impacket-secretsdump",
			What: "somebody has hives written to files", Fires: piped(intruder, files, "winreg", winreg, 20, 3),
			Not: "a monitor reads a key", Silent: piped(admin, files, "winreg", winreg, 17, 3)},
		{SID: 9000611, Family: "windows", Tool: "rpcclient enumdomusers, nmap smb-enum-users",
			What: "somebody lists all accounts", Fires: piped(intruder, dc, "samr", samr, 13, 1),
			Not: "a file server looks up one", Silent: piped(files, dc, "samr", samr, 17, 2)},
		{SID: 9000612, Family: "windows", Tool: "PetitPotam",
			What: "a server is told to open a file elsewhere", Fires: piped(intruder, dc, "lsarpc", efsrpc, 0, 1),
			Not: "a workstation looks up names by the same pipe", Silent: piped(ward, dc, "lsarpc", lsarpc, 15, 2)},
		{SID: 9000614, Family: "windows", Tool: "ZeroLogon testers",
			What: "somebody begins a machine's sign-on again and again", Fires: piped(intruder, dc, "netlogon", netlogon, 4, 50),
			Not: "machines sign on in the morning", Silent: func(s *Scene) {
				times(10, func(i int) { piped(fmt.Sprint("10.20.4.", 30+i), dc, "netlogon", netlogon, 4, 1)(s) })
			}},
		{SID: 9000623, Family: "windows", Tool: "mimikatz", Vars: map[string]string{"DC_SERVERS": "[10.20.1.20,10.20.1.21]"},
			What: "a workstation asks for the passwords of the domain, by Kerberos", Fires: called(intruder, dc, drsuapi, kerberosBind, 3),
			Not: "a domain controller does", Silent: called(dc2, dc, drsuapi, kerberosBind, 3)},
		{SID: 9000625, Family: "windows", Tool: "impacket rpcdump, nmap msrpc-enum",
			What: "a server is asked for all it serves", Fires: piped(intruder, dc, "epmapper", epm, 2, 1),
			Not: "a server is asked where one service is", Silent: piped(ward, dc, "epmapper", epm, 3, 2)},
		{SID: 9000615, Family: "windows", Tool: "nmap smb-vuln-ms17-010",
			What: "a server answers that it is open to EternalBlue", Fires: peek("\x05\x02\x00\xc0"), Also: []uint32{9000306},
			Not: "a server is mended", Silent: func(s *Scene) {
				c := s.Connect(ward, files, 445)
				x := &share{c: c}
				x.exchange(smbNegotiate, 0, le16(36)+le16(1)+le16(1)+zero(30)+le16(0x0210), le16(65)+le16(1)+le16(0x0210)+zero(58))
				c.Close()
			}},
	}
}

// peek is the act of a question about pipes of SMB 1 that is answered by a status.
func peek(status string) Act {
	return func(s *Scene) {
		c := s.smb1(intruder)
		head := func(state, flags string) string {
			return "\xffSMB\x25" + state + flags + "\x01\xc8" + zero(12) + "\x00\x08\xfe\xff\x00\x08\x00\x00"
		}
		say := func(dir int, m string) { c.Say(dir, []byte("\x00\x00"+be16(len(m))+m)) }
		say(up, head(zero(4), "\x18")+"\x10"+zero(28)+"\x23\x00\x00\x00\x07\x00\\PIPE\\\x00")
		say(down, head(status, "\x98")+"\x00\x00\x00")
		c.Close()
	}
}

// copyCases are those of files and of the directory.
func copyCases() []Case {
	and := func(filters ...string) string { return tlv(0xa0, filters...) }
	equal := func(name, value string) string { return tlv(0xa3, tlv(4, name), tlv(4, value)) }
	matching := func(rule, name, value string) string {
		return tlv(0xa9, tlv(0x81, rule), tlv(0x82, name), tlv(0x83, value))
	}
	find := func(from, filter string) Act {
		return func(s *Scene) { s.search(from, filter, "cn") }
	}
	users := equal("samAccountType", "805306368")
	return []Case{
		{SID: 9000616, Family: "windows", Tool: "smbclient, impacket psexec",
			What: "a program is put on ADMIN$", Fires: shared(intruder, `\\files\ADMIN$`, func(x *share) { x.put("kXwQz.exe", program) }),
			Not: "a program is put on the ward's share, and a text on ADMIN$", Silent: func(s *Scene) {
				shared(ward, ward3, func(x *share) { x.put("setup.exe", program) })(s)
				shared(admin, `\\files\ADMIN$`, func(x *share) { x.put("notes.txt", "PE is what it is") })(s)
			}},
		{SID: 9000618, Family: "windows", Tool: "smbclient, impacket-secretsdump -use-vss",
			What: "the domain's database is copied", Fires: shared(intruder, `\\dc\docs`, func(x *share) { x.take(`Temp\ntds.dit`, "x") }),
			Not: "a text about it is", Silent: shared(ward, ward3, func(x *share) { x.take("ntds-guide.txt", "x") })},
		{SID: 9000619, Family: "windows", Tool: "smbclient, lsassy",
			What: "a dump of lsass is copied", Fires: shared(intruder, `\\files\docs`, func(x *share) { x.take(`Temp\lsass.dmp`, "MDMP") }),
			Not: "a dump of another program is", Silent: shared(ward, ward3, func(x *share) { x.take(`Temp\viewer.dmp`, "MDMP") })},
		{SID: 9000620, Family: "windows", Tool: "ldapsearch, impacket GetNPUsers",
			What: "somebody looks for accounts that need not prove themselves", Fires: find(intruder, and(users, matching("1.2.840.113556.1.4.803", "userAccountControl", "4194304"))), Also: nil,
			Not: "somebody looks for accounts that are off", Silent: find(admin, matching("1.2.840.113556.1.4.803", "userAccountControl", "2"))},
		{SID: 9000621, Family: "windows", Tool: "ldapsearch, BloodHound, impacket GetUserSPNs",
			What: "somebody looks for accounts of services", Fires: find(intruder, and(users, tlv(0x87, "servicePrincipalName"))),
			Not: "somebody looks for a service by its name", Silent: find(admin, equal("servicePrincipalName", "HTTP/ehr.hospital.example"))},
		{SID: 9000622, Family: "windows", Tool: "impacket smbexec",
			What: "what a command printed is fetched from C$", Fires: shared(intruder, `\\files\C$`, func(x *share) { x.take("__output", "files\\nurse") }),
			Not: "somebody fetches a file named output", Silent: shared(ward, ward3, func(x *share) { x.take("output.txt", "x") })},
	}
}

// extortionCases are those of files that extortionists leave, rename and bring.
func extortionCases() []Case {
	put := func(from, name, data string) Act { return shared(from, ward3, func(x *share) { x.put(name, data) }) }
	rename := func(from string, n int, pause time.Duration, ending string) Act {
		return func(s *Scene) {
			x := s.smb(from, files, "nurse", 0)
			x.connect(ward3)
			times(n, func(i int) {
				x.open(fmt.Sprintf("report%d.docx", i), 1)
				x.rename(fmt.Sprintf("report%d.docx%s", i, ending))
				x.close()
				s.Wait(pause)
			})
			x.c.Close()
		}
	}
	fetch := func(uri, kind, data string) Act {
		return func(s *Scene) {
			s.http(ward, outside, 80, "cloud.example.com", request{uri: uri, kind: kind, answer: data})
		}
	}
	image := "MZ" + zero(126) + "DICM" + strings.Repeat("\x02\x00\x00\x00UL\x04\x00\x00\x00\x00\x00", 20)
	return []Case{
		{SID: 9000701, Family: "ransomware", Tool: "smbclient",
			What: "a note is left in the ward's folder", Fires: put(intruder, "HOW_TO_DECRYPT_FILES.txt", "pay us"),
			Not: "somebody writes how files are shared", Silent: put(ward, "HOW_TO_SHARE_FILES.txt", "open the folder")},
		{SID: 9000702, Family: "ransomware", Tool: "smbclient",
			What: "a text says where to pay", Fires: put(intruder, "read.txt", "All your files are encrypted. To decrypt them go to http://abcdefghijklmnop.onion and pay."),
			Not: "a text speaks of decrypting files", Silent: put(ward, "mail.txt", "To decrypt the files use the ward's key; onion soup is at noon.")},
		{SID: 9000703, Family: "ransomware", Tool: "smbclient rename",
			What: "files are named .lockbit", Fires: rename(intruder, 5, time.Second, ".lockbit"),
			Not: "files are named .bak", Silent: rename(ward, 5, time.Second, ".bak")},
		{SID: 9000704, Family: "ransomware", Tool: "smbclient rename",
			What: "a hundred and ten files are renamed within half a minute", Fires: rename(intruder, 110, 50*time.Millisecond, ".x7k2q"),
			Not: "forty pictures are renamed in a minute", Silent: rename(ward, 40, 1500*time.Millisecond, ".old")},
		{SID: 9000705, Family: "ransomware", Tool: "smbclient",
			What: "mimikatz is put on the ward's share", Fires: put(intruder, `tools\mimikatz.exe`, program),
			Not: "a viewer is", Silent: put(ward, `tools\viewer-setup.exe`, program)},
		{SID: 9000706, Family: "ransomware", Tool: "smbclient",
			What: "a script deletes the copies that Windows keeps", Fires: put(intruder, "run.bat", "@echo off\r\nvssadmin.exe Delete Shadows /All /Quiet\r\n"),
			Not: "a script lists them", Silent: put(admin, "list.bat", "@echo off\r\nvssadmin.exe list shadows\r\n")},
		{SID: 9000707, Family: "ransomware", Tool: "curl",
			What: "a program comes as a picture", Fires: fetch("/logo.png", "image/png", program),
			Not: "a picture comes as one", Silent: fetch("/logo.png", "image/png", "\x89PNG\r\n\x1a\n"+zero(200))},
		{SID: 9000709, Family: "ransomware", Tool: "curl",
			What: "a program is fetched from somebody's Nextcloud", Fires: fetch("/index.php/s/AbCdEfGhIjKlMnO/download", "application/octet-stream", program),
			Not: "a report is fetched from it, and a program from its maker", Silent: func(s *Scene) {
				fetch("/index.php/s/AbCdEfGhIjKlMnO/download", "application/pdf", "%PDF-1.7"+zero(200))(s)
				fetch("/downloads/viewer-setup.exe", "application/octet-stream", program)(s)
			}},
		{SID: 9000710, Family: "ransomware", Tool: "smbclient",
			What: "an image that is a program is put on a share", Fires: put(intruder, "IM0001.dcm", image),
			Not: "an image is", Silent: put(ward, "IM0001.dcm", zero(128)+image[128:])},
	}
}
