package engine

import (
	"slices"
	"strconv"
	"strings"

	"bulwark/detect/signature/internal/rule"
	"bulwark/event"
	"bulwark/wire/inspect"
)

// Bounds of what is noted of a flow, or of a packet.
const (
	maxVars    = 32
	maxVarText = 512 // bytes of a name or a value
)

// variable is a text that an expression has kept (pcre with flow:NAME or pkt:NAME), by the name that it has then.
type variable struct{ name, value string }

// measured is what the keyword entropy found of a buffer last.
type measured struct {
	of   string
	bits float64
}

// notes are what rules have noted of a flow besides its bits and numbers.
type notes struct {
	vars     []variable
	entropy  []measured
	ofPacket []variable // of the packet in hand
	at       uint64     // that packet's serial
}

// noteDown keeps the groups that the expressions of the rule in hand ask to be kept.
func (w *Watcher) noteDown() {
	st := w.view.st
	key := ""
	for as, value := range w.machine.Captured {
		text := string(value[:min(len(value), maxVarText)])
		if as.Name == "key" { // the group behind it is its value
			key = text
			continue
		}
		name := as.Name
		if name == "value" && key != "" {
			name, key = key, ""
		}
		switch {
		case as.Scope == "alert":
			w.addContext(name, text)
		case st == nil:
		case as.Scope == "pkt":
			if st.notes.at != w.serial {
				st.notes.ofPacket, st.notes.at = st.notes.ofPacket[:0], w.serial
				w.noted = true
			}
			if len(st.notes.ofPacket) < maxVars {
				st.notes.ofPacket = append(st.notes.ofPacket, variable{name, text})
			}
		default:
			st.notes.vars = setVar(st.notes.vars, name, text)
		}
	}
}

// setVar gives a variable a value.
func setVar(all []variable, name, value string) []variable {
	for i := range all {
		if all[i].name == name {
			all[i].value = value
			return all
		}
	}
	if len(all) < maxVars {
		all = append(all, variable{name, value})
	}
	return all
}

// addContext adds a text to what an alert tells of the rule in hand.
func (w *Watcher) addContext(name, text string) {
	if len(w.context)+len(name)+len(text) > maxContext {
		return
	}
	w.contextKey(name)
	w.context = event.AppendJSONString(w.context, text)
}

func (w *Watcher) contextKey(name string) {
	sep := byte(',')
	if len(w.context) == 0 {
		sep = '{'
	}
	w.context = append(event.AppendJSONString(append(w.context, sep), name), ':')
}

// measure notes what the keyword entropy found.
func (w *Watcher) measure(t *rule.Entropy, bits float64) {
	st := w.view.st
	if st == nil {
		return
	}
	of := w.set.entropies[t]
	for i := range st.notes.entropy {
		if st.notes.entropy[i].of == of {
			st.notes.entropy[i].bits = bits
			return
		}
	}
	if len(st.notes.entropy) < maxVars {
		st.notes.entropy = append(st.notes.entropy, measured{of, bits})
	}
}

// entropyName is the name under which the entropy of a buffer is told: that of Suricata's buffer.
func entropyName(l *look) string {
	if l.field == nil {
		return "content"
	}
	for _, old := range []string{"http.", "file.", "dns.query"} {
		if strings.HasPrefix(l.field.Name, old) {
			return strings.ReplaceAll(l.field.Name, ".", "_")
		}
	}
	return l.field.Name
}

// Flow bits of these beginnings say what the traffic is, rather than what rules need to know of it.
const (
	trafficID    = "traffic/id/"
	trafficLabel = "traffic/label/"
)

