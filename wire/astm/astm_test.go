package astm

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/wiretest"
)

const bloodTold = "to_server Result from=XN-550^00-22^11001^^^^BD634545 processing=P version=E1394-97 time=20261122074501 " +
	"patients=4711,0815 names=DURAND^PAUL tests=WBC,RBC,HGB instruments=A1 end=N P1 O1 R2 Q0 C1 M0 records=7 bytes=337 frames=7\n"

func TestSessions(t *testing.T) {
	whole := strings.Join(blood, "\r") + "\r"
	bad := frame(1, blood[0]+"\r", etx)
	bad[len(bad)-3] ^= 1
	tests := []struct {
		name   string
		chunks []wiretest.Chunk
		want   string
	}{
		{"a blood count gives the analyser, its tests and their number", transfer(wire.ToServer, blood...), bloodTold},
		{"an analyser asks, and the host answers with an order on the same line",
			join(transfer(wire.ToServer, query...), transfer(wire.ToClient, order...)),
			"to_server Query id=77 from=ARCHITECT^8.10^F3453010030^H1P1O1R1C1Q1L1 processing=P version=1 time=20261122075000 tests=ALL end=N " +
				"P0 O0 R0 Q1 C0 M0 records=3 bytes=113 frames=3\n" +
				"to_client Order from=LIS to=ARCHITECT processing=P version=1 time=20261122075001 patients=PID-9 names=MARTIN^ANNE tests=16 end=F " +
				"P1 O1 R0 Q0 C0 M0 records=4 bytes=110 frames=4 password\n"},
		{"records go on from frame to frame where ETB ends one",
			[]wiretest.Chunk{says(wire.ToServer, enq), says(wire.ToClient, ack), says(wire.ToServer, frame(1, whole[:50], etb)...), says(wire.ToClient, ack),
				says(wire.ToServer, frame(2, whole[50:100], etb)...), says(wire.ToClient, ack), says(wire.ToServer, frame(3, whole[100:], etx)...),
				says(wire.ToClient, ack), says(wire.ToServer, eot)},
			strings.Replace(bloodTold, "frames=7", "frames=3", 1)},
		{"a frame that is refused is taken when it comes again",
			join([]wiretest.Chunk{says(wire.ToServer, enq), says(wire.ToClient, nak), says(wire.ToServer, enq), says(wire.ToClient, ack),
				says(wire.ToServer, bad...), says(wire.ToClient, nak)}, transfer(wire.ToServer, blood...)[2:]),
			strings.Replace(bloodTold, "\n", " repeated=1 bad=1\n", 1)},
		{"a frame whose answer was lost comes twice and counts once",
			join([]wiretest.Chunk{says(wire.ToServer, enq), says(wire.ToClient, ack), says(wire.ToServer, frame(1, blood[0]+"\r", etx)...), says(wire.ToClient, ack)},
				transfer(wire.ToServer, blood...)[2:]),
			strings.Replace(bloodTold, "\n", " repeated=1 bad=0\n", 1)},
		{"one side alone tells as much",
			[]wiretest.Chunk{says(wire.ToServer, bytes.Join([][]byte{{enq}, frame(1, blood[0]+"\r", etx), frame(2, strings.Join(blood[1:], "\r")+"\r", etx), {eot}}, nil)...)},
			strings.Replace(bloodTold, "frames=7", "frames=2", 1)},
		{"records without frames are read", []wiretest.Chunk{says(wire.ToServer, []byte(whole)...)}, strings.Replace(bloodTold, "frames=7", "frames=0", 1)},
		{"records without frames may end their lines as a file does",
			[]wiretest.Chunk{says(wire.ToServer, []byte(strings.Join(blood, "\r\n")+"\r\n")...)}, strings.Replace(bloodTold, "frames=7", "frames=0", 1)},
		{"a message that is seen from the middle says so", transfer(wire.ToServer, blood...)[7:],
			"to_server Result tests=WBC,RBC instruments=A1 end=N P0 O0 R2 Q0 C1 M0 records=4 bytes=146 frames=4 cut\n"},
		{"a message without its end is told when the line is given back", transfer(wire.ToServer, blood[:2]...),
			"to_server Other from=XN-550^00-22^11001^^^^BD634545 processing=P version=E1394-97 time=20261122074501 patients=4711,0815 " +
				"names=DURAND^PAUL P1 O0 R0 Q0 C0 M0 records=2 bytes=110 frames=2\n"},
		{"a bid that nothing follows tells nothing", []wiretest.Chunk{says(wire.ToServer, enq), says(wire.ToClient, ack), says(wire.ToServer, eot)}, ""},
		{"a header declares its own separators", transfer(wire.ToServer, "H!~%_!!!COULTER%7!!!!!!!P!1!20261122", "R!1!%%%GLU~%%%NA!1", "L!1!N"),
			"to_server Result from=COULTER%7 processing=P version=1 time=20261122 tests=GLU,NA end=N P0 O0 R1 Q0 C0 M0 records=3 bytes=62 frames=3\n"},
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
			wiretest.Damage(t, tt.chunks, 50, fresh)
		})
	}
}

