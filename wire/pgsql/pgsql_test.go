package pgsql

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/internal/corpus"
	"bulwark/wire/wiretest"
)

func first(code uint32, rest string) string {
	b := binary.BigEndian.AppendUint32(nil, uint32(8+len(rest)))
	return string(binary.BigEndian.AppendUint32(b, code)) + rest
}

func message(kind byte, body string) string {
	return string(kind) + string(binary.BigEndian.AppendUint32(nil, uint32(4+len(body)))) + body
}

func up(s string) wiretest.Chunk   { return wiretest.Chunk{Dir: wire.ToServer, Bytes: []byte(s)} }
func down(s string) wiretest.Chunk { return wiretest.Chunk{Dir: wire.ToClient, Bytes: []byte(s)} }

const ready = "Z\x00\x00\x00\x05I"

type recorder struct{ strings.Builder }

func (r *recorder) Exchange(x *Exchange, n int) {
	fmt.Fprintf(r, "%d %v", n, x.Kind)
	if x.Kind == Startup {
		fmt.Fprintf(r, " %d.%d user=%s database=%s settings=%d", x.Major, x.Minor, x.User(), x.Database(), len(x.Settings))
	}
	if len(x.Statement) > 0 {
		fmt.Fprintf(r, " %q prepared=%v", x.Statement, x.Prepared)
	}
	if len(x.Mechanism) > 0 {
		fmt.Fprintf(r, " mechanism=%s", x.Mechanism)
	}
	if x.Answered {
		fmt.Fprintf(r, " accepted=%v methods=%v salt=%x", x.Accepted, x.Methods, x.Salt)
		for _, s := range x.Reports {
			fmt.Fprintf(r, " %s=%s", s.Name, s.Value)
		}
		fmt.Fprintf(r, " key=%v,%d,%d columns=%v,%d rows=%d,%d out=%d,%d", x.HasKey, x.Process, x.Key, x.HasColumns, x.Columns, x.Rows, x.RowBytes, x.CopyOut, x.CopyOutSize)
	}
	fmt.Fprintf(r, " in=%d,%d asked=%d,%d tag=%s error=%s %s\n", x.CopyIn, x.CopyInSize, x.CopyAsked, x.CopyColumns, x.Tag, x.ErrorField('C'), x.ErrorField('M'))
}

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	r := &recorder{}
	return &Conversation{}, r, r.String
}

const startup = "user\x00nurse\x00database\x00ward\x00application_name\x00psql\x00\x00"

func session() []wiretest.Chunk {
	return []wiretest.Chunk{
		up(first(codeSSL, "")), down("N"),
		up(first(3<<16, startup)), down(message('R', "\x00\x00\x00\x0aSCRAM-SHA-256\x00\x00")),
		up(message('p', "SCRAM-SHA-256\x00\x00\x00\x00\x05n,,n=")), down(message('R', "\x00\x00\x00\x0br=x")),
		up(message('p', "c=biws,r=geheim")), down(message('R', "\x00\x00\x00\x0cv=x") + message('R', "\x00\x00\x00\x00") + message('S', "server_version\x0015.8\x00") + message('K', "\x00\x00\x00\x07\x00\x00\x00\x09") + ready),
		up(message('Q', "select name from patients where id=4711\x00")), down(message('T', "\x00\x01") + message('D', "\x00\x01\x00\x00\x00\x06DURAND") + message('D', "\x00\x01\xff\xff\xff\xff") + message('C', "SELECT 2\x00") + ready),
		up(message('P', "\x00select $1\x00\x00\x00") + message('B', "xx") + message('D', "P\x00") + message('E', "\x00\x00\x00\x00\x00") + message('S', "")),
		down(message('1', "") + message('2', "") + message('E', "SERROR\x00C42P01\x00Mno such table\x00\x00") + ready),
		up(message('X', "")),
	}
}

