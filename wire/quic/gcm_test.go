package quic

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"math/rand/v2"
	"testing"
)

// sealed is a random key, nonce, text and what is authenticated beside it, sealed by the standard library.
func sealed(t testing.TB, r *rand.ChaCha8, size, beside int) (key cipher.Block, nonce [12]byte, extra, plain, packet []byte) {
	b := make([]byte, 16+12+beside+size)
	if _, err := r.Read(b); err != nil {
		t.Fatal(err)
	}
	key, err := aes.NewCipher(b[:16])
	if err != nil {
		t.Fatal(err)
	}
	a, err := cipher.NewGCM(key)
	if err != nil {
		t.Fatal(err)
	}
	copy(nonce[:], b[16:])
	extra, plain = b[28:28+beside], b[28+beside:]
	return key, nonce, extra, plain, a.Seal(nil, nonce[:], plain, extra)
}

func TestGCMOpensWhatTheStandardLibrarySeals(t *testing.T) {
	r, n := rand.NewChaCha8([32]byte{1}), rand.New(rand.NewChaCha8([32]byte{2}))
	var g gcm
	into := make([]byte, 2048)
	for range 2000 {
		key, nonce, extra, plain, packet := sealed(t, r, n.IntN(1500), n.IntN(70))
		got, ok := g.open(key, into[:len(packet)], &nonce, packet, extra)
		if !ok || !bytes.Equal(got, plain) {
			t.Fatalf("%d bytes beside %d: got %x, %v, want %x", len(plain), len(extra), got, ok, plain)
		}
		packet[n.IntN(len(packet))] ^= 1 << n.IntN(8)
		if _, ok := g.open(key, into[:len(packet)], &nonce, packet, extra); ok {
			t.Fatalf("%d bytes beside %d: opened after a bit had changed", len(plain), len(extra))
		}
	}
	if _, ok := g.open(nil, nil, nil, make([]byte, tagSize-1), nil); ok {
		t.Error("opened what is shorter than a tag")
	}
}

func BenchmarkGCM(b *testing.B) {
	key, nonce, extra, _, packet := sealed(b, rand.NewChaCha8([32]byte{1}), 1180, 30)
	var g gcm
	into := make([]byte, len(packet))
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := g.open(key, into, &nonce, packet, extra); !ok {
			b.Fatal("it did not open")
		}
	}
}
