package mysql

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/internal/corpus"
	"bulwark/wire/wiretest"
)

func packet(seq byte, p string) string {
	return string([]byte{byte(len(p)), byte(len(p) >> 8), byte(len(p) >> 16), seq}) + p
}

func up(s string) wiretest.Chunk   { return wiretest.Chunk{Dir: wire.ToServer, Bytes: []byte(s)} }
func down(s string) wiretest.Chunk { return wiretest.Chunk{Dir: wire.ToClient, Bytes: []byte(s)} }

func caps(n uint32) string {
	return string([]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)})
}

func hello() string {
	return packet(0, "\x0a8.0.36\x00\x07\x00\x00\x00saltsalt\x00\xff\xff\x21\x02\x00\xff\xff\x15"+strings.Repeat("\x00", 10)+"saltsaltsalt\x00caching_sha2_password\x00")
}

const usual = capProtocol41 | capConnectDB | capPluginAuth | capAttributes | capLengthAuth

func answer(more uint32) string {
	attributes := "\x0c_client_name\x08libmysql\x0f_client_version\x068.0.36\x03_os\x05Linux\x0cprogram_name\x05mysql"
	return packet(1, caps(usual|more)+"\x00\x00\x00\x01\x21"+strings.Repeat("\x00", 23)+"nurse\x00\x06geheimward\x00mysql_native_password\x00"+string(rune(len(attributes)))+attributes)
}

const okRows = "\xfe\x00\x00\x02\x00\x00\x00"

// begun is a session behind its sign-on.
func begun(more uint32, chunks ...wiretest.Chunk) []wiretest.Chunk {
	return append([]wiretest.Chunk{down(hello()), up(answer(more)), down(packet(2, okay))}, chunks...)
}

// plain is a packed packet whose bytes are not packed.
func plain(seq byte, p string) string { return packet(seq, p)[:head] + "\x00\x00\x00" + p }

// zipped is a packed packet.
func zipped(seq byte, p string) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	z.Write([]byte(p))
	z.Close()
	return packet(seq, b.String())[:head] + packet(0, p)[:3] + b.String()
}

const okay = "\x00\x00\x00\x02\x00\x00\x00"

type recorder struct{ strings.Builder }

func (r *recorder) Login(l *Login) {
	fmt.Fprintf(r, "login server=%s thread=%d user=%s database=%s plugin=%s program=%s driver=%s os=%s asked=%v changes=%v decided=%v accepted=%v %d %s %s\n", l.Server, l.Thread, l.User, l.Database,
		l.Plugin, l.Program, l.Driver, l.OS, l.Asked, l.Changes, l.Decided, l.Accepted, l.Code, l.State, l.Message)
}

func (r *recorder) Command(c *Command) {
	fmt.Fprintf(r, "%s(%d) %q", c.Name(), c.Code, c.Statement)
	for _, n := range []struct {
		name string
		v    uint64
	}{{"affected", c.Affected}, {"columns", c.Columns}, {"results", c.Results}, {"rows", c.Rows}, {"bytes", c.RowBytes}, {"sent", c.Sent}, {"error", uint64(c.Error)}} {
		if n.v > 0 {
			fmt.Fprintf(r, " %s=%d", n.name, n.v)
		}
	}
	if !c.Answered || !c.OK && c.Error == 0 {
		fmt.Fprintf(r, " answered=%v ok=%v", c.Answered, c.OK)
	}
	fmt.Fprintf(r, " %s%s%s\n", c.File, c.State, c.Message)
}

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	r := &recorder{}
	return &Conversation{}, r, r.String
}

const told = "login server=8.0.36 thread=7 user=nurse database=ward plugin=mysql_native_password program=mysql driver=libmysql 8.0.36 os=Linux asked=true changes=false decided=true accepted=true 0  \n"

func session() []wiretest.Chunk {
	return []wiretest.Chunk{down(hello()), up(answer(0)), down(packet(2, okay)),
		up(packet(0, "\x03select name from p where id=4711")), down(packet(1, "\x01") + packet(2, "\x03def") + packet(3, "\xfe\x00\x00\x02\x00") + packet(4, "\x06DURAND") + packet(5, "\x06MARTIN") + packet(6, "\xfe\x00\x00\x02\x00")),
		up(packet(0, "\x03update p set x=1")), down(packet(1, "\x00\x05\x00\x02\x00\x00\x00")),
		up(packet(0, "\x03selec")), down(packet(1, "\xff\x28\x04#42000You have an error")),
		up(packet(0, "\x16select ?")), down(packet(1, "\x00\x01\x00\x00\x00\x01\x00\x01\x00\x00\x00\x00") + packet(2, "\x03def") + packet(3, "\xfe\x00\x00\x02\x00")),
		up(packet(0, "\x0e")), down(packet(1, okay)), up(packet(0, "\x01"))}
}