func TestSessions(t *testing.T) {
	tests := []struct {
		name   string
		chunks []wiretest.Chunk
		want   string
		err    error
	}{
		{"a session with SCRAM, a statement, a prepared one and its error", session(),
			"1 ssl_request accepted=false methods=[] salt=00000000 key=false,0,0 columns=false,0 rows=0,0 out=0,0 in=0,0 asked=0,0 tag= error= \n" +
				"2 startup 3.0 user=nurse database=ward settings=3 accepted=false methods=[10] salt=00000000 key=false,0,0 columns=false,0 rows=0,0 out=0,0 in=0,0 asked=0,0 tag= error= \n" +
				"3 sasl_initial mechanism=SCRAM-SHA-256 accepted=false methods=[11] salt=00000000 key=false,0,0 columns=false,0 rows=0,0 out=0,0 in=0,0 asked=0,0 tag= error= \n" +
				"4 sasl_response accepted=false methods=[12 0] salt=00000000 server_version=15.8 key=true,7,9 columns=false,0 rows=0,0 out=0,0 in=0,0 asked=0,0 tag= error= \n" +
				"5 query \"select name from patients where id=4711\" prepared=false accepted=false methods=[] salt=00000000 key=false,0,0 columns=true,1 rows=2,6 out=0,0 in=0,0 asked=0,0 tag=SELECT 2 error= \n" +
				"6 query \"select $1\" prepared=true accepted=false methods=[] salt=00000000 key=false,0,0 columns=false,0 rows=0,0 out=0,0 in=0,0 asked=0,0 tag= error=42P01 no such table\n" +
				"7 terminate in=0,0 asked=0,0 tag= error= \n", nil},
		{"TLS follows where the server accepts it", []wiretest.Chunk{up(first(codeSSL, "")), down("S"), up("hello")},
			"1 ssl_request accepted=true methods=[] salt=00000000 key=false,0,0 columns=false,0 rows=0,0 out=0,0 in=0,0 asked=0,0 tag= error= \n", ErrTLS},
		{"a refused password is told when the connection ends", []wiretest.Chunk{up(first(3<<16, startup)), down(message('R', "\x00\x00\x00\x05abcd")), up(message('p', "md5geheim\x00")),
			down(message('E', "SFATAL\x00C28P01\x00Mpassword authentication failed\x00\x00"))},
			"1 startup 3.0 user=nurse database=ward settings=3 accepted=false methods=[5] salt=61626364 key=false,0,0 columns=false,0 rows=0,0 out=0,0 in=0,0 asked=0,0 tag= error= \n" +
				"2 password accepted=false methods=[] salt=00000000 key=false,0,0 columns=false,0 rows=0,0 out=0,0 in=0,0 asked=0,0 tag= error=28P01 password authentication failed\n", nil},
		{"what is copied is counted", []wiretest.Chunk{up(message('Q', "copy t to stdout\x00")), down(message('H', "\x00\x00\x02") + message('d', "a\tb\n") + message('d', "c\n") + message('c', "") + message('C', "COPY 2\x00") + ready),
			up(message('Q', "copy t from stdin\x00")), down(message('G', "\x00\x00\x01")), up(message('d', "a\n") + message('c', "")), down(message('C', "COPY 1\x00") + ready)},
			"1 query \"copy t to stdout\" prepared=false accepted=false methods=[] salt=00000000 key=false,0,0 columns=false,0 rows=0,0 out=2,6 in=0,0 asked=72,2 tag=COPY 2 error= \n" +
				"2 query \"copy t from stdin\" prepared=false accepted=false methods=[] salt=00000000 key=false,0,0 columns=false,0 rows=0,0 out=0,0 in=1,2 asked=71,1 tag=COPY 1 error= \n", nil},
		{"a statement that is prepared once is told each time", []wiretest.Chunk{up(message('P', "S_1\x00select a\x00\x00\x00") + message('D', "SS_1\x00") + message('S', "")), down(message('1', "") + ready),
			up(message('P', "S_2\x00select b\x00\x00\x00") + message('B', "\x00S_2\x00\x00\x00\x00\x00") + message('E', "\x00\x00\x00\x00\x00") + message('S', "")), down(message('1', "") + message('2', "") + message('C', "SELECT 0\x00") + ready),
			up(message('B', "\x00S_1\x00\x00\x00\x00\x00") + message('E', "\x00\x00\x00\x00\x00") + message('S', "")), down(message('2', "") + message('D', "\x00\x01\x00\x00\x00\x01A") + message('C', "SELECT 1\x00") + ready)},
			"1 query \"select a\" prepared=true accepted=false methods=[] salt=00000000 key=false,0,0 columns=false,0 rows=0,0 out=0,0 in=0,0 asked=0,0 tag= error= \n" +
				"2 query \"select b\" prepared=true accepted=false methods=[] salt=00000000 key=false,0,0 columns=false,0 rows=0,0 out=0,0 in=0,0 asked=0,0 tag=SELECT 0 error= \n" +
				"3 query \"select a\" prepared=true accepted=false methods=[] salt=00000000 key=false,0,0 columns=false,0 rows=1,1 out=0,0 in=0,0 asked=0,0 tag=SELECT 1 error= \n", nil},
		{"a request to cancel", []wiretest.Chunk{up(first(codeCancel, "\x00\x00\x00\x07\x00\x00\x00\x09"))}, "1 cancel in=0,0 asked=0,0 tag= error= \n", nil},
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
			wiretest.Damage(t, tt.chunks, 100, fresh)
		})
	}
}

func TestProbe(t *testing.T) {
	tests := []struct {
		name, p string
		want    wire.Match
	}{
		{"a request for TLS", first(codeSSL, ""), wire.Yes}, {"a startup", first(3<<16, startup), wire.Yes}, {"half of one", first(3<<16, startup)[:10], wire.Unsure},
		{"a startup without a user is none", first(3<<16, "x\x00y\x00\x00"), wire.No}, {"an answer", message('R', "\x00\x00\x00\x00"), wire.Yes},
		{"a length of NetBIOS is none", "\x00\x00\x00\x54\xffSMBr", wire.No}, {"text is none", "RETR", wire.No},
	}
	for _, tt := range tests {
		if got, _ := Probe([]byte(tt.p)); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
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
		c.Reset()
	})
	if got != 0 {
		t.Errorf("a session costs %v allocations, want 0", got)
	}
}

type ignore struct{}

func (ignore) Exchange(*Exchange, int) {}

// TestCaptures reads the sessions of Zeek: users and outcomes as its own logs tell them.
func TestCaptures(t *testing.T) {
	all := ""
	for _, c := range corpus.Captures(corpus.Folder(t, "sensor", "zeek-traces", "postgresql")) {
		for _, s := range c.Streams {
			if m, _ := Probe(s.Bytes(wire.ToServer)); m != wire.Yes {
				continue
			}
			r := &recorder{}
			f := wiretest.Feed[Handler]{T: t, Conversation: &Conversation{}, Handler: r}
			err := f.Play(s.Chunks)
			all += fmt.Sprintf("%s %v\n%s", c.Name, err, r.String())
		}
	}
	for _, want := range []string{"28P01", "tag=CREATE TABLE", "tag=DROP TABLE", "mechanism=SCRAM-SHA-256"} {
		if !strings.Contains(all, want) {
			t.Errorf("got no %s in\n%s", want, all)
		}
	}
}

func FuzzConversation(f *testing.F) {
	client, server := wiretest.Sides(session())
	f.Add(client, server)
	wiretest.FuzzTurns(f, 4, wire.ToServer, Probe, fresh)
}
