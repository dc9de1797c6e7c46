package logs

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"bulwark/event"
	"bulwark/observe/logs/parse"
)

// Understood is a line as it is understood.
type Understood struct {
	Number int    // of the line, from 1
	Text   []byte // the line; it holds until the next
	Known  bool   // a format understood it
	Time   time.Time
	Log    *event.Log // holds until the next
}

// Try understands the lines of a file, without taking them in. own is a folder of formats of one's own, format the one that lines are for;
// each may be empty. It returns [ErrWords] where there is no such format.
func Try(own, format string, lines io.Reader, each func(*Understood) error) error {
	var folders []fs.FS
	if own != "" {
		folders = append(folders, os.DirFS(own))
	}
	set, err := parse.Load(folders...)
	if err != nil {
		return err
	}
	if format != "" && !knows(set, format) {
		return fmt.Errorf("%w: there is no format %q", ErrWords, format)
	}
	in, reader, now := bufio.NewReaderSize(lines, maxLine), set.Reader(), time.Now()
	for n := 1; ; n++ {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			line = bytes.Clone(line)
			for err = bufio.ErrBufferFull; errors.Is(err, bufio.ErrBufferFull); { // the rest is left out, as of lines that are taken in
				_, err = in.ReadSlice('\n')
			}
		}
		if len(line) == 0 && err == io.EOF {
			return nil
		}
		if err != nil && err != io.EOF {
			return err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			continue
		}
		var h event.Header
		log := event.Log{}
		u := Understood{Number: n, Text: line, Log: &log}
		u.Known = reader.Understand(line, parse.Hint{Format: format, Zone: time.Local, Received: now}, &h, &log)
		if h.Time != 0 {
			u.Time = time.Unix(0, h.Time)
		}
		if err := each(&u); err != nil {
			return err
		}
	}
}

// MarshalJSON writes what is understood as one object.
func (u *Understood) MarshalJSON() ([]byte, error) {
	out := map[string]any{"line": u.Number, "format": u.Log.Format}
	if !u.Known {
		out["text"] = string(u.Text)
		return json.Marshal(out)
	}
	if !u.Time.IsZero() {
		out["time"] = u.Time.UTC()
	}
	l := u.Log
	for name, v := range map[string]string{"product": l.Product, "category": l.Category, "service": l.Service, "host": l.Host, "code": l.Code,
		"action": l.Action, "outcome": l.Outcome, "user": l.User, "severity": l.Severity, "app": l.App, "pid": l.Process, "message": l.Message} {
		if v != "" {
			out[name] = v
		}
	}
	fields := map[string]string{}
	for i := 0; i+1 < len(l.Fields); i += 2 {
		fields[l.Fields[i]] = l.Fields[i+1]
	}
	out["fields"] = fields
	return json.Marshal(out)
}
