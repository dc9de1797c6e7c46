package hl7

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/wiretest"
)

// outline writes what a message told on one line, without what is empty.
func outline(m *Message) string {
	var b strings.Builder
	put := func(name string, v ...[]byte) {
		s := make([]string, len(v))
		for i := range v {
			s[i] = string(v[i])
		}
		if joined := strings.TrimRight(strings.Join(s, "^"), "^"); joined != "" {
			fmt.Fprintf(&b, "%s=%s ", name, joined)
		}
	}
	hd := func(name string, d HD) { put(name, d.Namespace, d.UniversalID, d.Type) }
	put("type", m.Type, m.Trigger, m.Structure)
	hd("from", m.SendingApplication)
	hd("at", m.SendingFacility)
	hd("to", m.ReceivingApplication)
	hd("in", m.ReceivingFacility)
	put("time", m.Time)
	put("id", m.ControlID)
	put("processing", m.Processing)
	put("version", m.Version)
	put("charset", m.Charset)
	put("ack", m.AckCode, m.AckControlID)
	if m.Error {
		put("error", []byte("yes"), m.ErrorCode, m.Severity)
	}
	for _, p := range m.Patients {
		put("patient", p.ID, p.Authority.Namespace, p.Authority.UniversalID, p.Authority.Type, p.Type)
	}
	put("name", m.PatientName)
	put("class", m.PatientClass)
	put("place", m.Assigned.PointOfCare, m.Assigned.Room, m.Assigned.Bed, m.Assigned.Facility)
	for _, d := range m.Devices {
		put(d.Field.String(), d.ID, d.Authority.Namespace, d.Authority.UniversalID, d.Authority.Type)
	}
	fmt.Fprintf(&b, "segments=%d obx=%d orc=%d obr=%d", m.Segments, m.OBX, m.ORC, m.OBR)
	if m.Batch {
		b.WriteString(" batch")
	}
	if m.Cut {
		b.WriteString(" cut")
	}
	return b.String()
}

// careOf writes what a message told of who looks after a patient.
func careOf(c *Care) string {
	var b strings.Builder
	put := func(name string, all ...[]byte) {
		for _, v := range all {
			if len(v) > 0 {
				fmt.Fprintf(&b, " %s=%s", name, v)
			}
		}
	}
	put("control", c.OrderControl)
	put("from", c.Orderer)
	put("appointment", c.Appointment)
	put("starts", c.Starts)
	put("ends", c.Ends)
	if c.Lasts != 0 {
		fmt.Fprintf(&b, " lasts=%v", c.Lasts)
	}
	if c.VIP {
		b.WriteString(" vip")
	}
	if c.Protected {
		b.WriteString(" protected")
	}
	put("place", c.Places()...)
	put("staff", c.Staff()...)
	return strings.TrimSpace(b.String())
}

type recorder struct{ strings.Builder }

func (r *recorder) Exchange(x *Exchange) {
	how := [...]string{Unjoined: "alone", ByControlID: "by id", ByOrder: "by order"}[x.Join]
	fmt.Fprintf(r, "%v %s\n", x.Dir, how)
	for _, m := range [...]*Message{x.Message, x.Ack} {
		if m != nil {
			fmt.Fprintf(r, "  %s bytes=%d\n", outline(m), m.Bytes)
		}
	}
}

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	r := &recorder{}
	return &Conversation{}, r, r.String
}

func frame(segments ...string) []byte {
	return []byte("\x0b" + strings.Join(segments, "\r") + "\r\x1c\r")
}