// Notes appends what rules have noted of f, as EVE has it.
func (w *Watcher) Notes(dst []byte, f *inspect.Flow) []byte {
	st := w.kept(f)
	if st == nil || len(st.bits)+len(st.ints)+len(st.notes.vars)+len(st.notes.entropy)+len(st.notes.ofPacket) == 0 {
		return dst
	}
	j := lister{buf: dst, start: len(dst)}
	if st.set == w.set {
		j.traffic(w.set, st)
	}
	j.open("metadata", '{')
	if st.set == w.set {
		j.flowBits(w.set, st)
		j.flowInts(w.set, st)
	}
	j.variables("flowvars", st.notes.vars)
	if len(st.notes.entropy) > 0 {
		j.open("entropy", '{')
		for _, m := range st.notes.entropy {
			j.key(m.of)
			j.buf = strconv.AppendFloat(j.buf, m.bits, 'f', -1, 64)
		}
		j.close('}')
	}
	if st.notes.at == w.serial {
		j.variables("pktvars", st.notes.ofPacket)
	}
	j.close('}')
	return j.buf
}

// lister writes objects and lists; one in which nothing stands leaves no trace.
type lister struct {
	buf    []byte
	start  int
	within []opened
}

type opened struct{ at, inside int }

func (j *lister) comma() {
	if n := len(j.buf); n > j.start && !strings.ContainsRune("{[", rune(j.buf[n-1])) {
		j.buf = append(j.buf, ',')
	}
}

func (j *lister) key(name string) {
	j.comma()
	j.buf = append(event.AppendJSONString(j.buf, name), ':')
}

func (j *lister) text(s string) {
	j.comma()
	j.buf = event.AppendJSONString(j.buf, s)
}

func (j *lister) open(name string, bracket byte) {
	at := len(j.buf)
	j.key(name)
	j.buf = append(j.buf, bracket)
	j.within = append(j.within, opened{at, len(j.buf)})
}

func (j *lister) close(bracket byte) {
	o := j.within[len(j.within)-1]
	j.within = j.within[:len(j.within)-1]
	if len(j.buf) == o.inside {
		j.buf = j.buf[:o.at]
		return
	}
	j.buf = append(j.buf, bracket)
}

// named calls each with the bits of a flow whose names begin so; without that beginning.
func named(set *Set, st *state, prefix string, each func(string)) {
	for _, n := range st.bits {
		if name, ok := strings.CutPrefix(set.bitNames[n-1], prefix); ok {
			each(name)
		}
	}
}

func (j *lister) traffic(set *Set, st *state) {
	j.open("traffic", '{')
	j.open("id", '[')
	named(set, st, trafficID, j.text)
	j.close(']')
	j.open("label", '[')
	named(set, st, trafficLabel, j.text)
	j.close(']')
	j.close('}')
}

func (j *lister) flowBits(set *Set, st *state) {
	j.open("flowbits", '[')
	named(set, st, "", func(name string) {
		if !strings.HasPrefix(name, trafficID) && !strings.HasPrefix(name, trafficLabel) {
			j.text(name)
		}
	})
	j.close(']')
}

func (j *lister) flowInts(set *Set, st *state) {
	j.open("flowints", '{')
	for i := range st.ints {
		j.key(set.intNames[st.ints[i].name-1])
		j.buf = strconv.AppendUint(j.buf, st.ints[i].n, 10)
	}
	j.close('}')
}

func (j *lister) variables(name string, all []variable) {
	j.open(name, '[')
	for _, v := range all {
		j.comma()
		j.buf = append(j.buf, '{')
		j.key(v.name)
		j.buf = append(event.AppendJSONString(j.buf, v.value), '}')
	}
	j.close(']')
}

// names are the names of a map of numbers from 1, in their order.
func names(m map[string]uint32) []string {
	all := make([]string, len(m))
	for name, n := range m {
		all[n-1] = name
	}
	return all
}

// varsAsked reports whether the texts that a rule asks for were kept, of the flow or of the packet in hand.
func (w *Watcher) varsAsked(c *compiled) bool {
	for _, t := range c.vars {
		if w.view.st == nil {
			return false
		}
		n := &w.view.st.notes
		all := n.vars
		if t.Name == "pktvar" {
			if all = n.ofPacket; n.at != w.serial {
				all = nil
			}
		}
		is := func(v variable) bool { return v.name == t.Words[0] && strings.Contains(v.value, t.Words[1]) }
		if slices.ContainsFunc(all, is) == t.Not {
			return false
		}
	}
	return true
}
