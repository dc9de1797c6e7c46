package parse

// kind is what values a field has.
type kind uint8

const (
	words   kind = iota // a text
	instant             // a time
	ip                  // an address
	whole               // a whole number
)

// run does steps one after the other; it reports whether one read something.
func (r *Reader) run(steps []step) (understood bool) {
	for i := range steps {
		if ok, read := r.step(&steps[i]); ok && read {
			understood = true
		}
	}
	return understood
}

// step does one step. ok: its conditions hold, and its text has the shape; read: it reads a text, or a step within it does.
func (r *Reader) step(s *step) (ok, read bool) {
	if !holds(r, s.when) {
		return false, false
	}
	text := r.entries[r.message].value
	if s.of >= 0 {
		text = r.get(s.of)
	}
	if s.shape != nil {
		if text == "" || !s.shape(r, s, text) {
			return false, false
		}
		read = true
	}
	if s.re != nil {
		if !r.expression(s, text) {
			return false, false
		}
		read = true
	}
	if len(s.lines) > 0 {
		if !r.lines(s.lines, text) {
			return false, false
		}
		read = true
	}
	r.settings(s.set)
	if s.alike != nil {
		s.alike.put(r)
	}
	read = r.run(s.steps) || read
	for i := range s.first {
		if ok, in := r.step(&s.first[i]); ok {
			read = read || in
			break
		}
	}
	return true, read
}

// expression makes fields of the groups that matched.
func (r *Reader) expression(s *step, text string) bool {
	at := s.re.FindStringSubmatchIndex(text)
	if at == nil {
		return false
	}
	for i, sym := range s.groups {
		if sym >= 0 && at[2*i] >= 0 {
			r.replace(sym, text[at[2*i]:at[2*i+1]])
		}
	}
	return true
}

// lines makes fields of the first form that the text has.
func (r *Reader) lines(all []line, text string) bool {
	for i := range all {
		l := &all[i]
		for k := range l.forms {
			if l.forms[k].match(r, text) && holds(r, l.when) {
				l.forms[k].put(r, text)
				r.settings(l.set)
				return true
			}
		}
	}
	return false
}

func (r *Reader) settings(all []setting) {
	for i := range all {
		s := &all[i]
		vals := s.from.values(r)
		if len(vals) == 0 {
			continue
		}
		if !s.more {
			// The values may stand in what is forgotten: entries stay in place.
			r.forget(s.target)
		}
		for _, v := range vals {
			if v, ok := s.kind.of(r, v); ok {
				r.add(s.target, v)
			}
		}
	}
}

// of is a value as fields of the kind have it; false: it is none.
func (k kind) of(r *Reader, v string) (string, bool) {
	switch k {
	case instant:
		return r.rfc3339(v)
	case ip:
		return canonical(v), isIP(v)
	case whole:
		return integer(v)
	}
	return v, v != ""
}
