// Package onetime makes and checks codes that work once: those of an app (TOTP, RFC 6238) and those on paper.
package onetime

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"strings"
	"time"

	"github.com/boombuler/barcode/qr"
	"github.com/pquerna/otp/hotp"
)

const (
	// period is how long a code of an app is shown, in seconds (RFC 6238 §5.2).
	period = 30
	// drift is how many codes before and after the one of now are taken: clocks differ (RFC 6238 §6).
	drift = 1
	// secretSize is that of SHA-1 (RFC 4226 §4 R6 recommends 160 bits).
	secretSize = 20
	// PaperDigits are those of a code on paper: 53 bits, and typed with the keys for numbers of a phone.
	PaperDigits = 16
	// PassDigits are those of a pass, which two colleagues give: 66 bits.
	PassDigits = 20
	// AppDigits are those of a code of an app.
	AppDigits = 6
)

// NewSecret is what an app and we share. It is 160 random bits.
func NewSecret() []byte {
	b := make([]byte, secretSize)
	_, _ = rand.Read(b) // never fails
	return b
}

var base = base32.StdEncoding.WithPadding(base32.NoPadding)

// Typed is secret as somebody types it into an app: in groups of four.
func Typed(secret []byte) string { return groups(base.EncodeToString(secret)) }

func groups(s string) string {
	var out []string
	for len(s) > 4 {
		out, s = append(out, s[:4]), s[4:]
	}
	return strings.Join(append(out, s), " ")
}

// ReadTyped is the secret that [Typed] wrote.
func ReadTyped(s string) ([]byte, error) {
	return base.DecodeString(strings.ReplaceAll(s, " ", ""))
}

// Address is what an app reads from the picture (otpauth://totp/, the key URI format that apps agree on).
func Address(secret []byte, issuer, account string) string {
	q := url.Values{"secret": {base.EncodeToString(secret)}, "issuer": {issuer}, "algorithm": {"SHA1"}, "digits": {fmt.Sprint(AppDigits)}, "period": {fmt.Sprint(period)}}
	// Apps show a "+" as it is: a space is %20.
	return "otpauth://totp/" + url.PathEscape(issuer) + ":" + url.PathEscape(account) + "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
}

// Step is the number of the code that an app shows at t.
func Step(t time.Time) int64 { return t.Unix() / period }

// Code is the code of that number.
func Code(secret []byte, step int64) (string, error) {
	if step < 0 {
		return "", errors.New("onetime: a code before 1970")
	}
	return hotp.GenerateCode(base.EncodeToString(secret), uint64(step))
}

// Match tells which code that an app shows about now code is, if it is one of later number than after: each works once. It takes
// as long for a right one as for a wrong one.
func Match(secret []byte, code string, now time.Time, after int64) (step int64, ok bool) {
	for s := Step(now) - drift; s <= Step(now)+drift; s++ {
		want, err := Code(secret, s)
		if err != nil {
			return 0, false
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && s > after && !ok {
			step, ok = s, true
		}
	}
	return step, ok
}

// Digits is a code as it was typed, without the spaces and dashes that people put in.
func Digits(typed string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\u00a0' {
			return -1
		}
		return r
	}, strings.TrimSpace(typed))
}

// NewPaper is a code to be printed, in groups of four.
func NewPaper() string { return digits(PaperDigits) }

// NewPass is a pass to be told, in groups of four.
func NewPass() string { return digits(PassDigits) }

// NewCode is a code of n digits to be sent.
func NewCode(n int) string { return Digits(digits(n)) }

// digits are so many random ones.
func digits(n int) string {
	most := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
	number, err := rand.Int(rand.Reader, most)
	if err != nil {
		panic(fmt.Sprintf("onetime: no randomness: %v", err)) // rand.Reader never fails
	}
	return groups(fmt.Sprintf("%0*d", n, number))
}

// Picture is text as a QR code (ISO/IEC 18004): rows of modules, true where they are dark.
func Picture(text string) ([][]bool, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return nil, fmt.Errorf("drawing a QR code: %w", err)
	}
	b := code.Bounds()
	rows := make([][]bool, b.Dy())
	for y := range rows {
		rows[y] = make([]bool, b.Dx())
		for x := range rows[y] {
			r, _, _, _ := code.At(b.Min.X+x, b.Min.Y+y).RGBA()
			rows[y][x] = r == 0
		}
	}
	return rows, nil
}

// quiet is the empty margin of a QR code, in modules (ISO/IEC 18004 §9.1).
const quiet = 4

// Path draws modules as one path of SVG, and says how wide the whole is, in modules.
func Path(modules [][]bool) (path string, width int) {
	var b strings.Builder
	for y, row := range modules {
		for x := 0; x < len(row); x++ {
			if !row[x] {
				continue
			}
			run := 1
			for x+run < len(row) && row[x+run] {
				run++
			}
			fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", x+quiet, y+quiet, run, run)
			x += run
		}
	}
	return b.String(), len(modules) + 2*quiet
}
