package parse

import (
	"testing"
	"time"

	"bulwark/event"
)

// BenchmarkUnderstand reads the test lines of some formats over and over, found among all formats.
func BenchmarkUnderstand(b *testing.B) {
	s, err := Load()
	if err != nil {
		b.Fatal(err)
	}
	for _, id := range []string{"sshd", "fortigate", "stormshield-sns", "cisco-asa", "panos", "windows-nxlog", "harfanglab", "apache", "cef", "json"} {
		b.Run(id, func(b *testing.B) {
			r, line := s.Reader(), []byte(s.byID[id].Tests[0].Line)
			log := event.Log{Fields: make([]string, 0, 256)}
			var h event.Header
			hint := Hint{Received: time.Unix(1772701200, 0)}
			b.ReportAllocs()
			b.SetBytes(int64(len(line)))
			for b.Loop() {
				log = event.Log{Fields: log.Fields[:0]}
				r.Understand(line, hint, &h, &log)
			}
		})
	}
}
