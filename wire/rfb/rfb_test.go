package rfb

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/internal/corpus"
	"bulwark/wire/wiretest"
)

type recorder struct{ strings.Builder }

func (r *recorder) Session(s *Session, unknown bool) {
	fmt.Fprintf(r, "server=%s.%s client=%q offered=%v chosen=%v/%v sub=%d challenged=%v/%v result=%d reason=%s shared=%v/%v screen=%v %dx%d %s unknown=%v user=%s/%v\n", Major(&s.Server), Minor(&s.Server),
		strings.Trim(string(s.Client[:]), "\x00"), s.Offered, s.Chosen, s.HasChosen, s.Subtype, s.Challenged, s.Answered, s.Result, s.Reason, s.HasShared, s.Shared, s.HasScreen, s.Width, s.Height, s.Name, unknown, s.User, s.Clear)
}

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	r := &recorder{}
	return &Conversation{}, r, r.String
}

func down(s string) wiretest.Chunk {
	return wiretest.Chunk{Dir: wire.ToClient, Bytes: []byte(s)}
}
func up(s string) wiretest.Chunk {
	return wiretest.Chunk{Dir: wire.ToServer, Bytes: []byte(s)}
}

const (
	v3, v7, v8 = "RFB 003.003\n", "RFB 003.007\n", "RFB 003.008\n"
	sixteen    = "0123456789abcdef"
	screen     = "\x04\x00\x03\x00\x20\x18\x00\x01\x00\xff\x00\xff\x00\xff\x10\x08\x00\x00\x00\x00\x00\x00\x00\x05ward7"
)

