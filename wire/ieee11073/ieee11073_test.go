package ieee11073

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/wiretest"
)

// The association is the example that 11073-10407 (blood pressure) annex and 11073-20601 annex H print byte by byte; the
// attributes are built after 20601 annex A. No capture of such a device is public.
const (
	exampleAARQ = "e2000032 80000000 0001002a 50790026 80000000 a000 80000000 00000000 00800000 0008 1122334455667788 02bc 0001 0100 00000000"
	exampleAARE = "e300002c 0003 50790026 80000000 8000 80000000 00000000 80000000 0008 8877665544332211 0000 0000 0000 00000000"
	exampleRLRQ = "e4000002 0000"
	exampleRLRE = "e5000002 0000"
	exampleABRT = "e6000002 0003"
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

func counted(p []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(p))), p...)
}

func u16(v ...int) (b []byte) {
	for _, n := range v {
		b = binary.BigEndian.AppendUint16(b, uint16(n))
	}
	return b
}

func cat(list ...[]byte) (b []byte) {
	for _, p := range list {
		b = append(b, p...)
	}
	return b
}

func apdu(kind Type, body []byte) []byte { return cat(u16(int(kind)), counted(body)) }

func prst(id int, choice Choice, inner []byte) []byte {
	return apdu(PRST, counted(cat(u16(id, int(choice)), counted(inner))))
}

func attribute(id int, value []byte) []byte { return cat(u16(id), counted(value)) }

func attributes() []byte {
	spec := func(kind int, text string) []byte { return cat(u16(kind, 0), counted([]byte(text))) }
	production := cat(u16(3), counted(cat(spec(1, "SN-4711\x00"), spec(4, "1.07"), spec(3, "B"))))
	list := cat(attribute(0x0A44, u16(700)), attribute(attrModel, cat(counted([]byte("Acme Medical")), counted([]byte("BP-9 ")))), attribute(attrProduction, production))
	return cat(u16(0, 3), counted(list))
}

func report(event int) []byte { return cat(u16(0, 0, 0, event), counted([]byte{0xf0, 0, 0, 0})) }

func says(dir wire.Dir, p []byte) wiretest.Chunk { return wiretest.Chunk{Dir: dir, Bytes: p} }

func session() []wiretest.Chunk {
	return []wiretest.Chunk{
		says(wire.ToServer, unhex(exampleAARQ)), says(wire.ToClient, unhex(exampleAARE)),
		says(wire.ToServer, prst(1, ConfirmedEventReport, report(notiConfig))), says(wire.ToClient, prst(1, EventReported, u16(0, 0, 0, notiConfig, 0))),
		says(wire.ToClient, prst(2, Get, u16(0, 0, 0))), says(wire.ToServer, prst(2, Got, attributes())),
		says(wire.ToServer, prst(3, ConfirmedEventReport, report(0x0D1D))), says(wire.ToServer, prst(4, EventReport, report(0x0D1D))),
		says(wire.ToServer, unhex(exampleRLRQ)), says(wire.ToClient, unhex(exampleRLRE)),
	}
}

type recorder struct{ strings.Builder }

func (r *recorder) Step(step Step, s *Session) {
	d := &s.Device
	fmt.Fprintf(r, "%d agent=%x/%d manager=%x %s device=%s,%s,%s,%s,%s configured=%v reports=%d messages=%d end=%s/%d\n", step, s.Agent.SystemID, s.Agent.ConfigID,
		s.Manager.SystemID, s.Manager.ResultText(), d.Maker, d.Model, d.Serial, d.Hardware, d.Software, s.Configured, s.Reports, s.Messages, s.End, s.Reason)
}

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	r := &recorder{}
	return &Conversation{}, r, r.String
}

