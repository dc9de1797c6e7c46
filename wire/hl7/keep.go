package hl7

import "bytes"

// raw copies a value into m's memory as it is written.
func (r *reader) raw(m *Message, v []byte) []byte {
	v = m.room(v)
	m.arena = m.text(len(v))
	start := len(m.arena)
	m.arena = append(m.arena, v...)
	return m.arena[start:len(m.arena):len(m.arena)]
}

// keep copies a value into m's memory, its escape sequences replaced (§2.7.1). The HL7 null "" stays as it is.
func (r *reader) keep(m *Message, v []byte) []byte {
	if len(v) == 0 {
		return nil
	}
	if r.escape == 0 || bytes.IndexByte(v, r.escape) < 0 {
		return r.raw(m, v)
	}
	v = m.room(v)
	m.arena = m.text(len(v))
	start := len(m.arena)
	for len(v) > 0 {
		if v[0] == r.escape {
			if end := bytes.IndexByte(v[1:], r.escape); end >= 0 {
				if out, ok := r.unescape(m.arena, v[1:1+end]); ok {
					m.arena = out
					v = v[end+2:]
					continue
				}
			}
		}
		m.arena = append(m.arena, v[0])
		v = v[1:]
	}
	return m.arena[start:len(m.arena):len(m.arena)]
}

// room cuts v to what m may still keep. Replacing escapes never makes a value longer.
func (m *Message) room(v []byte) []byte {
	if n := min(maxValue, maxArena-len(m.arena)); len(v) > n {
		m.Cut = true
		return v[:n]
	}
	return v
}

// unescape appends what the sequence between two escape characters stands for. It leaves formatting, character set
// and site-defined sequences (\H\, \.br\, \C2842\, \Zxx\) as they are.
func (r *reader) unescape(dst, seq []byte) ([]byte, bool) {
	if len(seq) == 1 {
		switch seq[0] {
		case 'F':
			return append(dst, r.field), true
		case 'S':
			return append(dst, r.component), true
		case 'R':
			return append(dst, r.repetition), true
		case 'E':
			return append(dst, r.escape), true
		case 'T':
			return append(dst, r.subcomponent), true
		}
		return dst, false
	}
	if len(seq) < 3 || len(seq)%2 == 0 || seq[0] != 'X' {
		return dst, false
	}
	for _, b := range seq[1:] {
		if unhex(b) > 15 {
			return dst, false
		}
	}
	for i := 1; i < len(seq); i += 2 {
		dst = append(dst, unhex(seq[i])<<4|unhex(seq[i+1]))
	}
	return dst, true
}

func unhex(b byte) byte {
	switch {
	case '0' <= b && b <= '9':
		return b - '0'
	case 'A' <= b && b <= 'F':
		return b - 'A' + 10
	case 'a' <= b && b <= 'f':
		return b - 'a' + 10
	}
	return 255
}
