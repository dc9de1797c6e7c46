package engine

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"bulwark/platform/pseudonym"
	"bulwark/wire"
	"bulwark/wire/packet"
)

// FuzzMail plays a message by each of the three protocols of mail, in segments of any length: from the conversation over
// the parts of the message and the files in them to what is packed in those.
func FuzzMail(f *testing.F) {
	f.Add([]byte(planMail), uint16(7), uint8(0))
	f.Add([]byte("Subject: =?utf-8?q?R=C3=B6hre?=\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: application/gzip; name=a.gz\r\n"+
		"Content-Transfer-Encoding: base64\r\n\r\n"+base64.StdEncoding.EncodeToString([]byte(gzipped(strings.Repeat("MZ", 99))))+"\r\n--x\r\n"+
		"Content-Type: message/rfc822\r\n\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<a href=3D\"http://h/\">=\r\n--x--\r\n"), uint16(30), uint8(1))
	f.Add([]byte("Content-Type: application/octet-stream; name*0*=utf-8''a%20; name*1=b.exe\r\n\r\nbegin 644 x\r\n#0V%T\r\n`\r\nend\r\n"), uint16(1), uint8(2))
	workers := [2]*Worker{}
	for i := range workers {
		workers[i] = New(Options{Sink: nothing{}, Seed: 7, FirstFlow: 1, FlowStep: 1, Patients: pseudonym.New([32]byte{1}), EVE: i == 1,
			Limits: Limits{Unpacked: 1 << 20}})
	}
	f.Fuzz(func(t *testing.T, message []byte, size uint16, protocol uint8) {
		message = message[:min(len(message), 64<<10)]
		w := workers[protocol>>2&1]
		playMail(w, mailBy(protocol&3, string(message)), max(int(size), len(message)/200+1))
		w.Close()
		if w.pool.held != 0 || w.letters.used != 0 || w.files.open != 0 || w.files.held != 0 {
			t.Errorf("got %d bytes, %d letters, %d files and %d bytes of files held behind the end", w.pool.held, w.letters.used, w.files.open, w.files.held)
		}
	})
}

// mailBy is a conversation in which a message goes by SMTP, POP3 or IMAP.
func mailBy(protocol uint8, message string) []word {
	switch protocol {
	case 0:
		return []word{down("220 mx ESMTP\r\n"), up(mailHello), down("250-mx\r\n250 CHUNKING\r\n"), up("MAIL FROM:<a@h>\r\n"), down("250 ok\r\n"),
			up("RCPT TO:<b@h>\r\n"), down("250 ok\r\n"), up("DATA\r\n"), down("354 go\r\n"), up(message + "\r\n.\r\n"), down("250 ok\r\n")}
	case 1:
		return []word{down("+OK POP3 ready.\r\n"), up("RETR 1\r\n"), down("+OK\r\n" + message + "\r\n.\r\n"), up("QUIT\r\n"), down("+OK\r\n")}
	case 2:
		return []word{down("* OK IMAP4rev1\r\n"), up("1 FETCH 1 BODY[]\r\n"), down(fmt.Sprintf("* 1 FETCH (BODY[] {%d}\r\n%s)\r\n1 OK\r\n", len(message), message))}
	}
	return []word{down("220 mx ESMTP\r\n"), up(mailHello), down("250-mx\r\n250 CHUNKING\r\n"), up("MAIL FROM:<a@h>\r\nRCPT TO:<b@h>\r\n"), down("250 ok\r\n250 ok\r\n"),
		up(fmt.Sprintf("BDAT %d LAST\r\n%s", len(message), message)), down("250 ok\r\n")}
}

// playMail plays a conversation in segments of at most size bytes.
func playMail(w *Worker, words []word, size int) {
	f := &feeder{w: w}
	seq := [2]uint32{100, 200}
	f.handshake(seq[0], seq[1])
	seq[0]++
	seq[1]++
	for _, s := range words {
		for text := s.text; len(text) > 0; {
			n := min(size, len(text))
			f.send(s.dir, seq[s.dir], seq[wire.Dir.Other(s.dir)], packet.ACK|packet.PSH, []byte(text[:n]))
			seq[s.dir] += uint32(n)
			text = text[n:]
		}
	}
}
