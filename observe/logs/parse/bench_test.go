package parse

import (
	"testing"
	"time"

	"bulwark/event"
)

// BenchmarkLoad makes the formats that come with the program.
func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Load(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkUnderstand reads the first test line of each format over and over, found among all formats.
func BenchmarkUnderstand(b *testing.B) {
	s, err := Load()
	if err != nil {
		b.Fatal(err)
	}
	for _, f := range s.Formats() {
		b.Run(f.ID, func(b *testing.B) {
			r, line := s.Reader(), []byte(f.Tests[0].Line)
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
