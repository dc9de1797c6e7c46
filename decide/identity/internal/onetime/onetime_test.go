package onetime

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// rfc is the secret of RFC 6238, appendix B, for SHA-1.
var rfc = []byte("12345678901234567890")

func TestCodesAreThoseOfTheStandard(t *testing.T) {
	// RFC 6238, appendix B, whose codes have eight digits: six are their end (RFC 4226 §5.3).
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		got, err := Code(rfc, Step(time.Unix(at, 0)))
		if err != nil || got != want {
			t.Errorf("at %d: got %s, %v, want %s", at, got, err, want)
		}
	}
}

func TestAgainstOathtool(t *testing.T) {
	if _, err := exec.LookPath("oathtool"); err != nil {
		t.Skip("oathtool is not here")
	}
	secret := NewSecret()
	out, err := exec.Command("oathtool", "--totp", "-b", strings.ReplaceAll(Typed(secret), " ", ""), "-N", "@1790000000").CombinedOutput()
	if err != nil {
		t.Fatalf("oathtool: %v: %s", err, out)
	}
	got, err := Code(secret, Step(time.Unix(1790000000, 0)))
	if err != nil || got != strings.TrimSpace(string(out)) {
		t.Errorf("got %s, %v, want %s", got, err, out)
	}
}

func TestMatch(t *testing.T) {
	now := time.Unix(1_790_000_010, 0)
	step := Step(now)
	code := func(s int64) string {
		c, err := Code(rfc, s)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	tests := []struct {
		name, code string
		after      int64
		want       int64
	}{
		{"the code of now", code(step), 0, step},
		{"one code late", code(step - 1), 0, step - 1},
		{"one code early", code(step + 1), 0, step + 1},
		{"two codes late", code(step - 2), 0, 0},
		{"two codes early", code(step + 2), 0, 0},
		{"the same once more", code(step), step, 0},
		{"an older one after a newer one", code(step - 1), step, 0},
		{"the next one after it", code(step + 1), step, step + 1},
		{"nothing", "", 0, 0},
		{"too short", code(step)[:5], 0, 0},
		{"too long", code(step) + "0", 0, 0},
		{"no digits", "abcdef", 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := Match(rfc, tt.code, now, tt.after)
			if got != tt.want || ok != (tt.want != 0) {
				t.Errorf("got %d, %v, want %d", got, ok, tt.want)
			}
		})
	}
	if _, ok := Match(rfc, "000000", time.Unix(0, 0), 0); ok {
		t.Error("a code of before 1970 was taken")
	}
}

func TestWhatIsTypedIsRead(t *testing.T) {
	secret := NewSecret()
	got, err := ReadTyped(Typed(secret))
	if err != nil || string(got) != string(secret) {
		t.Errorf("got %x, %v, want %x", got, err, secret)
	}
	if len(secret) != 20 || string(NewSecret()) == string(secret) {
		t.Error("secrets are short, or the same")
	}
	for typed, want := range map[string]string{" 123 456 ": "123456", "1234-5678\u00a09012 3456": "1234567890123456", "12a": "12a", "": ""} {
		if got := Digits(typed); got != want {
			t.Errorf("Digits(%q) = %q, want %q", typed, got, want)
		}
	}
}

func TestPaperCodes(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		c := NewPaper()
		if !regexp.MustCompile(`^\d{4} \d{4} \d{4} \d{4}$`).MatchString(c) || seen[c] {
			t.Fatalf("%q has another shape, or comes twice", c)
		}
		seen[c] = true
	}
}

func TestAddress(t *testing.T) {
	want := "otpauth://totp/Bulwark%20H%C3%B4pital:alix?algorithm=SHA1&digits=6&issuer=Bulwark%20H%C3%B4pital&period=30&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	if got := Address(rfc, "Bulwark Hôpital", "alix"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPictureHasItsFinders(t *testing.T) {
	m, err := Picture(Address(rfc, "Bulwark", "alix"))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(m); n < 21 || n%4 != 1 || len(m[0]) != n {
		t.Fatalf("%d modules wide, which no QR code is", len(m))
	}
	for i := range 7 { // ISO/IEC 18004 §6.3.3: the rim of a finder is dark
		if !m[0][i] || !m[i][0] || !m[6][i] || m[7][i] {
			t.Errorf("no finder at %d", i)
		}
	}
	path, width := Path(m)
	if width != len(m)+8 || !strings.HasPrefix(path, "M4 4h7v1h-7z") {
		t.Errorf("path of width %d begins with %.20s", width, path)
	}
}

func FuzzMatch(f *testing.F) {
	f.Add("287082", int64(59))
	f.Fuzz(func(t *testing.T, code string, at int64) {
		step, ok := Match(rfc, Digits(code), time.Unix(at, 0), 0)
		if !ok {
			return
		}
		if want, err := Code(rfc, step); err != nil || want != Digits(code) {
			t.Errorf("%q passes for the code of %d, which is %q", code, step, want)
		}
	})
}
