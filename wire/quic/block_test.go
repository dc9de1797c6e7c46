package quic

import (
	"crypto/aes"
	"crypto/sha256"
	"testing"
)

func TestABlockIsEncryptedAsTheStandardLibraryDoes(t *testing.T) {
	seed := sha256.Sum256([]byte("blocks"))
	for range 200 {
		key, got := [16]byte(seed[:16]), [16]byte(seed[16:])
		want := got
		block, err := aes.NewCipher(key[:])
		if err != nil {
			t.Fatal(err)
		}
		block.Encrypt(want[:], want[:])
		if encryptBlock(&key, &got); got != want {
			t.Errorf("key %x: got %x, want %x", key, got, want)
		}
		seed = sha256.Sum256(seed[:])
	}
}

func BenchmarkEncryptBlock(b *testing.B) {
	var key, block [16]byte
	for b.Loop() {
		encryptBlock(&key, &block)
	}
}
