package ssh

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/wiretest"
)

// told collects what a conversation reports.
type told struct {
	lines []string
	last  string
	eve   map[string]any
}

func (h *told) Step(dir wire.Dir, step Step, s *Session) {
	h.lines = append(h.lines, fmt.Sprint(dir, " ", step))
}

func (h *told) Session(s *Session) {
	h.last = fmt.Sprintf("%s %s %s|%s %s %s|kex %s host key %s cipher %s %s mac %s %s|hassh %s %s|encrypted %v",
		s.Client.Protocol, s.Client.Software, s.Client.Comment, s.Server.Protocol, s.Server.Software, s.Server.Comment,
		s.Kex, s.HostKey, s.CipherOut, s.CipherIn, s.MACOut, s.MACIn, hash(s.Client.HASSH), hash(s.Server.HASSH), s.Encrypted)
	h.lines = append(h.lines, h.last)
	h.eve = map[string]any{"ssh": map[string]any{"client": eve(&s.Client), "server": eve(&s.Server)}}
}

func hash(h [32]byte) string {
	if h == [32]byte{} {
		return "none"
	}
	return string(h[:])
}

func eve(s *Side) map[string]any {
	return map[string]any{
		"proto_version": string(s.Protocol), "software_version": string(s.Software), "hassh": map[string]any{"hash": hash(s.HASSH)},
	}
}

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	h := &told{}
	return &Conversation{}, h, func() string { return strings.Join(h.lines, "\n") + "\n" }
}

func packet(payload []byte) []byte {
	pad := 8 - (5+len(payload))%8 + 4
	b := binary.BigEndian.AppendUint32(nil, uint32(1+len(payload)+pad))
	b = append(append(b, byte(pad)), payload...)
	return append(b, bytes.Repeat([]byte{0xff}, pad)...)
}

func offer(lists ...string) []byte {
	b := append([]byte{messageKexInit}, make([]byte, 16)...)
	for _, l := range lists {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(l))), l...)
	}
	return packet(append(b, 0, 0, 0, 0, 0))
}

const (
	clientKex = "curve25519-sha256,ecdh-sha2-nistp256"
	serverKex = "ecdh-sha2-nistp256,diffie-hellman-group14-sha1"
)

func greeting() []wiretest.Chunk {
	client := offer(clientKex, "ssh-ed25519,rsa-sha2-512", "aes128-ctr,aes256-ctr", "aes128-ctr", "hmac-sha2-256", "hmac-sha2-512,hmac-sha1", "none", "none,zlib", "", "")
	server := offer(serverKex, "rsa-sha2-512", "aes256-ctr,aes128-ctr", "aes256-ctr,aes128-ctr", "hmac-sha2-256", "hmac-sha1", "none", "none", "", "")
	keys := packet(append([]byte{31}, make([]byte, 500)...))
	return []wiretest.Chunk{
		{Dir: wire.ToServer, Bytes: []byte("SSH-2.0-OpenSSH_9.6 Debian-4\r\n")},
		{Dir: wire.ToClient, Bytes: []byte("Authorised users only\r\n")},
		{Dir: wire.ToClient, Bytes: append([]byte("SSH-2.0-dropbear\n"), server...)},
		{Dir: wire.ToServer, Bytes: append(client, packet([]byte{30, 1, 2, 3})...)},
		{Dir: wire.ToClient, Bytes: append(append(keys, packet([]byte{messageNewKeys})...), "encrypted bytes"...)},
		{Dir: wire.ToServer, Bytes: append(packet([]byte{messageNewKeys}), bytes.Repeat([]byte{0}, 100)...)},
		{Dir: wire.ToServer, Bytes: bytes.Repeat([]byte{0}, 2000)},
	}
}

func TestGreeting(t *testing.T) {
	c, h, _ := fresh()
	f := wiretest.Feed[Handler]{T: t, Conversation: c, Handler: h, Scribble: true}
	if err := f.Play(greeting()); err != nil {
		t.Fatal(err)
	}
	hassh := md5Hex([]byte(clientKex + ";aes128-ctr,aes256-ctr;hmac-sha2-256;none"))
	server := md5Hex([]byte(serverKex + ";aes256-ctr,aes128-ctr;hmac-sha1;none"))
	want := fmt.Sprintf("2.0 OpenSSH_9.6 Debian-4|2.0 dropbear |kex ecdh-sha2-nistp256 host key rsa-sha2-512 cipher aes128-ctr aes128-ctr mac hmac-sha2-256 hmac-sha1|hassh %s %s|encrypted true", hassh, server)
	if got := h.(*told).last; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !c.(*Conversation).Done() {
		t.Error("not done behind NEWKEYS of both sides")
	}
	wiretest.Splits(t, greeting(), fresh)
}

