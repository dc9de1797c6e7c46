package fhir

import "bytes"

// maxPatients bounds how many identifiers are read in one body.
const maxPatients = 64

// AppendPatientIDs appends the identifiers of patients that stand in a body, of which p may be the beginning only: the
// ids and identifiers of Patient resources, alone or in a Bundle, and what references to patients name (FHIR R5
// patient.html, references.html). They point into p.
func AppendPatientIDs(dst [][]byte, mediaType, p []byte) [][]byte {
	if !mayHoldResource(mediaType, p) {
		return dst
	}
	w := patients{ids: dst, most: len(dst) + maxPatients}
	if bytes.IndexByte(p[:min(len(p), 8)], '<') >= 0 {
		w.readXML(p)
	} else {
		w.readJSON(p)
	}
	return w.ids
}

type patients struct {
	ids     [][]byte
	most    int
	stack   [24]nesting
	depth   int
	waiting [maxPatients][]byte // of resources whose type is not known yet
	n       int
}

// nesting is an object or an array of JSON.
type nesting struct {
	key      []byte // the member in hand; of an array the member it is the value of
	object   bool
	resource bool // it may be a resource: the outermost object, or the value of "resource"
	patient  bool // its resourceType is Patient
	from     int  // what waited when it began
}

func (w *patients) readJSON(p []byte) {
	var key []byte
	for i := 0; i < len(p); {
		switch p[i] {
		case '{', '[':
			if !w.push(p[i] == '{', key) {
				return
			}
			key = nil
		case '}', ']':
			if !w.pop() {
				return
			}
			key = nil
		case ',':
			key = nil
		case '"':
			s, end := jsonString(p, i)
			if end == 0 {
				w.popAll()
				return // cut within
			}
			i = end
			if w.depth > 0 && w.stack[w.depth-1].object && key == nil {
				key = s
			} else {
				w.member(key, s)
			}
			continue
		}
		i++
	}
	w.popAll()
}

func (w *patients) push(object bool, key []byte) bool {
	if w.depth == len(w.stack) {
		return false
	}
	l := nesting{object: object, key: key, from: w.n}
	l.resource = object && (w.depth == 0 || string(key) == "resource")
	w.stack[w.depth] = l
	w.depth++
	return true
}

// pop leaves a level. What waited in a resource is taken if that is a patient.
func (w *patients) pop() bool {
	if w.depth == 0 {
		return false
	}
	w.depth--
	l := &w.stack[w.depth]
	if !l.resource {
		return true
	}
	if l.patient {
		for _, id := range w.waiting[l.from:w.n] {
			w.take(id)
		}
	}
	w.n = l.from
	return true
}

func (w *patients) popAll() {
	for w.pop() {
	}
}

// member takes a member whose value is a string.
func (w *patients) member(key, value []byte) {
	if string(key) == "reference" {
		if _, id, ok := bytes.Cut(value, []byte("Patient/")); ok {
			id, _, _ = bytes.Cut(id, []byte("/"))
			w.take(id)
		}
		return
	}
	top := &w.stack[max(w.depth-1, 0)]
	switch {
	case top.resource && string(key) == "resourceType":
		top.patient = string(value) == "Patient"
	case top.resource && string(key) == "id":
		w.own(top, value)
	case string(key) == "value" && w.depth > 2 && string(w.stack[w.depth-2].key) == "identifier":
		w.own(&w.stack[w.depth-3], value)
	}
}

// own keeps an identifier that counts if the resource turns out to be a patient.
func (w *patients) own(l *nesting, id []byte) {
	if l.resource && w.n < len(w.waiting) {
		w.waiting[w.n] = id
		w.n++
	}
}

func (w *patients) take(id []byte) {
	if len(id) > 0 && len(w.ids) < w.most {
		w.ids = append(w.ids, id)
	}
}

func (w *patients) readXML(p []byte) {
	if !bytes.Contains(p, []byte("<Patient")) {
		return
	}
	for _, tag := range [...]string{`<id value="`, `<value value="`} {
		for rest := p; len(w.ids) < w.most; {
			i := bytes.Index(rest, []byte(tag))
			if i < 0 {
				break
			}
			rest = rest[i+len(tag):]
			end := bytes.IndexByte(rest, '"')
			if end < 0 {
				break
			}
			if end > 0 {
				w.ids = append(w.ids, rest[:end])
			}
		}
	}
}
