package engine

import (
	"slices"
	"strings"

	"bulwark/detect/signature/internal/field"
	"bulwark/detect/signature/internal/match"
	"bulwark/detect/signature/internal/rule"
	"bulwark/event"
	"bulwark/wire"
)

// beyond is a source of what was read of a message besides its record.
func beyond(kind event.Kind, names ...string) map[string]*source {
	m := map[string]*source{}
	for _, name := range names {
		m[name] = &source{dir: either, record: kind, beyond: true}
	}
	return m
}

// messageSources are the fields of protocols whose messages are shown one by one, all that was read of them besides the
// records.
func messageSources() map[string]*source {
	m := map[string]*source{}
	for kind, prefixes := range map[event.Kind][]string{
		event.KindSIP: {"sip.", "sdp."}, event.KindMQTT: {"mqtt."},
		event.KindDNP3: {"dnp3."}, event.KindENIP: {"enip", "cip_"}, event.KindModbus: {"modbus"}, event.KindLDAP: {"ldap."},
		event.KindTLS: {"tls.", "ssl_", "ja3", "ja4"}, event.KindSSH: {"ssh."}, event.KindSMTP: {"smtp.", "email."}, event.KindKerberos: {"krb5."}, event.KindNFS: {"nfs_"}, event.KindWebSocket: {"websocket."}, event.KindQUIC: {"quic.version"},
		event.KindIKE: {"ike.vendor", "ike.key_", "ike.nonce_", "ike.chosen_"},
	} {
		for i := range field.Count() {
			name := field.At(i).Name
			if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) }) {
				m[name] = &source{dir: either, record: kind, beyond: true}
			}
		}
	}
	return m
}

// has reports whether the record in hand is of the kind that s is of. What is beyond records is known by its name.
func (w *Watcher) has(s *source) bool {
	return w.view.record != nil && (s.beyond || w.view.record.Kind() == s.record)
}

// ofBodies reports whether a field of files is known of the bodies of HTTP before the record of the file is told.
func ofBodies(s *source) bool { return s.name == "file.name" || s.name == "filesize" }

// eachText calls each with the texts of a source of the record in hand.
func (w *Watcher) eachText(s *source, each func([]byte) bool) {
	switch {
	case w.view.record == nil && s.name == "file.name":
		if g := w.bodyFile(); g != nil && len(g.name) > 0 {
			each(g.name)
		}
	case !w.has(s):
	case s.beyond:
		for i := range w.view.more.Values {
			if v := &w.view.more.Values[i]; v.Name == s.name && !each(v.Bytes) {
				return
			}
		}
	case s.texts != nil:
		s.texts(w.view.record, func(v string) bool { return each(bytesView(v)) })
	}
}

// eachNumber calls each with the numbers of a source of the record in hand.
func (w *Watcher) eachNumber(s *source, each func(uint64) bool) {
	switch {
	case w.view.record == nil && s.name == "filesize":
		if g := w.bodyFile(); g != nil {
			each(g.size)
		}
	case s.n != nil:
		if w.view.t == nil {
			return
		}
		if v, ok := s.n(w.view.dir, w.view.t); ok {
			each(v)
		}
	case !w.has(s):
	case s.beyond:
		for i := range w.view.more.Numbers {
			if n := &w.view.more.Numbers[i]; n.Name == s.name && !each(n.N) {
				return
			}
		}
	case s.values != nil:
		s.values(w.view.record, each)
	}
}

// told reports whether one of the texts of a record is as asked.
func (w *Watcher) told(l *look) bool {
	if !w.has(l.src) && !ofBodies(l.src) {
		return false
	}
	holds, some := false, false
	little := w.view.more != nil && w.view.more.Little
	w.eachText(l.src, func(v []byte) bool {
		some = true
		holds = (l.program == nil || l.program.Match(&w.machine, match.View{Data: v, Whole: true, Little: little})) && l.owns(v)
		return !holds
	})
	if !some && l.program != nil {
		return l.program.Match(&w.machine, match.View{Absent: true, Whole: true})
	}
	return holds
}

// owns reports whether the tests with a syntax of their own hold of v.
func (l *look) owns(v []byte) bool {
	for i := range l.own {
		if !l.own[i](v) {
			return false
		}
	}
	return true
}

// maxNumbers is how many numbers of a record are looked at together.
const maxNumbers = 1024

// number reports whether the numbers of a field are as asked: one of them, or as the rule chooses.
func (w *Watcher) number(l *look) bool {
	if l.pick == nil {
		holds := false
		w.eachNumber(l.src, func(v uint64) bool {
			holds = l.holds(v)
			return !holds
		})
		return holds
	}
	if !w.has(l.src) && !ofBodies(l.src) {
		return false
	}
	all := w.numbers[:0]
	w.eachNumber(l.src, func(v uint64) bool {
		all = append(all, v)
		return len(all) < maxNumbers
	})
	w.numbers = all
	return l.choose(l.pick, all)
}

// holds reports whether all that is asked of a number holds.
func (l *look) holds(v uint64) bool {
	for _, n := range l.numbers {
		if !allHold(n, v) {
			return false
		}
	}
	return true
}

// choose reports whether those of all that p takes are as asked.
func (l *look) choose(p *rule.Pick, all []uint64) bool {
	if p.Sliced {
		from, to := fromEnd(p.From, len(all)), fromEnd(p.To, len(all))
		if p.To == 0 {
			to = len(all)
		}
		from, to = min(max(from, 0), len(all)), min(max(to, 0), len(all))
		all = all[min(from, to):to]
	}
	n := 0
	for _, v := range all {
		if l.holds(v) {
			n++
		}
	}
	switch p.Mode {
	case rule.PickAll:
		return n == len(all) && n > 0
	case rule.PickAllOrAbsent:
		return n == len(all)
	case rule.PickOrAbsent:
		return n > 0 || len(all) == 0
	case rule.PickTimes:
		return match.Holds(&p.Times, uint64(n), p.Times.A)
	case rule.PickAt, rule.PickAtOrBeyond:
		at := fromEnd(p.At, len(all))
		if at < 0 || at >= len(all) {
			return p.Mode == rule.PickAtOrBeyond
		}
		return l.holds(all[at])
	case rule.PickCount:
		return l.holds(uint64(len(all)))
	}
	return n > 0
}

func fromEnd(at, n int) int {
	if at < 0 {
		return at + n
	}
	return at
}

// maxOnce is how many rules are remembered that have told of an exchange of a flow.
const maxOnce = 64

// once is a rule that has told of an exchange.
type once struct {
	rule int32
	dir  wire.Dir
	tx   uint64
}

// askOnce asks a rule about a message of an exchange, unless it has told of that exchange in this direction.
func (w *Watcher) askOnce(n int32) {
	st := w.view.st
	x := once{n, w.view.dir, w.view.more.Tx}
	if x.tx == 0 {
		w.ask(n)
		return
	}
	if slices.Contains(st.once, x) || !w.ask(n) {
		return
	}
	if len(st.once) >= maxOnce {
		st.once = st.once[:copy(st.once, st.once[1:])]
	}
	st.once = append(st.once, x)
}
