package engine

import "testing"

const mailHello = "EHLO ct1.hospital.example\r\n"

func TestAMessageIsToldWithItsEnvelopeItsHeadAndItsFiles(t *testing.T) {
	got := played(t, down("220 mx.hospital.example ESMTP Postfix\r\n"), up(mailHello), down("250-mx.hospital.example\r\n250 PIPELINING\r\n"),
		up("MAIL FROM:<ct1@hospital.example>\r\nRCPT TO:<service@vendor.example>\r\nDATA\r\n"), down("250 ok\r\n250 ok\r\n354 go\r\n"),
		up("From: CT 1 <ct1@hospital.example>\r\nTo: \"Service, remote\" <service@vendor.example>, b@vendor.example\r\n"+
			"Subject: =?utf-8?q?R=C3=B6hre?=\r\nX-Mailer: Scanner 7\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"+
			"--x\r\n\r\nSee https://portal.vendor.example/case?id=7 now.\r\n"+
			"--x\r\nContent-Type: application/pdf; name=log.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n--x--\r\n.\r\n"),
		down("250 2.0.0 queued as 1\r\n"), up("QUIT\r\n"), down("221 bye\r\n"))
	tells(t, got, []string{`"kind":"smtp"`, `"smtp_hello":"ct1.hospital.example"`, `"email.smtp_from":"<ct1@hospital.example>"`,
		`"email.smtp_to":["<service@vendor.example>"]`, `"email.subject":"Röhre"`, `"email.status":"PARSE_DONE"`, `"status_code":250`,
		`"email.to":["\"Service, remote\" <service@vendor.example>","b@vendor.example"]`, `"email.urls":["https://portal.vendor.example/case?id=7"]`,
		`"email.files":["log.pdf"]`, `"kind":"fileinfo"`, `"file.detected_type":"pdf"`, `"file.size":9`,
		`"device.software_version":"Scanner 7"`, `"device.role":"mail server"`, `"device.hostname":"mx.hospital.example"`},
		[]string{"anomaly"})
}

func TestASignOnOfMailIsToldWithoutItsPassword(t *testing.T) {
	got := played(t, down("220 mx ESMTP\r\n"), up(mailHello), down("250 AUTH PLAIN LOGIN\r\n"),
		up("AUTH PLAIN AGFubmEAZ2VoZWlt\r\n"), down("535 5.7.8 no\r\n"),
		up("AUTH LOGIN\r\n"), down("334 VXNlcm5hbWU6\r\n"), up("YW5uYQ==\r\n"), down("334 UGFzc3dvcmQ6\r\n"), up("Z2VoZWlt\r\n"), down("235 ok\r\n"))
	tells(t, got, []string{`"kind":"auth"`, `"user.name":"anna"`, `"auth_protocol":"SMTP PLAIN","status":"failure","status_detail":"5.7.8 no"`,
		`"auth_protocol":"SMTP LOGIN","status":"success"`, `"is_cleartext":true`}, []string{"geheim", "Z2VoZWlt", "AGFubmE"})
}

func TestTLSBehindMailIsRead(t *testing.T) {
	got := played(t, down("220 mx ESMTP\r\n"), up(mailHello), down("250 STARTTLS\r\n"), up("STARTTLS\r\n"), down("220 go\r\n"),
		up(string(clientHello(t, "mx.hospital.example"))))
	tells(t, got, []string{`"kind":"smtp"`, `"is_starttls":true`, `"kind":"tls"`, `"tls.sni":"mx.hospital.example"`, `"smtp"`}, nil)
}

func TestMailIsReadInBoundedMemory(t *testing.T) {
	w := New(Options{Sink: nothing{}})
	for range maxLetters {
		if w.letter(&flow{}, 0, "smtp", 1) == nil {
			t.Fatal("got none, want a letter")
		}
	}
	if l := w.letter(&flow{}, 0, "smtp", 1); l != nil {
		t.Errorf("got a letter beyond the %d that may be read at a time", maxLetters)
	}
}

func TestAMessageThatIsFetchedByPOP3IsRead(t *testing.T) {
	got := played(t, down("+OK Dovecot POP3 ready.\r\n"), up("USER anna\r\n"), down("+OK\r\n"), up("PASS geheim\r\n"), down("+OK Logged in.\r\n"),
		up("RETR 1\r\n"), down("+OK 170 octets\r\n"),
		down("From: b@vendor.example\r\nSubject: plan\r\nContent-Type: application/pdf; name=plan.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n.\r\n"),
		up("QUIT\r\n"), down("+OK bye\r\n"))
	tells(t, got, []string{`"kind":"pop3"`, `"pop3.command":"RETR"`, `"email.from":"b@vendor.example"`, `"email.files":["plan.pdf"]`,
		`"kind":"fileinfo"`, `"file.detected_type":"pdf"`, `"activity_name":"Read"`, `"auth_protocol":"POP3 USER","status":"success"`,
		`"is_cleartext":true`, `"email.is_complete":true`}, []string{"geheim", "anomaly"})
}

const planMail = "From: b@vendor.example\r\nSubject: plan\r\nContent-Type: application/pdf; name=plan.pdf\r\n" +
	"Content-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n"

func TestHeadsThatAreReadByIMAPAreCounted(t *testing.T) {
	head := "From: b@vendor.example\r\n\r\n"
	got := played(t, down("* OK IMAP4rev1\r\n"), up("1 FETCH 1:2 (BODY.PEEK[HEADER])\r\n"),
		down("* 1 FETCH (BODY[HEADER] {26}\r\n"+head+")\r\n* 2 FETCH (BODY[HEADER] {26}\r\n"+head+")\r\n1 OK\r\n"))
	tells(t, got, []string{`"imap.command":"FETCH"`, `"imap.message_count":2`, `"status":"OK"`}, []string{"vendor"})
}

