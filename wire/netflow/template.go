package netflow

import "encoding/binary"

// sets reads the sets of one datagram.
type sets struct {
	*Exporter
	id                uint32
	domain            *domain
	yield             func(*Flow)
	now               int64 // unix nanoseconds at which it was sent
	uptime            uint32
	is10              bool // IPFIX
	template, options uint16
	records           uint32
}

type templateKey struct {
	domain uint32
	id     uint16
}

// template is what the records of a set hold.
type template struct {
	fields  []field
	least   int  // bytes of a record, at least
	options bool // they tell of the exporter, not of flows
}

type field struct {
	element uint16
	reverse bool   // of the other direction (RFC 5103 §6.1)
	foreign bool   // of a maker
	length  uint16 // variable: RFC 7011 §7
}

const (
	variable   = 0xFFFF
	reversePEN = 29305
)

func (s *sets) read(p []byte) error {
	for len(p) >= 4 {
		id, n := binary.BigEndian.Uint16(p), int(binary.BigEndian.Uint16(p[2:]))
		if n < 4 || n > len(p) {
			return ErrShort
		}
		var err error
		switch body := p[4:n]; {
		case id == s.template:
			err = s.templates(body, false)
		case id == s.options:
			err = s.templates(body, true)
		case id >= 256:
			err = s.data(id, body)
		}
		if err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

// templates reads a set of templates.
func (s *sets) templates(p []byte, options bool) (err error) {
	for len(p) >= 4 {
		id := binary.BigEndian.Uint16(p)
		if id < 256 {
			return nil // padding
		}
		count, head := int(binary.BigEndian.Uint16(p[2:])), 4
		if options {
			if count, head, err = s.optionsHead(p); err != nil {
				return err
			}
		}
		if count == 0 { // RFC 7011 §8.1: withdrawn
			delete(s.Exporter.templates, templateKey{s.id, id})
			p = p[4:]
			continue
		}
		t := &template{options: options}
		if p, err = t.read(p[min(head, len(p)):], count, s.is10); err != nil {
			return err
		}
		if err := s.keep(id, t); err != nil {
			return err
		}
	}
	return nil
}

// optionsHead reads how many fields a template of options has, and how long its head is: version 9 tells bytes of scopes and of
// options (RFC 3954 §6.1), IPFIX fields and how many of them are scopes.
func (s *sets) optionsHead(p []byte) (count, head int, err error) {
	if s.is10 && binary.BigEndian.Uint16(p[2:]) == 0 {
		return 0, 4, nil
	}
	if len(p) < 6 {
		return 0, 0, ErrShort
	}
	a, b := int(binary.BigEndian.Uint16(p[2:])), int(binary.BigEndian.Uint16(p[4:]))
	if s.is10 {
		return a, 6, nil
	}
	if count = (a + b) / 4; count == 0 {
		return 0, 0, ErrTemplate
	}
	return count, 6, nil
}

// read reads the fields of a template.
func (t *template) read(p []byte, count int, is10 bool) (rest []byte, err error) {
	if count > maxFields {
		return nil, ErrTemplate
	}
	for range count {
		if len(p) < 4 {
			return nil, ErrShort
		}
		f := field{element: binary.BigEndian.Uint16(p), length: binary.BigEndian.Uint16(p[2:])}
		p = p[4:]
		if is10 && f.element&0x8000 != 0 {
			if len(p) < 4 {
				return nil, ErrShort
			}
			f.element &= 0x7FFF
			f.reverse = binary.BigEndian.Uint32(p) == reversePEN
			f.foreign = !f.reverse
			p = p[4:]
		}
		if f.length == variable {
			t.least++
		} else {
			t.least += int(f.length)
		}
		t.fields = append(t.fields, f)
	}
	if t.least == 0 {
		return nil, ErrTemplate // its records would have no end
	}
	return p, nil
}

func (s *sets) keep(id uint16, t *template) error {
	if s.Exporter.templates == nil {
		s.Exporter.templates = map[templateKey]*template{}
	}
	key := templateKey{s.id, id}
	if _, known := s.Exporter.templates[key]; !known && len(s.Exporter.templates) >= maxTemplates {
		return ErrTemplate
	}
	s.Exporter.templates[key] = t
	return nil
}

// data reads the records of a set.
func (s *sets) data(id uint16, p []byte) error {
	t := s.Exporter.templates[templateKey{s.id, id}]
	if t == nil {
		s.Unknown++
		return nil
	}
	for len(p) >= t.least && len(p) > 0 {
		r := record{sets: s, flow: &s.flow}
		s.flow = Flow{}
		rest, err := r.read(t, p)
		if err != nil {
			return err
		}
		p = rest
		s.records++
		if t.options {
			r.settle()
		} else if r.finish() {
			s.yield(&s.flow)
		}
	}
	return nil
}
