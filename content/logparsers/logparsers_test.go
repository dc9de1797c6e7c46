package logparsers_test

import (
	"testing"

	"bulwark/observe/logs/parse"
)

func TestEveryFormatReadsItsOwnLines(t *testing.T) {
	s, err := parse.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range s.Formats() {
		if len(f.Tests) == 0 {
			t.Errorf("%s.yaml has no tests", f.ID)
		}
		for i := range f.Tests {
			if why := s.Check(f.ID, &f.Tests[i]); why != "" {
				t.Errorf("%s.yaml: test %d: %s\n%s", f.ID, i+1, why, f.Tests[i].Line)
			}
		}
	}
}
