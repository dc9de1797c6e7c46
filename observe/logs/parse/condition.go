package parse

import (
	"regexp"
	"strconv"
	"strings"
)

// test asks whether a field has one of some values.
type test struct {
	field int32
	not   bool
	any   []want
}

// want is one value: "*" any, "!" none, "^x" begins with x, "$x" ends with x, "%x" holds x, "~x" a regular expression, ">n" and "<n" numbers,
// anything else the value itself, whatever the case of its letters.
type want struct {
	op    byte
	text  string
	re    *regexp.Regexp
	bound float64
}

func wantOf(v string) (w want, err error) {
	if v == "*" || v == "!" {
		return want{op: v[0]}, nil
	}
	if len(v) > 1 && strings.IndexByte("^$%~<>", v[0]) >= 0 {
		w.op, w.text = v[0], v[1:]
		switch w.op {
		case '~':
			w.re, err = regexp.Compile(w.text)
		case '<', '>':
			w.bound, err = strconv.ParseFloat(w.text, 64)
		}
		return w, err
	}
	return want{text: v}, nil
}

func holds(r *Reader, all []test) bool {
	for i := range all {
		if !all[i].holds(r) {
			return false
		}
	}
	return true
}

func (t *test) holds(r *Reader) bool {
	i := r.first(t.field)
	if i < 0 {
		for _, w := range t.any {
			if w.op == '!' {
				return !t.not
			}
		}
		return t.not
	}
	for ; i >= 0; i = r.entries[i].next {
		for k := range t.any {
			if t.any[k].is(r.entries[i].value) {
				return !t.not
			}
		}
	}
	return t.not
}

func (w *want) is(v string) bool {
	switch w.op {
	case '*':
		return v != ""
	case '!':
		return v == ""
	case '^':
		return strings.HasPrefix(v, w.text)
	case '$':
		return strings.HasSuffix(v, w.text)
	case '%':
		return strings.Contains(v, w.text)
	case '~':
		return w.re.MatchString(v)
	case '<', '>':
		f, err := strconv.ParseFloat(v, 64)
		return err == nil && (f < w.bound) == (w.op == '<') && f != w.bound
	}
	return strings.EqualFold(v, w.text)
}