func TestSessions(t *testing.T) {
	tests := []struct {
		name   string
		chunks []wiretest.Chunk
		want   string
	}{
		{"a blood pressure monitor associates, tells what it is, measures and leaves", session(),
			"1 agent=1122334455667788/700 manager= accepted device=,,,, configured=false reports=0 messages=1 end=/0\n" +
				"2 agent=1122334455667788/700 manager=8877665544332211 accepted-unknown-config device=,,,, configured=false reports=0 messages=2 end=/0\n" +
				"3 agent=1122334455667788/700 manager=8877665544332211 accepted-unknown-config device=Acme Medical,BP-9,SN-4711,B,1.07 configured=true reports=0 messages=6 end=/0\n" +
				"4 agent=1122334455667788/700 manager=8877665544332211 accepted-unknown-config device=Acme Medical,BP-9,SN-4711,B,1.07 configured=true reports=2 messages=10 end=released/0\n"},
		{"an association that is broken off says why", []wiretest.Chunk{says(wire.ToServer, unhex(exampleAARQ)), says(wire.ToClient, unhex(exampleABRT))},
			"1 agent=1122334455667788/700 manager= accepted device=,,,, configured=false reports=0 messages=1 end=/0\n" +
				"4 agent=1122334455667788/700 manager= accepted device=,,,, configured=false reports=0 messages=2 end=aborted/3\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &recorder{}
			f := wiretest.Feed[Handler]{T: t, Conversation: &Conversation{}, Handler: r}
			if err := f.Play(tt.chunks); err != nil {
				t.Fatal(err)
			}
			if got := r.String(); got != tt.want {
				t.Errorf("got\n%swant\n%s", got, tt.want)
			}
			wiretest.Splits(t, tt.chunks, fresh)
			wiretest.Damage(t, tt.chunks, 100, fresh)
		})
	}
}

func TestProbe(t *testing.T) {
	tests := []struct {
		name  string
		bytes []byte
		want  wire.Match
		side  wire.Dir
	}{
		{"a request is of the device", unhex(exampleAARQ), wire.Yes, wire.ToServer},
		{"an answer is of the manager", unhex(exampleAARE), wire.Yes, wire.ToClient},
		{"its beginning may be one", unhex(exampleAARQ)[:9], wire.Unsure, wire.ToServer},
		{"another protocol is none", unhex("e2000032 80000000 0001002a 12340026 8000"), wire.No, wire.ToServer},
		{"UTF-8 text is none", []byte("\xe2\x80\x99 some text goes on"), wire.No, wire.ToServer},
		{"data alone are none", prst(1, EventReport, report(1)), wire.No, wire.ToServer},
	}
	for _, tt := range tests {
		if got, side := Probe(tt.bytes); got != tt.want || side != tt.side {
			t.Errorf("%s: got %v %v, want %v %v", tt.name, got, side, tt.want, tt.side)
		}
	}
}

func TestOtherBytesEndTheConversation(t *testing.T) {
	var c Conversation
	if _, _, err := c.Decode(wire.ToServer, []byte("HELLO"), &recorder{}); !errors.Is(err, ErrAPDU) {
		t.Errorf("got %v, want %v", err, ErrAPDU)
	}
	if _, _, err := c.Decode(wire.ToServer, unhex("e2000003 800000"), &recorder{}); !errors.Is(err, ErrShort) {
		t.Errorf("got %v, want %v", err, ErrShort)
	}
}

func TestStandardConfigurationsTellTheDevice(t *testing.T) {
	for config, want := range map[uint16]string{400: "pulse oximeter", 700: "blood pressure monitor", 1700: "glucose meter", 16384: "", 0: ""} {
		if got := Specialization(config); got != want {
			t.Errorf("configuration %d: got %q, want %q", config, got, want)
		}
	}
}

func TestDecodingDoesNotAllocate(t *testing.T) {
	chunks := session()
	var c Conversation
	var h Handler = ignore{}
	got := testing.AllocsPerRun(100, func() {
		for i := range chunks {
			c.Decode(chunks[i].Dir, chunks[i].Bytes, h)
		}
	})
	if got != 0 {
		t.Errorf("a session costs %v allocations, want 0", got)
	}
}

type ignore struct{}

func (ignore) Step(Step, *Session) {}

func FuzzConversation(f *testing.F) {
	var up, down []byte
	for _, c := range session() {
		if c.Dir == wire.ToServer {
			up = append(up, c.Bytes...)
		} else {
			down = append(down, c.Bytes...)
		}
	}
	f.Add(up, down, uint16(0))
	f.Add(unhex(exampleAARQ), unhex(exampleABRT), uint16(3))
	f.Fuzz(func(t *testing.T, up, down []byte, lost uint16) {
		Probe(up)
		wiretest.Splits(t, []wiretest.Chunk{
			{Dir: wire.ToServer, Bytes: up}, {Dir: wire.ToClient, Bytes: down},
			{Dir: wire.ToServer, Lost: int(lost), Bytes: down}, {Dir: wire.ToClient, Bytes: up},
		}, fresh)
	})
}