func TestSessions(t *testing.T) {
	tests := []struct {
		name   string
		chunks []wiretest.Chunk
		want   string
		err    error
	}{
		{"a password is accepted, and the screen told", []wiretest.Chunk{down(v8), up(v8), down("\x02\x02\x10"), up("\x02"), down(sixteen), up(sixteen), down("\x00\x00\x00\x00"), up("\x01"), down(screen), up("more")},
			"server=003.008 client=\"003.008\" offered=[vnc tight] chosen=vnc/true sub=0 challenged=true/true result=1 reason= shared=true/true screen=true 1024x768 ward7 unknown=false user=/false\n", nil},
		{"before 3.7 the server chooses", []wiretest.Chunk{down(v8), up(v3), down("\x00\x00\x00\x02"), down(sixteen), up(sixteen), down("\x00\x00\x00\x01")},
			"server=003.008 client=\"003.003\" offered=[] chosen=vnc/true sub=0 challenged=true/true result=2 reason= shared=false/false screen=false 0x0  unknown=false user=/false\n", nil},
		{"in 3.7 nothing is said of no password", []wiretest.Chunk{down(v7), up(v7), down("\x01\x01"), up("\x01\x00"), down(screen)},
			"server=003.007 client=\"003.007\" offered=[none] chosen=none/true sub=0 challenged=false/false result=0 reason= shared=true/false screen=true 1024x768 ward7 unknown=false user=/false\n", nil},
		{"a refusal says why", []wiretest.Chunk{down(v8), up(v8), down("\x00\x00\x00\x00\x08too many")},
			"server=003.008 client=\"003.008\" offered=[] chosen=invalid/false sub=0 challenged=false/false result=0 reason=too many shared=false/false screen=false 0x0  unknown=false user=/false\n", nil},
		{"a wrong password says why", []wiretest.Chunk{down(v8), up(v8), down("\x01\x02"), up("\x02"), down(sixteen), up(sixteen), down("\x00\x00\x00\x01\x00\x00\x00\x05wrong")},
			"server=003.008 client=\"003.008\" offered=[vnc] chosen=vnc/true sub=0 challenged=true/true result=2 reason=wrong shared=false/false screen=false 0x0  unknown=false user=/false\n", nil},
		{"a type that is not read ends it", []wiretest.Chunk{down("RFB 003.889\n"), up(v8), down("\x04\x1e\x21\x24\x23"), up("\x1e"), down("anything")},
			"server=003.889 client=\"003.008\" offered=[apple type_33 type_36 type_35] chosen=apple/true sub=0 challenged=false/false result=0 reason= shared=false/false screen=false 0x0  unknown=true user=/false\n", nil},
		{"TLS follows VeNCrypt", []wiretest.Chunk{down(v8), up(v8), down("\x01\x13"), up("\x13"), down("\x00\x02"), up("\x00\x02"), down("\x00\x01\x00\x00\x01\x05"), up("\x00\x00\x01\x05"), down("\x01")},
			"server=003.008 client=\"003.008\" offered=[vencrypt] chosen=vencrypt/true sub=261 challenged=false/false result=0 reason= shared=false/false screen=false 0x0  unknown=false user=/false\n", ErrTLS},
		{"VeNCrypt in clear tells a user, and the password is passed over", []wiretest.Chunk{down(v8), up(v8), down("\x01\x13"), up("\x13"), down("\x00\x02"), up("\x00\x02"), down("\x00\x01\x00\x00\x01\x00"), up("\x00\x00\x01\x00"), up("\x00\x00\x00\x04\x00\x00\x00\x06annasecret"), down("\x00\x00\x00\x01\x00\x00\x00\x05wrong")},
			"server=003.008 client=\"003.008\" offered=[vencrypt] chosen=vencrypt/true sub=256 challenged=false/true result=2 reason=wrong shared=false/false screen=false 0x0  unknown=false user=anna/true\n", nil},
		{"a server alone is told at the end", []wiretest.Chunk{down(v8)},
			"server=003.008 client=\"\" offered=[] chosen=invalid/false sub=0 challenged=false/false result=0 reason= shared=false/false screen=false 0x0  unknown=false user=/false\n", nil},
		{"bytes out of turn end it", []wiretest.Chunk{down(v8), down(strings.Repeat("x", maxWaiting+1))},
			"server=003.008 client=\"\" offered=[] chosen=invalid/false sub=0 challenged=false/false result=0 reason= shared=false/false screen=false 0x0  unknown=false user=/false\n", ErrTurn},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &recorder{}
			f := wiretest.Feed[Handler]{T: t, Conversation: &Conversation{}, Handler: r}
			if err := f.Play(tt.chunks); !errors.Is(err, tt.err) {
				t.Fatalf("got %v, want %v", err, tt.err)
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
	for p, want := range map[string]wire.Match{v8: wire.Yes, "RFB": wire.Unsure, "RFB 003.00x\n": wire.No, "RFC 2822": wire.No, "": wire.Unsure} {
		if got, _ := Probe([]byte(p)); got != want {
			t.Errorf("%q: got %v, want %v", p, got, want)
		}
	}
}

// TestCaptures reads the sessions of Zeek and suricata-verify; their outcomes were read by tshark.
func TestCaptures(t *testing.T) {
	all := ""
	files := corpus.Folder(t, "sensor", "zeek-traces", "rfb")
	for name, b := range corpus.Folder(t, "sensor", "suricata-verify.tar.zst") {
		if strings.Contains(name, "/rfb-") {
			files[name] = b
		}
	}
	for _, c := range corpus.Captures(files) {
		for _, s := range c.Streams {
			if m, _ := Probe(s.Bytes(wire.ToClient)); m != wire.Yes {
				continue
			}
			r := &recorder{}
			f := wiretest.Feed[Handler]{T: t, Conversation: &Conversation{}, Handler: r}
			_ = f.Play(s.Chunks)
			all += r.String()
		}
	}
	for _, want := range []string{"reason=AAAAAAAAAAAAAAAA", "server=003.889", "server=003.007", "result=1", `client="003.003"`} {
		if !strings.Contains(all, want) {
			t.Errorf("got no %s in\n%s", want, all)
		}
	}
}

func FuzzConversation(f *testing.F) {
	f.Add(v8+"\x02"+sixteen+"\x01", v8+"\x02\x02\x10"+sixteen+"\x00\x00\x00\x00"+screen)
	f.Add(v3+sixteen, v3+"\x00\x00\x00\x02"+sixteen+"\x00\x00\x00\x01")
	wiretest.FuzzTurns(f, 6, wire.ToClient, Probe, fresh)
}
