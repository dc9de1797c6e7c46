package conformance

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// The states of a case in a ledger.
const (
	passed = "passed"
	failed = "failed"
)

// Fallen lists the cases that the ledger at path knows as passed and that did not pass, or were not run, now. No
// ledger is an empty one.
func Fallen(path string, cases []Case) ([]string, error) {
	known, err := readLedger(path)
	if err != nil {
		return nil, err
	}
	now := map[string]*Case{}
	for i := range cases {
		now[cases[i].Name] = &cases[i]
	}
	var fallen []string
	for _, name := range known {
		switch c := now[name]; {
		case c == nil:
			fallen = append(fallen, name+": passed before, was not run")
		case !c.Passed():
			fallen = append(fallen, name+": passed before: "+c.Why)
		}
	}
	return fallen, nil
}

// readLedger lists the names of the cases that passed.
func readLedger(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var names []string
	s := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; s.Scan(); n++ {
		line := s.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) < 3 || f[2] != passed && f[2] != failed {
			return nil, fmt.Errorf("%s:%d: want family, case, %s or %s, and why, with tabs between", path, n, passed, failed)
		}
		if f[2] == passed {
			names = append(names, f[1])
		}
	}
	return names, s.Err()
}

// WriteLedger writes the ledger anew.
func WriteLedger(path string, cases []Case) error {
	slices.SortFunc(cases, func(a, b Case) int { return cmp.Or(cmp.Compare(a.Family, b.Family), cmp.Compare(a.Name, b.Name)) })
	b := bytes.NewBufferString("# family\tcase\tstate\twhy: written by make conformance-update\n")
	for i := range cases {
		c := &cases[i]
		state := passed
		if !c.Passed() {
			state = failed
		}
		fmt.Fprintf(b, "%s\t%s\t%s\t%s\n", c.Family, c.Name, state, oneLine(c.Why))
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}

// oneLine keeps a reason within its field and within reason.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	if r := []rune(s); len(r) > 300 {
		s = string(r[:300]) + "..."
	}
	return s
}
