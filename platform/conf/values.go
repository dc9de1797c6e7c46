package conf

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"
)

// Size is a number of bytes, written with a unit: 64KiB, 256MiB, 1.5GiB, 10GB. A bare number is bytes.
type Size int64

// units from the largest; KiB and its like are powers of 1024 (IEC 80000-13), kB and its like of 1000.
func sizeUnit(name string) (float64, bool) {
	switch strings.ToLower(name) {
	case "", "b":
		return 1, true
	case "kib", "k":
		return 1 << 10, true
	case "mib", "m":
		return 1 << 20, true
	case "gib", "g":
		return 1 << 30, true
	case "tib", "t":
		return 1 << 40, true
	case "kb":
		return 1e3, true
	case "mb":
		return 1e6, true
	case "gb":
		return 1e9, true
	case "tb":
		return 1e12, true
	}
	return 0, false
}

// UnmarshalText reads a size.
func (s *Size) UnmarshalText(text []byte) error {
	t := strings.TrimSpace(string(text))
	n := strings.IndexFunc(t, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
	if n < 0 {
		n = len(t)
	}
	number, err := strconv.ParseFloat(t[:n], 64)
	unit, ok := sizeUnit(strings.TrimSpace(t[n:]))
	if err != nil || !ok || number*unit >= 1<<63 {
		return fmt.Errorf("%q is no size such as 256MiB", text)
	}
	*s = Size(number * unit)
	return nil
}

// String writes the size with the largest unit that divides it.
func (s Size) String() string {
	names := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	n, i := int64(s), 0
	for i+1 < len(names) && n != 0 && n%1024 == 0 {
		n /= 1024
		i++
	}
	return strconv.FormatInt(n, 10) + names[i]
}

// MarshalText writes what [Size.UnmarshalText] reads.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// parseDuration reads what time.ParseDuration does, and whole days (90d) and weeks (2w) of 24 hours a day.
func parseDuration(text string) (time.Duration, error) {
	bad := fmt.Errorf("%q is no duration such as 30s, 1h30m or 90d", text)
	if n := len(text); n > 1 && (text[n-1] == 'd' || text[n-1] == 'w') {
		unit := 24 * time.Hour
		if text[n-1] == 'w' {
			unit *= 7
		}
		count, err := strconv.ParseInt(text[:n-1], 10, 64)
		if err != nil || count < 0 || count > int64(1<<63-1)/int64(unit) {
			return 0, bad
		}
		return time.Duration(count) * unit, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, bad
	}
	return d, nil
}

// formatDuration writes what parseDuration reads, without needless zeros: 1h30m, 90d.
func formatDuration(d time.Duration) string {
	const day = 24 * time.Hour
	if d >= day && d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}

// OneOf returns the error of a text that must be one of the choices, or nil when it is.
func OneOf(text string, choices ...string) error {
	for _, c := range choices {
		if text == c {
			return nil
		}
	}
	return fmt.Errorf("%q is none of %s", text, strings.Join(choices, ", "))
}

// Secret is a password or a key. It is written as the value itself, or as file: and the path of a file that holds
// it, which keeps it out of the configuration. However it is printed, logged or marshalled, it shows as [redacted].
// The zero value is no secret.
type Secret struct{ value, path string }

const redacted = "[redacted]"

// NewSecret makes a secret of a value.
func NewSecret(value string) Secret { return Secret{value: value} }

// UnmarshalText reads a value, or file: and a path.
func (s *Secret) UnmarshalText(text []byte) error {
	if path, ok := strings.CutPrefix(string(text), "file:"); ok {
		if path = strings.TrimSpace(path); path == "" {
			return errors.New("file: without a path")
		}
		*s = Secret{path: path}
		return nil
	}
	*s = Secret{value: string(text)}
	return nil
}

// Check tells whether a secret in a file can be read.
func (s *Secret) Check() error {
	_, err := s.Reveal()
	return err
}

// IsZero tells that there is no secret.
func (s Secret) IsZero() bool { return s == Secret{} }

// Reveal returns the secret. One in a file is read each time, so that it may be changed while the program runs;
// line ends at its end do not belong to it.
func (s Secret) Reveal() (string, error) {
	if s.path == "" {
		return s.value, nil
	}
	text, err := os.ReadFile(s.path)
	if err != nil {
		return "", fmt.Errorf("reading the secret: %w", err)
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}

// String never shows the secret.
func (s Secret) String() string {
	switch {
	case s.path != "":
		return "file:" + s.path
	case s.value != "":
		return redacted
	}
	return ""
}

// GoString never shows the secret.
func (s Secret) GoString() string { return fmt.Sprintf("conf.Secret(%q)", s.String()) }

// Format never shows the secret, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// MarshalText never shows the secret.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue never shows the secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
