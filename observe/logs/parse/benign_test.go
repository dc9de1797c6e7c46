package parse

import (
	"bufio"
	"os"
	"path/filepath"
	"testing"
	"time"

	"bulwark/event"
)

// TestLinesOfEverydayMachines reads logs that others published (loghub): what is understood, and that times are found.
func TestLinesOfEverydayMachines(t *testing.T) {
	data := os.Getenv("BULWARK_DATA")
	if data == "" {
		t.Skip("BULWARK_DATA names no folder with logs to read")
	}
	s, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	for name, least := range map[string]int{"OpenSSH_2k.log": 2000, "Apache_2k.log": 2000, "Linux_2k.log": 600} {
		f, err := os.Open(filepath.Join(data, "soc", "benign-logs", name))
		if err != nil {
			t.Fatal(err)
		}
		r, understood, lines := s.Reader(), 0, 0
		for in := bufio.NewScanner(f); in.Scan(); lines++ {
			var h event.Header
			var log event.Log
			if r.Understand(in.Bytes(), Hint{Received: time.Date(2006, 12, 1, 0, 0, 0, 0, time.UTC)}, &h, &log) {
				understood++
			}
			if h.Time == 0 {
				t.Errorf("%s: no time in %q", name, in.Text())
			}
		}
		f.Close()
		if understood < least {
			t.Errorf("%s: %d of %d lines understood, want %d", name, understood, lines, least)
		}
	}
}