func TestOddGreetings(t *testing.T) {
	for _, c := range []struct {
		does   string
		chunks []wiretest.Chunk
		want   string // begins so
		err    error
	}{
		{"banners alone", greeting()[:1], "2.0 OpenSSH_9.6 Debian-4|", nil},
		{"version 1", []wiretest.Chunk{{Bytes: []byte("SSH-1.5-old\n\x00\x00\x00\x0c")}}, "1.5 old |", nil},
		{"a client that is no SSH", []wiretest.Chunk{{Bytes: []byte("GET / HTTP/1.1\r\n")}}, "", ErrBanner},
		{"a server that chats without end", []wiretest.Chunk{{Dir: wire.ToClient, Bytes: bytes.Repeat([]byte("hello\n"), 100)}}, "", ErrBanner},
		{"a packet of 2 GB", []wiretest.Chunk{{Bytes: []byte("SSH-2.0-x\n\x7f\xff\xff\xff\x05\x14")}}, "2.0 x |", ErrPacket},
		{"an offer that ends early", []wiretest.Chunk{{Bytes: append([]byte("SSH-2.0-x\n"), packet([]byte{messageKexInit, 1, 2})...)}}, "2.0 x |", ErrKexInit},
		{"a gap in the key exchange", []wiretest.Chunk{greeting()[0], {Dir: wire.ToServer, Lost: 10, Bytes: []byte("anything")}}, "2.0 OpenSSH_9.6 Debian-4|", nil},
	} {
		t.Run(c.does, func(t *testing.T) {
			conversation, h, _ := fresh()
			f := wiretest.Feed[Handler]{T: t, Conversation: conversation, Handler: h}
			if err := f.Play(c.chunks); !errors.Is(err, c.err) {
				t.Errorf("error: got %v, want %v", err, c.err)
			}
			if got := h.(*told).last; !strings.HasPrefix(got, c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// The examples of the README of salesforce/hassh.
func TestHASSH(t *testing.T) {
	k := KexInit{
		Kex:             Names("curve25519-sha256@libssh.org,diffie-hellman-group-exchange-sha256"),
		CiphersOut:      Names("chacha20-poly1305@openssh.com"),
		MACsOut:         Names("hmac-sha2-512-etm@openssh.com"),
		CompressionsOut: Names("none"),
	}
	if got, want := string(k.AppendHASSH(nil)), "curve25519-sha256@libssh.org,diffie-hellman-group-exchange-sha256;chacha20-poly1305@openssh.com;hmac-sha2-512-etm@openssh.com;none"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAgreedIsBounded(t *testing.T) {
	long := Names(strings.Repeat("a,", 20000))
	if got := agreed(long, Names("a")); got != nil {
		t.Errorf("got %s, want nothing", got)
	}
	if got := agreed(Names(",,x,y"), Names("y,z")); string(got) != "y" {
		t.Errorf("got %q, want y", got)
	}
}

type silent struct{ n int }

func (h *silent) Step(wire.Dir, Step, *Session) { h.n++ }
func (h *silent) Session(*Session)              { h.n++ }

func TestNoAllocation(t *testing.T) {
	chunks := greeting()
	var c Conversation
	h := &silent{}
	if n := testing.AllocsPerRun(1000, func() {
		c.Reset()
		for _, p := range chunks[:6] {
			_, _, _ = c.Decode(p.Dir, p.Bytes, h)
		}
		c.Close(h)
	}); n != 0 || !c.Done() {
		t.Errorf("got %v allocations, done %v; want 0", n, c.Done())
	}
}

func BenchmarkGreeting(b *testing.B) {
	chunks := greeting()[:6]
	size := 0
	for _, p := range chunks {
		size += len(p.Bytes)
	}
	var c Conversation
	h := &silent{}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		c.Reset()
		for _, p := range chunks {
			_, _, _ = c.Decode(p.Dir, p.Bytes, h)
		}
	}
}

func TestProbe(t *testing.T) {
	for p, want := range map[string]wire.Match{
		"SSH-2.0-x": wire.Yes, "SSH-1": wire.Yes, "SSH-": wire.Unsure, "S": wire.Unsure, "": wire.Unsure, "SSL": wire.No, "SSH-x": wire.No,
	} {
		if got, _ := Probe([]byte(p)); got != want {
			t.Errorf("%q: got %v, want %v", p, got, want)
		}
	}
}

func FuzzConversation(f *testing.F) {
	chunks := greeting()
	f.Add(append(bytes.Clone(chunks[0].Bytes), chunks[3].Bytes...), append(bytes.Clone(chunks[2].Bytes), chunks[4].Bytes...), uint16(100), uint16(20))
	f.Fuzz(func(t *testing.T, up, down []byte, at, lost uint16) {
		wiretest.Splits(t, []wiretest.Chunk{{Dir: wire.ToServer, Bytes: up}, {Dir: wire.ToClient, Bytes: down}}, fresh)
		from := min(int(at), len(up))
		to := min(from+int(lost), len(up))
		c, h, _ := fresh()
		feed := wiretest.Feed[Handler]{T: t, Conversation: c, Handler: h}
		_ = feed.Play([]wiretest.Chunk{{Bytes: up[:from]}, {Lost: to - from, Bytes: up[to:]}, {Dir: wire.ToClient, Bytes: down}})
	})
}
