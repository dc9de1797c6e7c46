package engine

import (
	"encoding/binary"
	"testing"

	"bulwark/platform/pseudonym"
	"bulwark/wire"
	"bulwark/wire/packet"
	"bulwark/wire/pcap"
)

// line is a TCP connection between the two ends of [wireTCP], at ports of its own.
type line struct {
	w            *Worker
	client, serv uint16
	seq          [2]uint32
	at           *int64
	turned       bool // the one who is otherwise asked connects
}

func (l *line) packet(dir wire.Dir, flags byte, data string) {
	*l.at += 1e6
	port := [2]uint16{l.client, l.serv}
	side := dir
	if l.turned {
		side = dir.Other()
	}
	b := wireTCP(side, l.seq[dir], l.seq[dir.Other()], flags, []byte(data))
	binary.BigEndian.PutUint16(b[20:], port[dir])
	binary.BigEndian.PutUint16(b[22:], port[dir.Other()])
	l.seq[dir] += uint32(len(data))
	if flags&(packet.SYN|packet.FIN) != 0 {
		l.seq[dir]++
	}
	l.w.Packet(1_700_000_000_000_000_000+*l.at, pcap.LinkRaw, len(b), 0, b)
}

func (l *line) open() *line {
	l.packet(wire.ToServer, packet.SYN, "")
	l.packet(wire.ToClient, packet.SYN|packet.ACK, "")
	l.packet(wire.ToServer, packet.ACK, "")
	return l
}

func (l *line) close() {
	l.packet(wire.ToClient, packet.FIN|packet.ACK, "")
	l.packet(wire.ToServer, packet.FIN|packet.ACK, "")
	l.packet(wire.ToClient, packet.ACK, "")
}

func (l *line) says(words ...word) {
	for _, s := range words {
		l.packet(s.dir, packet.ACK|packet.PSH, s.text)
	}
}

func TestAFileByFTPIsKnownByTheControlConnection(t *testing.T) {
	for _, c := range []struct {
		name  string
		agree []word
		ask   word
		data  line
		body  word
		want  []string
	}{
		{"the client connects", []word{up("PASV\r\n"), down("227 Entering Passive Mode (10,0,0,1,185,13)\r\n")}, up("RETR export/log.pdf\r\n"),
			line{client: 50001, serv: 47373}, down("%PDF-1.4\n"), []string{`"ftp.command":"RETR"`, `"ftp.mode":"passive"`, `"activity_name":"Read"`}},
		{"the server connects", []word{up("EPRT |1|10.0.0.200|50001|\r\n"), down("200 ok\r\n")}, up("STOR export/log.pdf\r\n"),
			line{client: 20, serv: 50001, turned: true}, down("%PDF-1.4\n"), []string{`"ftp.command":"STOR"`, `"ftp.mode":"active"`, `"activity_name":"Read"`}},
	} {
		out := &collector{}
		w := New(Options{Sink: out, Seed: 7, FirstFlow: 1, FlowStep: 1, Patients: pseudonym.New([32]byte{1})})
		var at int64
		control := &line{w: w, client: 40000, serv: 21, at: &at}
		control.open().says(down("220 files\r\n"), up("USER anna\r\n"), down("331 password\r\n"), up("PASS geheim\r\n"), down("230 in\r\n"))
		control.says(c.agree...)
		control.says(c.ask)
		data := c.data
		data.w, data.at = w, &at
		data.open()
		control.says(down("150 opening\r\n"))
		data.says(c.body)
		data.close()
		control.says(down("226 done\r\n"))
		w.Close()
		got := without(out.lines, "flow")
		t.Run(c.name, func(t *testing.T) {
			tells(t, got, append(c.want, `"kind":"ftp_data"`, `"file.name":"export/log.pdf"`, `"file.detected_type":"pdf"`, `"file.is_complete":true`,
				`"file.size":9`, `"user.name":"anna"`, `"status":"success"`, `"is_cleartext":true`, `"ftp.control_uid":1`), []string{"geheim", "anomaly"})
		})
		if w.pool.held != 0 || len(w.expectations.at) != 0 {
			t.Errorf("%s: got %d bytes held and %d connections expected at the end, want none", c.name, w.pool.held, len(w.expectations.at))
		}
	}
}

func TestAConnectionThatNobodyMakesIsNotExpectedForEver(t *testing.T) {
	w := New(Options{Sink: nothing{}, FirstFlow: 1, FlowStep: 1})
	f := &flow{}
	for i := range maxExpected + 100 {
		f.key.hi[2], f.key.hi[3] = byte(i>>8), byte(i)
		w.expect(f, high, 21, FTPData, &transfer{holders: 1})
	}
	if n := len(w.expectations.at); n != maxExpected {
		t.Errorf("got %d expected, want %d", n, maxExpected)
	}
}

func TestAPortOfAThirdIsTold(t *testing.T) {
	got := played(t, down("220 ftp\r\n"), up("USER ftp\r\n"), down("331 x\r\n"), up("PASS me@example\r\n"), down("230 in\r\n"),
		up("PORT 10,9,9,9,0,25\r\n"), down("200 ok\r\n"))
	tells(t, got, []string{`"ftp.command":"PORT"`, `"ftp.address":"10.9.9.9"`, `"ftp.port":25`}, []string{`"is_cleartext":true`})
}
