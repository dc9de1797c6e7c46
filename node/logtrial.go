package node

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"bulwark/detect/logrule"
	"bulwark/event"
	"bulwark/observe/logs/parse"
	"bulwark/wire/evtx"
)

// logTrial runs cases of rules about logs.
type logTrial struct {
	c             *Config
	o             *testRulesOptions
	out           io.Writer
	cases, failed int
	formats       *parse.Set // nil: not read yet
}

// file runs the cases of a file; false: its cases are of packets.
func (l *logTrial) file(name string) (bool, error) {
	text, err := os.ReadFile(name)
	if err != nil || !logrule.AreCases(text) {
		return false, err
	}
	cases, err := logrule.ReadCases(text, name)
	if err != nil {
		return false, err
	}
	beside := func(of string) string {
		if filepath.IsAbs(of) {
			return of
		}
		return filepath.Join(filepath.Dir(name), of)
	}
	for k := range cases {
		c := &cases[k]
		if c.Log != "" {
			c.Log = beside(c.Log)
		}
		for n := range c.Rules {
			c.Rules[n] = beside(c.Rules[n])
		}
		if err := l.run(c, name); err != nil {
			return true, err
		}
	}
	return true, nil
}

func (l *logTrial) run(c *logrule.Case, file string) error {
	paths := c.Rules
	if len(paths) == 0 {
		paths = l.o.rules
	}
	config := l.c.Rules.Only(paths, l.o.vars)
	traffic, err := config.Load(l.o.dir, time.Now())
	if err != nil {
		return err
	}
	set, err := logRulesOf(config, traffic, ownRules(l.o.dir, paths))
	if err != nil {
		return err
	}
	missing, wrong, err := set.Try(c, l.read)
	if err != nil {
		return fmt.Errorf("%s: %s: %w", file, c.Name, err)
	}
	l.cases++
	if len(missing)+len(wrong) == 0 {
		fmt.Fprintf(l.out, "ok    %s\n", printable(c.Name))
		return nil
	}
	l.failed++
	fmt.Fprintf(l.out, "FAIL  %s\n      %s\n", printable(c.Name), file)
	for _, r := range missing {
		fmt.Fprintf(l.out, "      rule %s did not fire\n", printable(r))
	}
	for _, r := range wrong {
		fmt.Fprintf(l.out, "      rule %s fired\n", printable(r))
	}
	return nil
}

// read reads the events of a log.
func (l *logTrial) read(name, format string, fn func(*logrule.Event) error) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if strings.EqualFold(filepath.Ext(name), ".evtx") {
		_, err := evtx.Read(f, func(r *evtx.Record) error { return fn(logrule.OfWindows(r)) })
		return err
	}
	if l.formats == nil {
		if l.formats, err = parse.Load(); err != nil {
			return err
		}
	}
	return l.lines(bufio.NewReaderSize(f, 1<<20), format, fn)
}

// lines reads events that stand in lines: objects of JSON that say of which log source they are, as rules see them, and what machines
// wrote.
func (l *logTrial) lines(in *bufio.Reader, format string, fn func(*logrule.Event) error) error {
	reader, now := l.formats.Reader(), time.Now()
	var live logrule.Live
	var own logrule.JSON
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if line = bytes.TrimRight(line, "\r\n"); len(line) > 0 {
			e, ok := ofRules(&own, line, format)
			if !ok {
				var log event.Log
				var h event.Header
				reader.Understand(line, parse.Hint{Format: format, Received: now}, &h, &log)
				h.Time = cmp.Or(h.Time, now.UnixNano())
				e = live.Read(&event.Event{Header: h, Payload: &log})
			}
			if err := fn(e); err != nil {
				return fmt.Errorf("line %d: %w", n, err)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// ofRules is an event that is written as rules see it; false: it is not.
func ofRules(j *logrule.JSON, line []byte, format string) (*logrule.Event, bool) {
	if format != "" || line[0] != '{' {
		return nil, false
	}
	e, err := j.Read(line)
	return e, err == nil && e.Source.Product != ""
}