func TestParse(t *testing.T) {
	tests := []struct {
		name, message, want string
	}{
		{
			"an admission gives applications, patient and place",
			"MSH|^~\\&|ADT1|MCM|LABADT|MCM|198808181126|SECURITY|ADT^A01^ADT_A01|MSG00001|P|2.5||||||8859/1\r" +
				"PID|1||PATID1234^5^M11^ADT1^MR^MCM~123456789^^^USSSA&2.16.840.1.113883.4.1&ISO^SS||EVERYMAN^ADAM^A^III\r" +
				"PV1|1|I|2000^2012^01^HOSP&1.2&ISO||||004777^ATTEND\r",
			"type=ADT^A01^ADT_A01 from=ADT1 at=MCM to=LABADT in=MCM time=198808181126 id=MSG00001 processing=P version=2.5 charset=8859/1 " +
				"patient=PATID1234^ADT1^^^MR patient=123456789^USSSA^2.16.840.1.113883.4.1^ISO^SS name=EVERYMAN^ADAM^A^III " +
				"class=I place=2000^2012^01^HOSP segments=3 obx=0 orc=0 obr=0",
		},
		{
			"a message chooses its own delimiters",
			"MSH*%?!+*APP%1.2%ISO*FAC*TO*IN***ORU%R01*7*P*2.3\rPID***1%%%A+B+C%MR?2\r",
			"type=ORU^R01 from=APP^1.2^ISO at=FAC to=TO in=IN id=7 processing=P version=2.3 patient=1^A^B^C^MR patient=2 segments=2 obx=0 orc=0 obr=0",
		},
		{
			"escape sequences stand for delimiters and bytes",
			`MSH|^~\&|A\T\B|C\X0D41\D|\S\\R\\F\\E\|\.br\\H\x|` + "|||9\r",
			"from=A&B at=C\rAD to=^~|\\ in=\\.br\\\\H\\x id=9 segments=1 obx=0 orc=0 obr=0",
		},
		{
			"line feeds end segments where the first one ends so",
			"MSH|^~\\&|A||||||ACK|1|P|2.5\nMSA|AE|99\nERR|||207^internal^HL70357|E\n",
			"type=ACK from=A id=1 processing=P version=2.5 ack=AE^99 error=yes^207^E segments=3 obx=0 orc=0 obr=0",
		},
		{
			"a line feed inside a segment is text where CR ends segments",
			"MSH|^~\\&|A||||||ORU|1|P|2.5\rOBX|1|TX|a||one\ntwo\r\nOBX|2\r",
			"type=ORU from=A id=1 processing=P version=2.5 segments=3 obx=2 orc=0 obr=0",
		},
		{
			"a device that each observation repeats is named once",
			"MSH|^~\\&|PUMP|INFUSE^0003B1FFFEB5B648^EUI-64|||||ORU^R01^ORU_R01|1|P|2.6\r" +
				"OBR|1\rOBX|1|NM|x||1|||||||||||||dev1^ns^0003B1FFFE000001^EUI-64\r" +
				"OBX|2|NM|x||1|||||||||||||dev1^ns^0003B1FFFE000001^EUI-64\r" +
				"PRT|1|UC||EQUIP||||||pump^^0003B1^EUI-64||||||00643169001763||||SN77\r",
			"type=ORU^R01^ORU_R01 from=PUMP at=INFUSE^0003B1FFFEB5B648^EUI-64 id=1 processing=P version=2.6 " +
				"MSH-4=^INFUSE^0003B1FFFEB5B648^EUI-64 OBX-18=dev1^ns^0003B1FFFE000001^EUI-64 PRT-10=pump^^0003B1^EUI-64 PRT-16=00643169001763 PRT-20=SN77 " +
				"segments=5 obx=2 orc=0 obr=1",
		},
		{
			"of a batch the first message is read",
			"FHS|^~\\&|X\rBHS|^~\\&|X\rMSH|^~\\&|A||||||ADT^A08|1|P|2.3\rPID|1|OLD7|\rMSH|^~\\&|B||||||ADT^A08|2|P|2.3\rBTS|2\r",
			"type=ADT^A08 from=A id=1 processing=P version=2.3 patient=OLD7 segments=2 obx=0 orc=0 obr=0 batch",
		},
		{
			"a header of nothing but its name is a message of nothing",
			"MSH|",
			"segments=1 obx=0 orc=0 obr=0",
		},
	}
	var m Message
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := Parse([]byte(tt.message), &m); err != nil {
				t.Fatalf("Parse: %v", err)
			}
			if got := outline(&m); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
			if !m.Batch && m.Bytes != int64(len(tt.message)) {
				t.Errorf("got %d bytes, want %d", m.Bytes, len(tt.message))
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, message := range []string{"", "\r\n", "PID|1", "MSHX", "MSH", "HTTP/1.1 200 OK", "BHS|^~\\&|x\rBTS|0\r"} {
		var m Message
		if err := Parse([]byte(message), &m); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("Parse(%q) = %v, want ErrMalformed", message, err)
		}
	}
}

