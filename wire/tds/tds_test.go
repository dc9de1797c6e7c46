package tds

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"bulwark/wire"
	"bulwark/wire/wiretest"
)

// packet is one packet; the last of its message.
func packet(kind byte, p string) string {
	n := len(p) + head
	return string([]byte{kind, 1, byte(n >> 8), byte(n), 0, 0, 1, 0}) + p
}

// message is a message in packets of at most n bytes of payload.
func message(kind byte, p string, n int) string {
	out := ""
	for len(p) > n {
		k := packet(kind, p[:n])
		out += k[:1] + "\x00" + k[2:]
		p = p[n:]
	}
	return out + packet(kind, p)
}

func up(s string) wiretest.Chunk   { return wiretest.Chunk{Dir: wire.ToServer, Bytes: []byte(s)} }
func down(s string) wiretest.Chunk { return wiretest.Chunk{Dir: wire.ToClient, Bytes: []byte(s)} }

func le16(n int) string    { return string(binary.LittleEndian.AppendUint16(nil, uint16(n))) }
func le32(n uint32) string { return string(binary.LittleEndian.AppendUint32(nil, n)) }
func le64(n uint64) string { return string(binary.LittleEndian.AppendUint64(nil, n)) }

func wide(s string) string {
	out := ""
	for _, u := range utf16.Encode([]rune(s)) {
		out += le16(int(u))
	}
	return out
}

func brief(s string) string { return string([]byte{byte(len(utf16.Encode([]rune(s))))}) + wide(s) }
func long(s string) string  { return le16(len(utf16.Encode([]rune(s)))) + wide(s) }

// sized is a token with two bytes of length.
func sized(token byte, p string) string { return string([]byte{token}) + le16(len(p)) + p }

func prelogin(encryption byte) string {
	return "\x00\x00\x0b\x00\x06\x01\x00\x11\x00\x01\xff" + "\x10\x00\x0f\xa0\x00\x00" + string([]byte{encryption})
}

// login7 is a LOGIN7.
func login7(version uint32, texts [9]string) string {
	fixed, tail := le32(version)+le32(4096)+le32(7)+le32(99)+le32(0)+"\xe0\x03\x00\x00"+le32(0)+le32(0x409), ""
	places := ""
	for i, t := range texts {
		if i == 5 {
			t = ""
		}
		places += le16(94+len(tail)) + le16(len(utf16.Encode([]rune(t))))
		tail += wide(t)
	}
	places += "\x01\x02\x03\x04\x05\x06" + strings.Repeat("\x00", 16)
	p := fixed + places
	p += strings.Repeat("\x00", 90-len(p)) + tail
	return le32(uint32(len(p)+4)) + p
}

var nurse = [9]string{"WARD-PC7", "nurse", "geheim", "Stationsbuch", "db.hosp.example", "", "ODBC", "us_english", "ward"}

const version74 = 0x74000004

func ack(version uint32, program string) string {
	return sized(tokenLoginAck, "\x01"+string(binary.BigEndian.AppendUint32(nil, version))+brief(program)+"\x10\x00\x0f\xa0")
}

func done(flags, cmd int, n uint64) string { return "\xfd" + le16(flags) + le16(cmd) + le64(n) }

func chosen(db string) string { return sized(tokenEnvironment, "\x01"+brief(db)+brief("master")) }

func fault(token byte, number uint32, class byte, text string) string {
	return sized(token, le32(number)+"\x01"+string([]byte{class})+long(text)+brief("DB1")+brief("")+le32(1))
}

const headers = "\x16\x00\x00\x00\x12\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00"

func batch(s string) string { return packet(typeBatch, headers+wide(s)) }

// nvarcharOf is a parameter that is a text.
func nvarcharOf(s string) string {
	return "\x00\x00\xe7\x40\x1f\x09\x04\xd0\x00\x34" + le16(2*len(s)) + wide(s)
}

func col(kind, name string) string { return le32(0) + "\x09\x00" + kind + brief(name) }

