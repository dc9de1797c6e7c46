package poct1a

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/wiretest"
)

func TestSessions(t *testing.T) {
	tests := []struct {
		name   string
		chunks []wiretest.Chunk
		want   string
	}{
		{"a session tells the device, its state, its results without their values, and its end", session(),
			"to_server HEL.R01 1 POCT1 device=0003B1FFFEB5B648,NOVABIO,StatStrip,0600100736,Nova & Sons,K1,3.10.8.0,DLO-OV new=0,0 S0 O0 C0 E0 ack=AA\n" +
				"to_server DST.R01 2 POCT1 condition=R new=2,0 S0 O0 C0 E0 ack=AA\n" +
				"to_server OBS.R01 3 POCT1 tests=2339-0 patients=471199 names=DURAND^PAUL,PAUL,DURAND operators=nurse7 new=0,0 S1 O1 C0 E0 ack=AA\n" +
				"to_server OBS.R02 4 POCT1 tests=2339-0 operators=nurse7 new=0,0 S1 O1 C1 E0 ack=AA\n" +
				"to_server EOT.R01 5 POCT1 request=OBS new=0,0 S0 O0 C0 E0 ack=AA\n" +
				"to_client REQ.R01 103 POCT1 request=ROBS new=0,0 S0 O0 C0 E0\n" +
				"to_client DTV.R01 107 POCT1 request=SET_TIME new=0,0 S0 O0 C0 E0 ack=AA\n" +
				"to_server END.R01 7 POCT1 request=NRM new=0,0 S0 O0 C0 E0 ack=AA\n"},
		{"a device may stand as text", []wiretest.Chunk{says(wire.ToServer, message("HEL.R01", 1, `<DEV><DEV.device_id V="">MGH^ICU</DEV.device_id></DEV>`))},
			"to_server HEL.R01 1 POCT1 device=MGH^ICU new=0,0 S0 O0 C0 E0\n"},
		{"a message that is broken off is told", []wiretest.Chunk{says(wire.ToServer, message("DST.R01", 1, status)[:290])},
			"to_server DST.R01 1 POCT1 new=2,0 S0 O0 C0 E0 cut\n"},
		{"a message without an answer is told with the next", []wiretest.Chunk{says(wire.ToServer, message("EOT.R01", 1, "")+message("END.R01", 2, ""))},
			"to_server EOT.R01 1 POCT1 new=0,0 S0 O0 C0 E0\nto_server END.R01 2 POCT1 new=0,0 S0 O0 C0 E0\n"},
		{"an answer to something else answers nothing", []wiretest.Chunk{says(wire.ToServer, message("EOT.R01", 1, "")), says(wire.ToClient, ack(9, 8))},
			"to_server EOT.R01 1 POCT1 new=0,0 S0 O0 C0 E0\n"},
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
		side        wire.Dir
	}{
		{"a greeting is of the device", "\xef\xbb\xbf<?xml version=\"1.0\"?>\r\n<!-- x --><HEL.R01>", wire.Yes, wire.ToServer},
		{"an answer is of the manager", "<ACK.R01><HDR>", wire.Yes, wire.ToClient},
		{"a declaration alone may be one", "<?xml version=\"1.0\"?>", wire.Unsure, wire.ToServer},
		{"the beginning of a root may be one", "<HEL", wire.Unsure, wire.ToServer},
		{"other XML is none", "<?xml version=\"1.0\"?><stream:stream>", wire.No, wire.ToServer},
		{"a type that is not known is none", "<XYZ.R01>", wire.No, wire.ToServer},
		{"a page is none", "<!DOCTYPE html><html><head>", wire.No, wire.ToServer},
		{"text is none", "HEL.R01", wire.No, wire.ToServer},
	}
	for _, tt := range tests {
		if got, side := Probe([]byte(tt.bytes)); got != tt.want || side != tt.side {
			t.Errorf("%s: got %v %v, want %v %v", tt.name, got, side, tt.want, tt.side)
		}
	}
}

func TestNoiseEndsTheConversation(t *testing.T) {
	chunks := []wiretest.Chunk{says(wire.ToServer, strings.Repeat("<a>", maxNoise/3+1))}
	f := wiretest.Feed[Handler]{T: t, Conversation: &Conversation{}, Handler: &recorder{}}
	if err := f.Play(chunks); err != nil && !errors.Is(err, ErrNoise) {
		t.Errorf("got %v", err)
	}
	chunks = []wiretest.Chunk{says(wire.ToServer, strings.Repeat("x", maxNoise+1))}
	f = wiretest.Feed[Handler]{T: t, Conversation: &Conversation{}, Handler: &recorder{}}
	if err := f.Play(chunks); !errors.Is(err, ErrNoise) {
		t.Errorf("got %v, want %v", err, ErrNoise)
	}
	wiretest.Splits(t, chunks, fresh)
}

type ignore struct{}

func (ignore) Exchange(*Exchange) {}

func TestMemoryIsBounded(t *testing.T) {
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, `<OBS><OBS.observation_id V="%d%s"/></OBS><PT.patient_id V="%d"/>`, i, strings.Repeat("9", 300), i)
	}
	var c Conversation
	c.Decode(wire.ToServer, []byte("<OBS.R01>"+b.String()), ignore{})
	if m := c.sides[0].message; len(m.Tests) > maxList || len(m.Patients) > maxList || len(m.arena) > maxArena || !m.Cut || m.Observations != 5000 {
		t.Errorf("tests %d, patients %d, arena %d, cut %v, observations %d", len(m.Tests), len(m.Patients), len(m.arena), m.Cut, m.Observations)
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
	f.Add([]byte(`<HEL.R01><DEV.device_id V="">text`), []byte(`<ACK.R01/>`), uint16(9))
	f.Fuzz(func(t *testing.T, up, down []byte, lost uint16) {
		Probe(up)
		wiretest.Splits(t, []wiretest.Chunk{
			{Dir: wire.ToServer, Bytes: up}, {Dir: wire.ToClient, Bytes: down},
			{Dir: wire.ToServer, Lost: int(lost), Bytes: down}, {Dir: wire.ToClient, Bytes: up},
		}, fresh)
	})
}