func TestProbe(t *testing.T) {
	tests := []struct {
		name, p string
		want    wire.Match
		dir     wire.Dir
	}{
		{"nothing may be anything", "", wire.Unsure, wire.ToServer},
		{"a start block may begin a frame", "\x0b", wire.Unsure, wire.ToServer},
		{"a start block and half a name too", "\x0bBH", wire.Unsure, wire.ToServer},
		{"a message", "\x0bMSH|^~\\&|A", wire.Yes, wire.ToServer},
		{"a file", "\x0bFHS|^~\\&|A", wire.Yes, wire.ToServer},
		{"an acknowledgment comes from the server", "\x0bMSH|^~\\&|A||||||ACK^A01|1", wire.Yes, wire.ToClient},
		{"a message without a frame", "MSH|^~\\&|A", wire.No, wire.ToServer},
		{"a start block before something else", "\x0b\x00\x01", wire.No, wire.ToServer},
		{"a name that goes on is another name", "\x0bMSHA|", wire.No, wire.ToServer},
	}
	for _, tt := range tests {
		if got, dir := Probe([]byte(tt.p)); got != tt.want || got == wire.Yes && dir != tt.dir {
			t.Errorf("%s: Probe(%q) = %v, %v, want %v, %v", tt.name, tt.p, got, dir, tt.want, tt.dir)
		}
	}
}