// rows is a result of several types: fixed, short, sparse, of parts, pointed.
func rows() string {
	columns := col("\x38", "id") + col("\xe7\x64\x00\x09\x04\xd0\x00\x34", "name") + col("\xe7\xff\xff\x09\x04\xd0\x00\x34", "note") + col("\x26\x04", "age") +
		col("\x23\xff\xff\xff\x7f\x09\x04\xd0\x00\x34\x01"+long("p"), "old") + col("\x6a\x11\x12\x02", "fee")
	row := "\xd1" + le32(7) + le16(12) + wide("DURAND") + le64(8) + le32(4) + wide("ab") + le32(4) + wide("cd") + le32(0) + "\x04" + le32(80) +
		"\x10" + strings.Repeat("p", 16) + strings.Repeat("t", 8) + le32(3) + "xyz" + "\x05\x01" + le32(9)
	sparse := "\xd2\x3e" + le32(8) // all but the first are absent
	nulls := "\xd1" + le32(9) + "\xff\xff" + strings.Repeat("\xff", 8) + "\x00" + "\x00" + "\x00"
	return "\x81" + le16(6) + columns + sized(0xA9, le16(1)) + row + sparse + nulls
}

type recorder struct{ strings.Builder }

func (r *recorder) Login(l *Login) {
	fmt.Fprintf(r, "login %x host=%s user=%s app=%s server=%s library=%s language=%s db=%s password=%v sspi=%v %s/%s sealed=%v decided=%v accepted=%v %s %v %s %d %s\n", l.Version, l.Host, l.User, l.App,
		l.Server, l.Library, l.Language, l.Database, l.Password, l.SSPI, l.Offered, l.Answered, l.Sealed, l.Decided, l.Accepted, l.Program, l.Release, l.Chosen, l.Error.Number, l.Error.Message)
}

func (r *recorder) Request(q *Request) {
	fmt.Fprintf(r, "%s(%d) %s %q", q.Name(), q.Type, q.Procedure, q.Statement)
	for _, n := range []struct {
		name string
		v    uint64
	}{{"columns", q.Columns}, {"results", q.Results}, {"rows", q.Rows}, {"affected", q.Affected}, {"error", uint64(q.Error.Number)}} {
		if n.v > 0 {
			fmt.Fprintf(r, " %s=%d", n.name, n.v)
		}
	}
	fmt.Fprintf(r, " answered=%v failed=%v cancelled=%v %s%s\n", q.Answered, q.Failed, q.Cancelled, q.Error.Message, q.Database)
}
func (r *recorder) Challenge(p []byte)   { fmt.Fprintf(r, "challenge %q\n", p) }
func (r *recorder) TLS(wire.Dir, []byte) {}

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	r := &recorder{}
	return &Conversation{}, r, r.String
}

const told = "login 74000004 host=WARD-PC7 user=nurse app=Stationsbuch server=db.hosp.example library=ODBC language=us_english db=ward password=true sspi=false unsupported/unsupported sealed=false decided=true accepted=true Microsoft SQL Server [16 0 15 160] ward 0 \n"

// begun is a session behind its sign-on.
func begun(chunks ...wiretest.Chunk) []wiretest.Chunk {
	return append([]wiretest.Chunk{up(packet(typePrelogin, prelogin(2))), down(packet(typeAnswer, prelogin(2))), up(message(typeLogin, login7(version74, nurse), 100)),
		down(packet(typeAnswer, chosen("ward")+fault(tokenMessage, 5701, 0, "Changed database")+ack(version74, "Microsoft SQL Server")+done(0, 0, 0)))}, chunks...)
}

func record(n int) string {
	return "\x17\x03\x03" + string([]byte{byte(n >> 8), byte(n)}) + strings.Repeat("s", n)
}

