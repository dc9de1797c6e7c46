package identity

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"time"
)

// A browser that has signed a person in once keeps a mark of it, and its next attempts are counted apart from
// everybody else's. Whoever floods a login with wrong passwords then slows strangers down, not the person (the device
// cookies of OWASP's notes on brute force). The mark opens nothing.
const (
	deviceCookie = "__Host-bulwark-known"
	deviceLife   = 90 * 24 * time.Hour
)

// deviceKey signs marks.
type deviceKey [32]byte

// mark is a mark for one person.
func (k deviceKey) mark(person string) string {
	var nonce [16]byte
	_, _ = rand.Read(nonce[:]) // never fails
	n := base64.RawURLEncoding.EncodeToString(nonce[:])
	return n + "." + k.sign(n, person)
}

// knows is what distinguishes the browser that holds mark, if it is a mark for that person.
func (k deviceKey) knows(mark, person string) (nonce string, ok bool) {
	nonce, signature, ok := strings.Cut(mark, ".")
	return nonce, ok && hmac.Equal([]byte(signature), []byte(k.sign(nonce, person)))
}

func (k deviceKey) sign(nonce, person string) string {
	m := hmac.New(sha256.New, k[:])
	m.Write([]byte(nonce + "." + person))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

func setDevice(w http.ResponseWriter, mark string) {
	http.SetCookie(w, &http.Cookie{
		Name: deviceCookie, Value: mark, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		MaxAge: int(deviceLife / time.Second),
	})
}