func TestConversation(t *testing.T) {
	msh := func(kind, id string) string { return `MSH|^~\&|A|F|B|F||` + "|" + kind + "|" + id + "|P|2.5" }
	ack := func(code, id string) []byte { return frame(msh("ACK", "x"+id), "MSA|"+code+"|"+id) }
	long := strings.Repeat("QUJD", 50_000)
	up, down := wire.ToServer, wire.ToClient
	tests := []struct {
		name   string
		chunks []wiretest.Chunk
		want   []string // what each exchange begins with, its message and its acknowledgment, in short
	}{
		{
			"an acknowledgment is joined by its control id",
			[]wiretest.Chunk{{Dir: up, Bytes: frame(msh("ADT^A01", "1"))}, {Dir: down, Bytes: ack("AA", "1")}},
			[]string{"to_server by id: ADT^A01 1 / AA"},
		},
		{
			"two messages on their way are told apart",
			[]wiretest.Chunk{{Dir: down, Bytes: []byte("\r\n")}, {Dir: up, Bytes: append(frame(msh("ADT^A01", "1")), frame(msh("ADT^A08", "2"))...)},
				{Dir: down, Bytes: append(ack("AE", "2"), ack("AA", "1")...)}},
			[]string{"to_server by id: ADT^A08 2 / AE", "to_server by id: ADT^A01 1 / AA"},
		},
		{
			"an acknowledgment of another id belongs to the one message that waits",
			[]wiretest.Chunk{{Dir: up, Bytes: frame(msh("ORU^R01", "77"))}, {Dir: down, Bytes: ack("AA", "1")}},
			[]string{"to_server by order: ORU^R01 77 / AA"},
		},
		{
			"what is never acknowledged is told at the end",
			[]wiretest.Chunk{{Dir: up, Bytes: frame(msh("ORU^R01", "77"))}},
			[]string{"to_server alone: ORU^R01 77 / -"},
		},
		{
			"of a one-sided capture each message is told when the next one comes",
			[]wiretest.Chunk{{Dir: up, Bytes: frame(msh("ORU^R01", "1"))}, {Dir: up, Bytes: frame(msh("ORU^R01", "2"))}},
			[]string{"to_server alone: ORU^R01 1 / -", "to_server alone: ORU^R01 2 / -"},
		},
		{
			"an acknowledgment of nothing is told alone",
			[]wiretest.Chunk{{Dir: down, Bytes: ack("AR", "5")}},
			[]string{"to_server alone: - / AR"},
		},
		{
			"a batch is its messages",
			[]wiretest.Chunk{{Dir: up, Bytes: frame(`BHS|^~\&|A`, msh("ADT^A04", "1"), "PID|1", msh("ADT^A04", "2"), "BTS|2")}},
			[]string{"to_server alone: ADT^A04 1 / - batch", "to_server alone: ADT^A04 2 / - batch"},
		},
		{
			"noise between frames is ignored",
			[]wiretest.Chunk{{Dir: up, Bytes: []byte("\r\n\x0bhello\x0b" + string(frame(msh("ADT^A01", "1"))) + "\r\n")}},
			[]string{"to_server alone: ADT^A01 1 / -"},
		},
		{
			"a document in an observation is passed over, what follows it is read",
			[]wiretest.Chunk{{Dir: up, Bytes: frame(msh("MDM^T02", "1"), "OBX|1|ED|x||^^^Base64^"+long+"|", "OBX|2|ED|x||"+long, "OBR|1")}},
			[]string{"to_server alone: MDM^T02 1 / - obx=2 obr=1 cut"},
		},
		{
			"a frame whose end was forgotten ends where the next begins",
			[]wiretest.Chunk{{Dir: up, Bytes: []byte("\x0b" + msh("ADT^A01", "1") + "\r" + string(frame(msh("ADT^A01", "2"))))}},
			[]string{"to_server alone: ADT^A01 1 / - cut", "to_server alone: ADT^A01 2 / -"},
		},
		{
			"lost bytes cost the message they belong to, not the next",
			[]wiretest.Chunk{{Dir: up, Bytes: []byte("\x0b" + msh("ADT^A01", "1") + "\rPID|1")},
				{Dir: up, Lost: 900, Bytes: append([]byte("|rest\r\x1c\r"), frame(msh("ADT^A01", "2"))...)}},
			[]string{"to_server alone: ADT^A01 1 / - cut", "to_server alone: ADT^A01 2 / -"},
		},
		{
			"a message that wants no acknowledgment is told at once",
			[]wiretest.Chunk{{Dir: up, Bytes: frame(msh("ADT^A01", "1") + "|||NE|NE")}, {Dir: down, Bytes: ack("AA", "1")}},
			[]string{"to_server alone: ADT^A01 1 / -", "to_server alone: - / AA"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s shortRecorder
			f := wiretest.Feed[Handler]{T: t, Conversation: &Conversation{}, Handler: &s}
			if err := f.Play(tt.chunks); err != nil {
				t.Fatalf("Play: %v", err)
			}
			if got, want := strings.Join(s, "\n"), strings.Join(tt.want, "\n"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			wiretest.Splits(t, tt.chunks, fresh)
		})
	}
}

type shortRecorder []string

func (s *shortRecorder) Exchange(x *Exchange) {
	how := [...]string{Unjoined: "alone", ByControlID: "by id", ByOrder: "by order"}[x.Join]
	message, code, rest := "-", "-", ""
	if m := x.Message; m != nil {
		message = fmt.Sprintf("%s^%s %s", m.Type, m.Trigger, m.ControlID)
		if m.OBX > 0 {
			rest += fmt.Sprintf(" obx=%d obr=%d", m.OBX, m.OBR)
		}
		if m.Batch {
			rest += " batch"
		}
		if m.Cut {
			rest += " cut"
		}
	}
	if x.Ack != nil {
		code = string(x.Ack.AckCode)
	}
	*s = append(*s, fmt.Sprintf("%v %s: %s / %s%s", x.Dir, how, message, code, rest))
}

func TestNoiseEndsTheConversation(t *testing.T) {
	chunks := []wiretest.Chunk{{Dir: wire.ToServer, Bytes: make([]byte, maxNoise+1)}}
	f := wiretest.Feed[Handler]{T: t, Conversation: &Conversation{}, Handler: &recorder{}}
	if err := f.Play(chunks); !errors.Is(err, wire.ErrMalformed) {
		t.Errorf("Play = %v, want ErrMalformed", err)
	}
	wiretest.Splits(t, chunks, fresh)
}

func TestMemoryIsBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("MSH|^~\\&|A||||||ADT^A01|1|P|2.5\r")
	for i := range 200 {
		fmt.Fprintf(&b, "PID|1||%s%d~%d||%s\r", strings.Repeat("9", 600), i, i, strings.Repeat("X", 4000))
		fmt.Fprintf(&b, "OBX||||||||||||||||||dev%d~dev%d\r", i, -i)
	}
	var m Message
	if err := Parse([]byte(b.String()), &m); err != nil {
		t.Fatal(err)
	}
	if len(m.Patients) != maxPatients || len(m.Devices) != maxDevices || !m.Cut || len(m.arena) > maxArena {
		t.Errorf("patients %d, devices %d, cut %v, arena %d: beyond the bounds", len(m.Patients), len(m.Devices), m.Cut, len(m.arena))
	}
}
