package frames

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"bulwark/wire"
)

// shown plays pieces of one direction and returns what is shown: name, place, bytes.
func shown(app string, dir wire.Dir, pieces ...string) []string {
	var got []string
	c := New(app, func(_ wire.Dir, f *Frame) { got = append(got, fmt.Sprintf("%s@%d %q", f.Name, f.Offset, f.Bytes)) })
	for _, p := range pieces {
		c.Take(dir, []byte(p))
	}
	return got
}

func TestUnitsAreCut(t *testing.T) {
	for _, x := range []struct {
		what, app string
		dir       wire.Dir
		pieces    []string
		want      []string
	}{
		{"a record of TLS in two pieces is shown whole, with its place", "tls", wire.ToServer, []string{"\x16\x03\x01\x00\x01a\x15\x03", "\x01\x00\x02bc"},
			[]string{`tls.pdu@0 "\x16\x03\x01\x00\x01a"`, `tls.hdr@0 "\x16\x03\x01\x00\x01"`, `tls.data@5 "a"`,
				`tls.pdu@6 "\x15\x03\x01\x00\x02bc"`, `tls.hdr@6 "\x15\x03\x01\x00\x02"`, `tls.data@11 "bc"`, `tls.alert@11 "bc"`}},
		{"what is no record of TLS ends the cutting", "tls", wire.ToServer, []string{"GET / HTTP/1.1\r\n", "\x16\x03\x01\x00\x01a"}, nil},
		{"packets of SSH follow the line, up to the keys", "ssh", wire.ToServer, []string{"SSH-2.0-x\r\n\x00\x00\x00\x04\x01\x14ab\x00\x00\x00\x02\x00\x15\x00\x00\x00\x02\x00\x14"},
			[]string{`ssh.record.pdu@11 "\x00\x00\x00\x04\x01\x14ab"`, `ssh.record.hdr@11 "\x00\x00\x00\x04\x01\x14"`, `ssh.record.data@17 "ab"`,
				`ssh.record.pdu@19 "\x00\x00\x00\x02\x00\x15"`, `ssh.record.hdr@19 "\x00\x00\x00\x02\x00\x15"`}},
		{"messages of SMB 2 stand behind one another", "smb", wire.ToServer, []string{smb2Pair()},
			[]string{`smb.nbss.pdu@0`, `smb.nbss.hdr@0`, `smb.nbss.data@4`, `smb.smb2.pdu@4`, `smb.smb2.hdr@4`, `smb.smb2.pdu@68`, `smb.smb2.hdr@68`, `smb.smb2.data@132`}},
		{"commands of mail are lines", "smtp", wire.ToServer, []string{"EHLO a\r\nMAIL", " FROM:<b>\r\n"},
			[]string{`smtp.command_line@0 "EHLO a\r\n"`, `smtp.command_line@8 "MAIL FROM:<b>\r\n"`}},
		{"a packet of MQTT has a header as long as its length takes", "mqtt", wire.ToServer, []string{"\x30\x80\x01" + strings.Repeat("a", 128)},
			[]string{`mqtt.pdu@0`, `mqtt.header@0 "0\x80\x01"`, `mqtt.data@3`}},
	} {
		got := shown(x.app, x.dir, x.pieces...)
		if !slices.EqualFunc(got, x.want, strings.HasPrefix) {
			t.Errorf("%s: got %q, want %q", x.what, got, x.want)
		}
	}
}

func smb2Pair() string {
	one := []byte("\xfeSMB" + strings.Repeat("\x00", 60))
	two := slices.Clone(one)
	one[20] = 64
	return "\x00\x00\x00\x83" + string(one) + string(two) + "abc"
}

func TestMailIsOnePart(t *testing.T) {
	var got []string
	c := New("smtp", func(_ wire.Dir, f *Frame) { got = append(got, fmt.Sprintf("%s %q", f.Name, f.Bytes)) })
	for _, p := range []struct {
		dir  wire.Dir
		text string
	}{
		{wire.ToServer, "DATA\r\n"}, {wire.ToClient, "354 go ahead\r\n"}, {wire.ToServer, "Subject: a\r\n\r\nb\r"}, {wire.ToServer, "\n.\r\nQUIT\r\n"},
	} {
		c.Take(p.dir, []byte(p.text))
	}
	want := []string{`smtp.command_line "DATA\r\n"`, `smtp.response_line "354 go ahead\r\n"`, `smtp.data "Subject: a\r\n\r\nb\r\n"`, `smtp.command_line "QUIT\r\n"`}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzTake feeds anything as anything: what is held stays within its bound, and frames lie in what was fed.
func FuzzTake(f *testing.F) {
	f.Add("tls", []byte("\x16\x03\x01\x00\x01a\x15\x03\x01\x00\x02bc"), 3)
	f.Add("ssh", []byte("SSH-2.0-x\r\n\x00\x00\x00\x04\x01\x14ab"), 5)
	f.Add("smb", []byte(smb2Pair()), 40)
	f.Add("nfs", []byte("\x80\x00\x00\x28abcd\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01\x86\xa3\x00\x00\x00\x03\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), 9)
	f.Add("enip", []byte("\x6f\x00\x10\x00"+strings.Repeat("\x00", 20)+"\x00\x00\x00\x00\x01\x00\x01\x00\xb2\x00\x06\x00\x0a\x00\x01\x00\x04\x00"), 7)
	f.Add("smtp", []byte("DATA\r\nBDAT 5\r\nabcde"), 2)
	f.Add("telnet", []byte("\xff\xfa\x18\x00\xff\xf0login: \r\n"), 2)
	f.Fuzz(func(t *testing.T, app string, b []byte, step int) {
		total := 0
		show := func(_ wire.Dir, fr *Frame) {
			if !Known(fr.Name) {
				t.Fatalf("%s is in no list", fr.Name)
			}
			if uint64(len(fr.Bytes)) > fr.Length || int(fr.Offset)+len(fr.Bytes) > total {
				t.Fatalf("%s: %d bytes of %d at %d, fed %d", fr.Name, len(fr.Bytes), fr.Length, fr.Offset, total)
			}
		}
		c := New(app, show)
		if c == nil {
			return
		}
		step = max(step, 1)
		for p, i := b, 0; len(p) > 0; i++ {
			n := min(step, len(p))
			total += n
			c.Take(wire.Dir(i&1), p[:n])
			p = p[n:]
			for d := range c.sides {
				if len(c.sides[d].held) > maxHeld+step {
					t.Fatalf("holds %d", len(c.sides[d].held))
				}
			}
		}
		c.Lose(wire.ToServer, 7)
		c.Datagram(wire.ToClient, b)
		c.Turn("tls")
		total += 7
		c.Take(wire.ToClient, b)
	})
}
