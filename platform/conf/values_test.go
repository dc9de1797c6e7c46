package conf

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestSizes(t *testing.T) {
	for _, c := range []struct {
		text string
		want Size
		back string
	}{
		{"0", 0, "0B"},
		{"1024", 1024, "1KiB"},
		{"1000B", 1000, "1000B"},
		{"64KiB", 64 << 10, "64KiB"},
		{"256 MiB", 256 << 20, "256MiB"},
		{"1.5g", 3 << 29, "1536MiB"},
		{"10GB", 10e9, "9765625KiB"},
		{"2TiB", 2 << 40, "2TiB"},
	} {
		var got Size
		if err := got.UnmarshalText([]byte(c.text)); err != nil || got != c.want || got.String() != c.back {
			t.Errorf("%s: got %d, %q, %v, want %d, %q", c.text, int64(got), got, err, int64(c.want), c.back)
		}
	}
	for _, bad := range []string{"", "MiB", "-1", "1XB", "1e3", "9999999TiB", "1.2.3"} {
		if err := new(Size).UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q: got no error", bad)
		}
	}
}

func TestDurations(t *testing.T) {
	for _, c := range []struct {
		text string
		want time.Duration
		back string
	}{
		{"0", 0, "0s"},
		{"30s", 30 * time.Second, "30s"},
		{"90m", 90 * time.Minute, "1h30m"},
		{"24h", 24 * time.Hour, "1d"},
		{"90d", 90 * 24 * time.Hour, "90d"},
		{"2w", 14 * 24 * time.Hour, "14d"},
		{"250ms", 250 * time.Millisecond, "250ms"},
		{"1h0m5s", time.Hour + 5*time.Second, "1h0m5s"},
	} {
		got, err := parseDuration(c.text)
		if err != nil || got != c.want || formatDuration(got) != c.back {
			t.Errorf("%s: got %v, %q, %v, want %v, %q", c.text, got, formatDuration(got), err, c.want, c.back)
		}
	}
	for _, bad := range []string{"", "d", "-1d", "1.5d", "99999999999d", "-1s", "soon"} {
		if got, err := parseDuration(bad); err == nil {
			t.Errorf("%q: got %v and no error", bad, got)
		}
	}
}

func TestSecretsNeverShow(t *testing.T) {
	s := NewSecret("hunter2")
	var logged bytes.Buffer
	slog.New(slog.NewTextHandler(&logged, nil)).Info("started", "secret", s, "config", struct{ S Secret }{s})
	marshalled, err := json.Marshal(struct{ S Secret }{s})
	if err != nil {
		t.Fatal(err)
	}
	shown := fmt.Sprint(s) + fmt.Sprintf("%v %+v %#v %q %x %d %s %v", s, s, s, s, s, s, &s, struct{ S Secret }{s}) + logged.String() + string(marshalled)
	if strings.Contains(shown, "hunter2") || strings.Contains(shown, fmt.Sprintf("%x", "hunter2")) || !strings.Contains(shown, redacted) {
		t.Errorf("got %s", shown)
	}
}

func TestSecretInAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var s Secret
	if err := s.UnmarshalText([]byte("file:" + path)); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Reveal(); err != nil || got != "hunter2" {
		t.Errorf("got %q, %v, want hunter2", got, err)
	}
	if got := s.String(); got != "file:"+path {
		t.Errorf("got %q, want the path", got)
	}
	if err := new(Secret).UnmarshalText([]byte("file: ")); err == nil {
		t.Error("file: without a path: got no error")
	}
}
