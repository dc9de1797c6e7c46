package parse

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"bulwark/event"
)

// tested is when lines of tests are received.
var tested = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

// Check reads the line of a test as any line and says what is not as the test expects; "": all is.
func (s *Set) Check(id string, t *Test) string {
	var h event.Header
	var log event.Log
	ok := s.Reader().Understand([]byte(t.Line), Hint{Received: tested}, &h, &log)
	switch {
	case t.Not && (!ok || log.Format != id):
		return ""
	case t.Not:
		return "it is understood, and should not be"
	case !ok || log.Format != id:
		return fmt.Sprintf("it is understood as %q", log.Format)
	}
	var wrong []string
	for name, want := range t.Fields {
		got := Values(&log, name)
		if name == "@timestamp" {
			got = []string{h.When().Format(time.RFC3339Nano)}
		}
		if w := wanted(want); !slices.Equal(got, w) {
			wrong = append(wrong, fmt.Sprintf("%s is %q, want %q", name, got, w))
		}
	}
	slices.Sort(wrong)
	return strings.Join(wrong, "; ")
}

func wanted(v any) (all []string) {
	if l, ok := v.([]any); ok {
		for _, v := range l {
			all = append(all, fmt.Sprint(v))
		}
		return all
	}
	return []string{fmt.Sprint(v)}
}

// Values are those of a field of a log.
func Values(log *event.Log, name string) (all []string) {
	for i := 0; i+1 < len(log.Fields); i += 2 {
		if log.Fields[i] == name {
			all = append(all, log.Fields[i+1])
		}
	}
	return all
}