func TestProbe(t *testing.T) {
	tests := []struct {
		name, bytes string
		want        wire.Match
	}{
		{"a bid may be one", "\x05", wire.Unsure},
		{"an answer may be one", "\x06", wire.Unsure},
		{"a bid and a frame with a header are one", "\x05\x021H|\\^&|||", wire.Yes},
		{"a frame with a record in its order is one", "\x023R|1|^^^GLU", wire.Yes},
		{"a header without a frame is one", "H|\\^&|||host", wire.Yes},
		{"a greeting of SOCKS is none", "\x05\x01\x00", wire.No},
		{"a frame without a number is none", "\x02H|\\^&", wire.No},
		{"a word that begins with H is none", "HELO a", wire.No},
		{"HTTP is none", "HTTP/1.1 200 OK", wire.No},
		{"an HL7 header is none", "\x0bMSH|^~\\&|", wire.No},
		{"a frame of another protocol is none", "\x021Z|1|", wire.No},
	}
	for _, tt := range tests {
		if got, _ := Probe([]byte(tt.bytes)); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestNoiseEndsTheConversation(t *testing.T) {
	chunks := []wiretest.Chunk{says(wire.ToServer, bytes.Repeat([]byte("x"), maxNoise+1)...)}
	f := wiretest.Feed[Handler]{T: t, Conversation: &Conversation{}, Handler: &recorder{}}
	if err := f.Play(chunks); !errors.Is(err, ErrNoise) {
		t.Errorf("got %v, want %v", err, ErrNoise)
	}
	wiretest.Splits(t, chunks, fresh)
}

func TestMemoryIsBounded(t *testing.T) {
	var c Conversation
	var many strings.Builder
	many.WriteString(blood[0] + "\r")
	for i := range 500 {
		many.WriteString("P|1|" + strings.Repeat(string(rune('A'+i%26)), 300+i) + "\rR|1|^^^" + strings.Repeat("9", i) + "\r")
	}
	text := many.String()
	c.Decode(wire.ToServer, []byte{enq}, ignore{})
	for i := range 8 {
		c.Decode(wire.ToServer, frame(i+1, text, etb), ignore{})
		c.Decode(wire.ToClient, []byte{ack}, ignore{})
	}
	s := &c.sides[0]
	if m := &s.message; len(m.Patients) > maxList || len(m.Tests) > maxList || len(m.arena) > maxArena || len(s.text) > maxFrame || len(s.record) > maxRecord || !m.Cut {
		t.Errorf("patients %d, tests %d, arena %d, frame %d, record %d, cut %v: beyond the bounds", len(m.Patients), len(m.Tests), len(m.arena), len(s.text), len(s.record), m.Cut)
	}
}

type ignore struct{}

func (ignore) Message(wire.Dir, *Message) {}

func TestDecodingDoesNotAllocate(t *testing.T) {
	chunks := join(transfer(wire.ToServer, blood...), transfer(wire.ToServer, query...), transfer(wire.ToClient, order...))
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

func FuzzConversation(f *testing.F) {
	for _, s := range [][]wiretest.Chunk{transfer(wire.ToServer, blood...), transfer(wire.ToClient, order...)} {
		var up, down []byte
		for _, c := range s {
			if c.Dir == wire.ToServer {
				up = append(up, c.Bytes...)
			} else {
				down = append(down, c.Bytes...)
			}
		}
		f.Add(up, down, uint16(0))
	}
	f.Add([]byte(strings.Join(query, "\r")), []byte{ack, nak, 'H'}, uint16(7))
	f.Fuzz(func(t *testing.T, up, down []byte, lost uint16) {
		Probe(up)
		wiretest.Splits(t, []wiretest.Chunk{
			{Dir: wire.ToServer, Bytes: up}, {Dir: wire.ToClient, Bytes: down},
			{Dir: wire.ToServer, Lost: int(lost), Bytes: down}, {Dir: wire.ToClient, Bytes: up},
		}, fresh)
	})
}

func BenchmarkConversation(b *testing.B) {
	chunks := transfer(wire.ToServer, blood...)
	size := 0
	for i := range chunks {
		size += len(chunks[i].Bytes)
	}
	var c Conversation
	var h Handler = ignore{}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for i := range chunks {
			c.Decode(chunks[i].Dir, chunks[i].Bytes, h)
		}
	}
}
