package tls

import (
	"bytes"
	"testing"

	"bulwark/wire"
)

func TestLengths(t *testing.T) {
	type record struct {
		dir wire.Dir
		n   int
	}
	const up, down = wire.ToServer, wire.ToClient
	tests := []struct {
		name    string
		is13    bool
		records []record
		want    Lengths
	}{
		{"the tickets of TLS 1.3 stand before the answer, and alerts count for nothing", true,
			[]record{{down, 23}, {down, 869}, {down, 281}, {down, 69}, {up, 69}, {down, 250}, {up, 228}, {down, 250}, {down, 207}, {up, 29}, {up, 27}, {down, 27}, {up, 19}, {down, 19}},
			Lengths{Request: 228, Answer: 207, Last: [2]int{27, 27}, Records: [2]int{3, 4}, finished: true}},
		{"in TLS 1.2 all data are the protocol's", false, []record{{up, 235}, {down, 214}, {up, 34}, {down, 34}},
			Lengths{Request: 235, Answer: 214, Last: [2]int{34, 34}, Records: [2]int{2, 2}}},
	}
	for _, tt := range tests {
		var l Lengths
		for _, r := range tt.records {
			l.note(r.dir, r.n, tt.is13)
		}
		if l != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.name, l, tt.want)
		}
	}
}

func TestSealedLength(t *testing.T) {
	tests := []struct {
		name  string
		v     Version
		suite CipherSuite
		want  int
	}{
		{"TLS 1.3", VersionTLS13, 0x1302, 27}, {"GCM", VersionTLS12, 0xc02f, 34}, {"ChaCha20", VersionTLS12, 0xcca8, 26},
		{"CBC with SHA-1", VersionTLS12, 0xc013, 48}, {"CBC with SHA-256", VersionTLS12, 0xc027, 64}, {"CBC with SHA-384", VersionTLS12, 0xc028, 80},
		{"a suite that is not known", VersionTLS12, 0xfefe, 0},
	}
	for _, tt := range tests {
		if got := SealedLength(10, tt.v, tt.suite); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestRecordsBehindTheHandshakeAreFollowed(t *testing.T) {
	c := Conversation{Lengths: &Lengths{}}
	c.session.Server = &c.server
	c.server.Version = VersionTLS12
	c.sides[0].ended = true
	data := append([]byte{recordData, 3, 3, 0, 100}, bytes.Repeat([]byte{1}, 100)...)
	all := bytes.Repeat(data, 3)
	if done, need, err := c.Decode(wire.ToServer, all[:108], nil); done != 105 || need != recordHeader || err != nil {
		t.Errorf("got %d %d %v, want 105 %d", done, need, err, recordHeader)
	}
	if done, _, _ := c.Decode(wire.ToServer, all[105:120], nil); done != 105 {
		t.Errorf("the body of a record is to be skipped: got %d, want 105", done)
	}
	if c.Lengths.Records[0] != 2 || c.Lengths.Last[0] != 100 {
		t.Errorf("got %+v", *c.Lengths)
	}
	if done, _, _ := c.Decode(wire.ToServer, []byte("no record at all"), nil); done != rest {
		t.Errorf("what is no record ends it: got %d", done)
	}
}
