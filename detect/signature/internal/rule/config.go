package rule

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// Class is what a classtype stands for.
type Class struct {
	Name, Description string
	Priority          uint8 // 1 is the highest
}

// Classes reads classification.config: lines `config classification: NAME,DESCRIPTION,PRIORITY`.
func Classes(r io.Reader, name string) (classes map[string]Class, errs []*Error, err error) {
	classes = map[string]Class{}
	errs, err = eachLine(r, name, func(l *line) error {
		v, err := setting(l, "classification:")
		if err != nil {
			return err
		}
		parts := v.split(',', 3)
		if len(parts) != 3 || parts[0].text == "" || parts[1].text == "" {
			return faultf(v.at, "a class is a name, a description and a priority with commas between")
		}
		n, err := number(parts[2].text, 8)
		if err != nil || n == 0 {
			return faultf(parts[2].at, "%q is no priority (1 to 255)", cutWord(parts[2].text))
		}
		c := Class{strings.ToLower(parts[0].text), parts[1].text, uint8(n)}
		if _, ok := classes[c.Name]; ok {
			return faultf(parts[0].at, "class %q is given twice", cutWord(c.Name))
		}
		classes[c.Name] = c
		return nil
	})
	return classes, errs, err
}

// ReferenceSystems reads reference.config: lines `config reference: NAME ADDRESS`. It gives what stands before an id of
// each system.
func ReferenceSystems(r io.Reader, name string) (systems map[string]string, errs []*Error, err error) {
	systems = map[string]string{}
	errs, err = eachLine(r, name, func(l *line) error {
		v, err := setting(l, "reference:")
		if err != nil {
			return err
		}
		words := v.words()
		if len(words) != 2 {
			return faultf(v.at, "a reference is a name and an address with a space between")
		}
		systems[strings.ToLower(words[0].text)] = words[1].text
		return nil
	})
	return systems, errs, err
}

// setting is what follows `config NAME` in a line.
func setting(l *line, name string) (value, error) {
	v := value{text: l.text}.trimmed()
	rest, ok := strings.CutPrefix(v.text, "config")
	if !ok || rest == "" || !isSpace(rest[0]) {
		return v, faultf(v.at, "the line does not begin with `config %s`", name)
	}
	v = v.skip(len("config"))
	if !strings.HasPrefix(v.text, name) {
		return v, faultf(v.at, "the line does not begin with `config %s`", name)
	}
	return v.skip(len(name)), nil
}

// maxSettings is how many lines of a configuration are read.
const maxSettings = 1 << 20

// eachLine hands over the lines of a file that say something.
func eachLine(r io.Reader, name string, do func(*line) error) (errs []*Error, err error) {
	in := newLines(r, name)
	for n := 0; ; n++ {
		l, err := in.next()
		if errors.Is(err, io.EOF) {
			return errs, nil
		}
		if err != nil {
			return errs, fmt.Errorf("reading %s: %w", name, err)
		}
		if n == maxSettings || len(errs) == MaxErrors {
			return errs, fmt.Errorf("reading %s: %w at line %d", name, ErrTooLong, in.n)
		}
		text := strings.TrimSpace(l.text)
		if text == "" || text[0] == '#' {
			continue
		}
		fail := do(l)
		if l.long {
			fail = faultf(0, "the line is longer than %d bytes", MaxLine)
		}
		if f, ok := errors.AsType[*fault](fail); ok {
			errs = append(errs, &Error{Pos: l.pos(f.at), Enabled: true, Reason: f.reason, Text: cutText(text)})
		}
	}
}

// ErrTooLong means that a file has more lines, or more faults, than are read.
var ErrTooLong = errors.New("rule: too much in one file")