func TestAMessageThatIsReadByIMAPIsTold(t *testing.T) {
	hello := []word{down("* OK [CAPABILITY IMAP4rev1 ID] Dovecot ready.\r\n"), up("1 ID (\"name\" \"Thunderbird\" \"version\" \"115\")\r\n"),
		down("* ID (\"name\" \"Dovecot\")\r\n1 OK\r\n"), up("2 login anna geheim\r\n"), down("2 OK in\r\n"), up("3 SELECT INBOX\r\n"), down("3 OK\r\n")}
	whole := []word{up("4 UID FETCH 7 (UID BODY[])\r\n"), down("* 1 FETCH (UID 7 BODY[] {136}\r\n" + planMail + ")\r\n4 OK\r\n")}
	pieces := []word{up("4 UID FETCH 7 BODY[]<0.100>\r\n"), down("* 1 FETCH (UID 7 BODY[]<0> {100}\r\n" + planMail[:100] + ")\r\n4 OK\r\n"),
		up("5 UID FETCH 7 BODY[]<100.100>\r\n"), down("* 1 FETCH (UID 7 BODY[]<100> {36}\r\n" + planMail[100:] + ")\r\n5 OK\r\n")}
	for name, words := range map[string][]word{"whole": whole, "piece by piece": pieces} {
		t.Run(name, func(t *testing.T) {
			got := played(t, append(append([]word{}, hello...), words...)...)
			tells(t, got, []string{`"kind":"imap"`, `"imap.command":"FETCH"`, `"email.from":"b@vendor.example"`, `"email.files":["plan.pdf"]`,
				`"imap.mailbox":"INBOX"`, `"file.detected_type":"pdf"`, `"auth_protocol":"IMAP LOGIN","status":"success"`, `"email.size":136`,
				`"device.software_version":"Thunderbird 115"`}, []string{"geheim", "anomaly"})
		})
	}
}

func TestAPartThatIsReadByIMAPIsAFile(t *testing.T) {
	const structure = `((("TEXT" "PLAIN" ("CHARSET" "utf-8") NIL NIL "7BIT" 9 1)("APPLICATION" "PDF" ("NAME" "plan.pdf") NIL NIL "BASE64" 14 NIL ` +
		`("ATTACHMENT" ("FILENAME" "plan.pdf")) NIL NIL) "MIXED"))`
	const mime = "Content-Type: application/pdf; name=plan.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
	hello := []word{down("* OK IMAP4rev1\r\n"), up("1 SELECT INBOX\r\n"), down("1 OK\r\n")}
	said := append(append([]word{}, hello...), up("2 FETCH 1:3 (UID BODYSTRUCTURE)\r\n"),
		down("* 3 FETCH (UID 7 BODYSTRUCTURE "+structure[1:len(structure)-1]+")\r\n2 OK\r\n"))
	whole := []word{up("4 UID FETCH 7 BODY[2]\r\n"), down("* 3 FETCH (UID 7 BODY[2] {14}\r\nJVBERi0xLjQK\r\n)\r\n4 OK\r\n")}
	pieces := []word{up("4 UID FETCH 7 BODY[2]<0.8>\r\n"), down("* 3 FETCH (UID 7 BODY[2]<0> {8}\r\nJVBERi0x)\r\n4 OK\r\n"),
		up("5 UID FETCH 7 BODY[2]<4.8>\r\n"), down("* 3 FETCH (UID 7 BODY[2]<4> {8}\r\nRi0xLjQK)\r\n5 OK\r\n"),
		up("6 UID FETCH 7 BODY[2]<12.8>\r\n"), down("* 3 FETCH (UID 7 BODY[2]<12> {2}\r\n\r\n)\r\n6 OK\r\n")}
	expunged := []word{down("* 1 EXPUNGE\r\n"), up("4 UID FETCH 7 BODY[2]\r\n"), down("* 2 FETCH (UID 7 BODY[2] {14}\r\nJVBERi0xLjQK\r\n)\r\n4 OK\r\n")}
	withHead := []word{up("4 UID FETCH 7 (BODY[2.MIME] BODY[2])\r\n"), down("* 3 FETCH (UID 7 BODY[2.MIME] {83}\r\n" + mime + " BODY[2] {14}\r\nJVBERi0xLjQK\r\n)\r\n4 OK\r\n")}
	for _, c := range []struct {
		name  string
		begin []word
		words []word
		want  []string
		not   []string
	}{
		{"whole", said, whole, []string{`"email.is_complete":true`, `"file.size":9`}, nil},
		{"piece by piece, some octets twice", said, pieces, []string{`"email.is_complete":true`, `"file.size":9`, `"email.size":14`}, nil},
		{"an end that is never fetched", said, pieces[:2], []string{`"email.size":8`}, []string{`"email.is_complete":true`}},
		{"after another message was taken out", said, expunged, []string{`"email.is_complete":true`, `"file.size":9`}, nil},
		{"with the head of the part", hello, withHead, []string{`"email.is_complete":true`, `"file.size":9`, `"imap.part":"2"`}, []string{"MIME"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := played(t, append(append([]word{}, c.begin...), c.words...)...)
			tells(t, got, append(c.want, `"kind":"imap"`, `"imap.part":"2"`, `"email.files":["plan.pdf"]`, `"file.detected_type":"pdf"`), append(c.not, "anomaly"))
		})
	}
}
