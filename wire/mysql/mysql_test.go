package mysql

import (
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

const okay = "\x00\x00\x00\x02\x00\x00\x00"

type recorder struct{ strings.Builder }

func (r *recorder) Login(l *Login) {
	fmt.Fprintf(r, "login server=%s thread=%d user=%s database=%s plugin=%s program=%s driver=%s os=%s asked=%v changes=%v decided=%v accepted=%v %d %s %s\n", l.Server, l.Thread, l.User, l.Database,
		l.Plugin, l.Program, l.Driver, l.OS, l.Asked, l.Changes, l.Decided, l.Accepted, l.Code, l.State, l.Message)
}

func (r *recorder) Command(c *Command) {
	fmt.Fprintf(r, "%s(%d) %q answered=%v ok=%v affected=%d columns=%d rows=%d %d %s %s\n", c.Name(), c.Code, c.Statement, c.Answered, c.OK, c.Affected, c.Columns, c.Rows, c.Error, c.State, c.Message)
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
			`query(3) "select name from p where id=4711" answered=true ok=true affected=0 columns=1 rows=2 0  ` + "\n" +
			`query(3) "update p set x=1" answered=true ok=true affected=5 columns=0 rows=0 0  ` + "\n" +
			`query(3) "selec" answered=true ok=false affected=0 columns=0 rows=0 1064 42000 You have an error` + "\n" +
			`prepare(22) "select ?" answered=true ok=true affected=0 columns=0 rows=0 0  ` + "\n" +
			`(14) "" answered=true ok=true affected=0 columns=0 rows=0 0  ` + "\n" + `quit(1) "" answered=false ok=false affected=0 columns=0 rows=0 0  ` + "\n", nil},
		{"rows without marks at their ends", []wiretest.Chunk{down(hello()), up(answer(capNoEOF)), down(packet(2, okay)),
			up(packet(0, "\x03select 1")), down(packet(1, "\x01") + packet(2, "\x03def") + packet(3, "\x011") + packet(4, "\xfe\x00\x00\x02\x00\x00\x00"))},
			told + `query(3) "select 1" answered=true ok=true affected=0 columns=1 rows=1 0  ` + "\n", nil},
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
	var a, b string
	for _, c := range session() {
		if c.Dir == wire.ToServer {
			a += string(c.Bytes)
		} else {
			b += string(c.Bytes)
		}
	}
	f.Add(a, b)
	f.Fuzz(func(t *testing.T, client, server string) {
		Probe([]byte(server))
		var chunks []wiretest.Chunk
		for i := range 4 {
			k, l := len(server)/(4-i), len(client)/(4-i)
			chunks = append(chunks, down(server[:k]), up(client[:l]))
			server, client = server[k:], client[l:]
		}
		wiretest.Splits(t, chunks, fresh)
	})
}