func TestSessions(t *testing.T) {
	tests := []struct {
		name   string
		chunks []wiretest.Chunk
		want   string
		err    error
	}{
		{"a session with rows, a change, an error and a preparation", session(), told +
			`query(3) "select name from p where id=4711" columns=1 results=1 rows=2 bytes=14 ` + "\n" +
			`query(3) "update p set x=1" affected=5 ` + "\n" +
			`query(3) "selec" error=1064 42000You have an error` + "\n" +
			`prepare(22) "select ?" ` + "\n" + `(14) "" ` + "\n", nil},
		{"rows without marks at their ends", begun(capNoEOF, up(packet(0, "\x03select 1")), down(packet(1, "\x01")+packet(2, "\x03def")+packet(3, "\x011")+packet(4, okRows))),
			told + `query(3) "select 1" columns=1 results=1 rows=1 bytes=2 ` + "\n", nil},
		{"several results of one query", begun(capNoEOF, up(packet(0, "\x03call x()")), down(packet(1, "\x01")+packet(2, "\x03def")+packet(3, "\x011")+packet(4, "\xfe\x00\x00\x0a\x00\x00\x00")+
			packet(5, "\x01")+packet(6, "\x03def")+packet(7, "\x011")+packet(8, "\x012")+packet(9, "\xfe\x00\x00\x0a\x00\x00\x00")+packet(10, "\x00\x03\x00\x02\x00\x00\x00"))),
			told + `query(3) "call x()" affected=3 columns=1 results=2 rows=3 bytes=6 ` + "\n", nil},
		{"statements are sent and executed at once, and their columns described once", begun(capNoEOF, up(packet(0, "\x16select ?")+packet(0, "\x17\xff\xff\xff\xff\x00\x01\x00\x00\x00")),
			down(packet(1, "\x00\x05\x00\x00\x00\x01\x00\x01\x00\x00\x00\x00")+packet(2, "\x03def")+packet(3, "\x03def")+packet(1, "\x01\x01")+packet(2, "\x03def")+packet(3, "\x00\x00\x011")+packet(4, okRows)),
			up(packet(0, "\x17\x05\x00\x00\x00\x00\x01\x00\x00\x00")), down(packet(1, "\x01\x00")+packet(2, "\x00\x00\x011")+packet(3, "\x00\x00\x011")+packet(4, okRows)),
			up(packet(0, "\x19\x05\x00\x00\x00")+packet(0, "\x03select 2")), down(packet(1, "\x01")+packet(2, "\x03def")+packet(3, okRows))),
			told + `prepare(22) "select ?" ` + "\n" + `execute(23) "select ?" columns=1 results=1 rows=1 bytes=4 ` + "\n" +
				`execute(23) "select ?" columns=1 results=1 rows=2 bytes=8 ` + "\n" + `query(3) "select 2" columns=1 results=1 ` + "\n", nil},
		{"a file of the client, and how far the server has come with it", begun(0, up(packet(0, "\x03load data local infile 'x'")), down(packet(1, "\xfb/etc/passwd")), up(packet(2, "root:x:0")+packet(3, "")),
			down(packet(4, "\xff\xff\xff\x01\x01\x00\x00\x00\x00")+packet(5, "\x00\x01\x00\x02\x00\x00\x00"))),
			told + `query(3) "load data local infile 'x'" affected=1 sent=8 /etc/passwd` + "\n", nil},
		{"a packed connection", begun(capCompress|capNoEOF, up(plain(0, packet(0, "\x03select 1"))), down(zipped(1, (packet(1, "\x01") + packet(2, "\x03def"))[:7])+
			zipped(2, (packet(1, "\x01") + packet(2, "\x03def"))[7:]+packet(3, "\x05AAAAA")+packet(4, okRows))), up(zipped(0, packet(0, "\x03select "+strings.Repeat("2,", 50)))), down(zipped(1, packet(1, "\xff\x28\x04#42000no")))),
			told + `query(3) "select 1" columns=1 results=1 rows=1 bytes=6 ` + "\n" + `query(3) "select ` + strings.Repeat("2,", 50) + `" error=1064 42000no` + "\n", nil},
		{"a connection that was there before its observer", []wiretest.Chunk{up(packet(0, "\x03SELECT 1 from p")), down(packet(1, "\x01") + packet(2, "\x03def") + packet(3, "\x011") + packet(4, okRows))},
			`query(3) "SELECT 1 from p" columns=1 results=1 rows=1 bytes=2 ` + "\n", nil},
		{"a wrong password", []wiretest.Chunk{down(hello()), up(answer(0)), down(packet(2, "\xfecaching_sha2_password\x00salt")), up(packet(3, "geheim")), down(packet(4, "\xff\x15\x04#28000Access denied"))},
			"login server=8.0.36 thread=7 user=nurse database=ward plugin=caching_sha2_password program=mysql driver=libmysql 8.0.36 os=Linux asked=true changes=false decided=true accepted=false 1045 28000 Access denied\n", nil},
		{"TLS follows where the client asks for it", []wiretest.Chunk{down(hello()), up(packet(1, caps(usual|capSSL)+"\x00\x00\x00\x01\x21"+strings.Repeat("\x00", 23))), up("hello")},
			"login server=8.0.36 thread=7 user= database= plugin=caching_sha2_password program= driver= os= asked=true changes=false decided=false accepted=false 0  \n", ErrTLS},
		{"another user signs on in place of the first", []wiretest.Chunk{down(hello()), up(answer(0)), down(packet(2, okay)), up(packet(0, "\x11root\x00\x00hr\x00\x21\x00mysql_native_password\x00")), down(packet(1, "\xff\x15\x04#28000no"))},
			told + "login server=8.0.36 thread=7 user=root database=hr plugin=mysql_native_password program= driver= os= asked=true changes=true decided=true accepted=false 1045 28000 no\n", nil},
		{"a server that refuses a host", []wiretest.Chunk{down(packet(0, "\xff\x6a\x04Host '10.0.0.1' is not allowed"))},
			"login server= thread=0 user= database= plugin= program= driver= os= asked=false changes=false decided=true accepted=false 1130  Host '10.0.0.1' is not allowed\n", nil},
		{"a greeting that nobody answers", []wiretest.Chunk{down(hello())},
			"login server=8.0.36 thread=7 user= database= plugin=caching_sha2_password program= driver= os= asked=false changes=false decided=false accepted=false 0  \n", nil},
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
	for p, want := range map[string]wire.Match{hello(): wire.Yes, hello()[:6]: wire.Unsure, packet(0, "\x0aabc\x00xxxxxx"): wire.No, "220 ftp": wire.No, packet(0, "\xff\x6a\x04Host"): wire.No,
		packet(0, "\xff\x6a\x04Host is not"): wire.Yes} {
		if got, _ := Probe([]byte(p)); got != want {
			t.Errorf("%q: got %v, want %v", p, got, want)
		}
	}
}

func TestLostBytes(t *testing.T) {
	r := &recorder{}
	c := &Conversation{}
	for _, k := range begun(capNoEOF, up(packet(0, "\x03select 1")), down(packet(1, "\x01"))) {
		c.Decode(k.Dir, k.Bytes, r)
	}
	if err := c.Gap(wire.ToClient, 100); err != nil {
		t.Fatal(err)
	}
	for _, k := range []wiretest.Chunk{down("AAAA\x01\x01\x01"), up(packet(0, "\x03select 2")), down(packet(1, "\x01") + packet(2, "\x03def") + packet(3, okRows))} {
		c.Decode(k.Dir, k.Bytes, r)
	}
	if err := c.Gap(wire.ToServer, 10); err != nil {
		t.Fatal(err)
	}
	for _, k := range []wiretest.Chunk{up("AAAA"), up(packet(0, "\x03select 3")), down(packet(1, "\xff\x28\x04#42000no"))} {
		c.Decode(k.Dir, k.Bytes, r)
	}
	want := told + `query(3) "select 1" columns=1 results=1 answered=true ok=false ` + "\n" + `query(3) "select 2" columns=1 results=1 ` + "\n" + `query(3) "select 3" error=1064 42000no` + "\n"
	if got := r.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestCaptures reads the sessions of Zeek and Arkime; their users and statements stand in those projects' own results.
func TestCaptures(t *testing.T) {
	files := corpus.Folder(t, "sensor", "zeek-traces", "mysql")
	for name, b := range corpus.Folder(t, "sensor", "arkime") {
		if strings.HasPrefix(name, "mysql") {
			files[name] = b
		}
	}
	all := ""
	for _, c := range corpus.Captures(files) {
		for _, s := range c.Streams {
			if m, _ := Probe(s.Bytes(wire.ToClient)); m != wire.Yes {
				continue
			}
			r := &recorder{}
			f := wiretest.Feed[Handler]{T: t, Conversation: &Conversation{}, Handler: r}
			err := f.Play(s.Chunks)
			all += fmt.Sprintf("%s %v\n%s", c.Name, err, r.String())
		}
	}
	for _, want := range []string{"accepted=true", "accepted=false 1045", "plugin=caching_sha2_password", "TLS follows", "changes=true", `"select @@version_comment limit 1"`} {
		if !strings.Contains(all, want) {
			t.Errorf("got no %s in\n%s", want, all)
		}
	}
}

func FuzzConversation(f *testing.F) {
	client, server := wiretest.Sides(session())
	f.Add(client, server)
	wiretest.FuzzTurns(f, 4, wire.ToClient, Probe, fresh)
}