func TestSessions(t *testing.T) {
	tests := []struct {
		name   string
		chunks []wiretest.Chunk
		want   string
	}{
		{"a session with rows of many forms, a change, and an error behind rows", begun(up(batch("select * from p where name='DURAND'")), down(message(typeAnswer, rows()+done(0x10, 0xC1, 3), 60)),
			up(batch("update p set x=1; use hr")), down(packet(typeAnswer, done(0x11, 0xC5, 5)+chosen("hr")+done(0, 0, 0))),
			up(batch("select 1/0")), down(packet(typeAnswer, rows()+fault(tokenError, 8134, 16, "Divide by zero")+done(2, 0xC1, 0)))), told +
			`batch(1)  "select * from p where name='DURAND'" columns=6 results=1 rows=3 answered=true failed=false cancelled=false ` + "\n" +
			`batch(1)  "update p set x=1; use hr" affected=5 answered=true failed=false cancelled=false hr` + "\n" +
			`batch(1)  "select 1/0" columns=6 results=1 rows=3 error=8134 answered=true failed=true cancelled=false Divide by zero` + "\n"},
		{"calls by name and by number, and the statements that they carry", begun(
			up(packet(typeRPC, headers+long("dbo.usp_GetPatient")+"\x00\x00"+nvarcharOf("DURAND"))), down(packet(typeAnswer, "\x79"+le32(0)+"\xac"+le16(1)+brief("@n")+"\x01"+le32(0)+"\x00\x00\x26\x04\x04"+le32(7)+"\xfe"+done(0, 0xE0, 0)[1:])),
			up(packet(typeRPC, headers+"\xff\xff\x0a\x00\x00\x00"+nvarcharOf("select @a")+nvarcharOf("@a int"))), down(packet(typeAnswer, done(0, 0xE0, 0))),
			up(packet(typeRPC, headers+"\xff\xff\x0d\x00\x00\x00"+"\x00\x01\x26\x04\x00"+nvarcharOf("@a int")+nvarcharOf("delete from p"))), down(packet(typeAnswer, done(0, 0xE0, 0)))), told +
			`rpc(3) dbo.usp_GetPatient "" answered=true failed=false cancelled=false ` + "\n" + `rpc(3) sp_executesql "select @a" answered=true failed=false cancelled=false ` + "\n" +
			`rpc(3) sp_prepexec "delete from p" answered=true failed=false cancelled=false ` + "\n"},
		{"a call by number that ends behind it", begun(up(packet(typeRPC, headers+"\xff\xff\x0a\x00")), down(packet(typeAnswer, done(0, 0xE0, 0)))),
			told + `rpc(3) sp_executesql "" answered=true failed=false cancelled=false ` + "\n"},
		{"a request that the client calls off", begun(up(batch("waitfor delay '1'")), up(packet(typeAttention, "")), down(packet(typeAnswer, done(0x20, 0, 0)))),
			told + `batch(1)  "waitfor delay '1'" answered=true failed=false cancelled=true ` + "\n"},
		{"an unknown token leaves the count at the end of the answer", begun(up(batch("select 1")), down(packet(typeAnswer, "\x81"+le16(1)+col("\x99", "x")+"\xd1\x01"+done(0x10, 0xC1, 42)))),
			told + `batch(1)  "select 1" columns=1 results=1 rows=42 answered=true failed=false cancelled=false ` + "\n"},
		{"a wrong password", []wiretest.Chunk{up(packet(typePrelogin, prelogin(2))), down(packet(typeAnswer, prelogin(2))), up(packet(typeLogin, login7(version74, nurse))),
			down(packet(typeAnswer, fault(tokenError, 18456, 14, "Login failed for user 'nurse'.")+done(2, 0, 0)))},
			"login 74000004 host=WARD-PC7 user=nurse app=Stationsbuch server=db.hosp.example library=ODBC language=us_english db=ward password=true sspi=false unsupported/unsupported sealed=false decided=true accepted=false  [0 0 0 0]  18456 Login failed for user 'nurse'.\n"},
		{"the sign-on alone is sealed", []wiretest.Chunk{up(packet(typePrelogin, prelogin(0))), down(packet(typeAnswer, prelogin(0))), up(packet(typePrelogin, "\x16\x03\x01\x00\x05hello")), down(packet(typePrelogin, "\x16\x03\x03\x00\x05hello")),
			up(record(300)), down(packet(typeAnswer, chosen("ward")+ack(version74, "Microsoft SQL Server")+done(0, 0, 0))), up(batch("select 1")), down(packet(typeAnswer, done(0x10, 0xC1, 1)))},
			"login 74000004 host= user= app= server= library= language= db= password=false sspi=false login/login sealed=true decided=true accepted=true Microsoft SQL Server [16 0 15 160] ward 0 \n" +
				`batch(1)  "select 1" answered=true failed=false cancelled=false ` + "\n"},
		{"everything is sealed", []wiretest.Chunk{up(packet(typePrelogin, prelogin(1))), down(packet(typeAnswer, prelogin(3))), up(packet(typePrelogin, "\x16\x03\x01\x00\x05hello")), down(packet(typePrelogin, "\x16\x03\x03\x00\x05hello")),
			up(record(300)), down(record(70)), up(record(20)), down(record(30))},
			"login 0 host= user= app= server= library= language= db= password=false sspi=false on/required sealed=true decided=false accepted=false  [0 0 0 0]  0 \n"},
		{"a connection that was there before its observer", []wiretest.Chunk{up(batch("select 1")), down(packet(typeAnswer, fault(tokenError, 208, 16, "no")+done(2, 0, 0)))},
			`batch(1)  "select 1" error=208 answered=true failed=true cancelled=false no` + "\n"},
		{"a sign-on of version 5", []wiretest.Chunk{up(message(typeOldLogin, oldLogin(), 504)), down(packet(typeAnswer, sized(tokenLoginAck, "\x05\x05\x00\x00\x00\x03ASE\x0f\x07\x00\x00")+"\xfd"+le16(0)+le16(0)+le32(0))),
			up(packet(typeNormal, "\x21"+le32(9)+"\x00select 1")), down(packet(typeAnswer, sized(tokenExtendedError, le32(207)+"\x01\x10\x0542000\x00\x00\x00"+le16(2)+"no\x03DB5\x00\x01\x00")+"\xfd"+le16(2)+le16(0)+le32(0)))},
			"login 5000000 host=ws user=nurse app=lab server=srv library=CTLIB language= db= password=true sspi=false / sealed=false decided=true accepted=true ASE [15 7 0 0]  0 \n" +
				`batch(15)  "select 1" error=207 answered=true failed=true cancelled=false no` + "\n"},
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

// oldLogin is a sign-on of version 5.
func oldLogin() string {
	p := make([]byte, 570)
	for at, v := range map[int]string{oldHost: "ws", oldUser: "nurse", oldPassword: "geheim", oldApp: "lab", oldServer: "srv"} {
		copy(p[at:], v)
		p[at+30] = byte(len(v))
	}
	copy(p[oldVersion:], "\x05\x00\x00\x00CTLIB")
	p[oldLibrary+10] = 5
	return string(p)
}

func TestProbe(t *testing.T) {
	for p, want := range map[string]wire.Match{packet(typePrelogin, prelogin(2)): wire.Yes, packet(typeLogin, login7(version74, nurse)): wire.Yes, batch("select 1"): wire.Yes,
		message(typeOldLogin, oldLogin(), 504): wire.Yes, packet(typePrelogin, prelogin(2))[:6]: wire.Unsure, packet(typePrelogin, "hello, this is not it"): wire.No, "GET / HTTP/1.1": wire.No,
		packet(typeLogin, "hello, this is not it"): wire.No, packet(typeBatch, wide("commit transaction")): wire.Yes, packet(typeBatch, "hello, this is not it"): wire.No,
		packet(typeRPC, long("sp_executesql")+"\x02\x00"): wire.Yes, packet(typeRPC, long("p1")+"\x02\x00"+nvarcharOf("DURAND")): wire.No} {
		if got, _ := Probe([]byte(p)); got != want {
			t.Errorf("%q: got %v, want %v", p, got, want)
		}
	}
}

func TestLostBytes(t *testing.T) {
	r, c := &recorder{}, &Conversation{}
	play := func(chunks ...wiretest.Chunk) {
		for _, k := range chunks {
			c.Decode(k.Dir, k.Bytes, r)
		}
	}
	play(begun(up(batch("select 1")), down(message(typeAnswer, rows(), 200)[:150]))...)
	if err := c.Gap(wire.ToClient, 500); err != nil {
		t.Fatal(err)
	}
	play(down("AAAAAAAAAAAAA"), up(batch("select 2")), down(packet(typeAnswer, done(0x10, 0xC5, 2))))
	want := told + `batch(1)  "select 1" columns=6 results=1 rows=1 answered=true failed=false cancelled=false ` + "\n" + `batch(1)  "select 2" affected=2 answered=true failed=false cancelled=false ` + "\n"
	if got := r.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if err := (&Conversation{}).Gap(wire.ToServer, 1); errors.Is(err, wire.ErrLost) {
		t.Error("a connection that was there before its observer ends at the first loss")
	}
}

func FuzzConversation(f *testing.F) {
	client, server := wiretest.Sides(begun(up(batch("select * from p")), down(packet(typeAnswer, rows()+done(0x10, 0xC1, 3)))))
	f.Add(client, server)
	f.Add(packet(typeRPC, headers+"\xff\xff\x0d\x00\x00\x00"+"\x00\x01\x26\x04\x00"+nvarcharOf("@a int")+nvarcharOf("delete from p")), packet(typeAnswer, done(0, 0xE0, 0)))
	f.Add(packet(typeRPC, long("dbo.usp_GetPatient")+"\x00\x00"+nvarcharOf("DURAND")), packet(typeAnswer, "\x79"+le32(0)+"\xac"+le16(1)+brief("@n")+"\x01"+le32(0)+"\x00\x00\x26\x04\x04"+le32(7)))
	wiretest.FuzzTurns(f, 4, wire.ToServer, Probe, fresh)
}
