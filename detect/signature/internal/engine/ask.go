package engine

import (
	"slices"
	"strings"

	"bulwark/detect/signature/internal/field"
	"bulwark/detect/signature/internal/match"
	"bulwark/detect/signature/internal/rule"
	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/packet"
)

// ordered sorts rules and leaves each in once: rules that set what others ask for come first.
func ordered(all []int32) []int32 {
	if len(all) > 1 {
		slices.Sort(all)
		all = slices.Compact(all)
	}
	return all
}

// ask evaluates rule n on what is in view, and does what it asks for where it holds.
func (w *Watcher) ask(n int32) bool {
	c := &w.set.rules[n]
	w.missed = false
	if w.view.st != nil && (w.view.st.passed || w.view.st.passing == w.serial+1) || !w.could(c) || w.repeats(n) {
		return false
	}
	w.count.Asked++
	w.tally[n].checked++
	if w.sample++; w.sample&w.set.sample == 0 {
		return w.timed(n, c)
	}
	return w.judge(n, c)
}

// judge evaluates what a rule asks for beyond its head.
func (w *Watcher) judge(n int32, c *compiled) bool {
	w.context = w.context[:0]
	v := &w.view
	if len(c.tests) > 0 && v.st != nil {
		v.f.Streamed = v.st.streamed()
	}
	for i := range c.tests {
		if !c.tests[i].hold(v.f, v.p) {
			return false
		}
	}
	if !w.bitsAsked(c) || !w.intsAsked(c) || !w.varsAsked(c) {
		return false
	}
	if w.missed = !w.looks(c); w.missed {
		return false
	}
	w.holds(n, c)
	return true
}

// could reports whether what the head of a rule asks for holds: direction, ports, addresses, protocol, state of the flow.
func (w *Watcher) could(c *compiled) bool {
	v := &w.view
	if v.f == nil {
		return c.src < 0 && c.dst < 0 // of a packet that could not be decoded no more is known
	}
	f := v.f
	if !w.fits(c) {
		return false
	}
	if len(c.app) > 0 && !slices.Contains(c.app, f.App) && !(v.file != nil && slices.Contains(c.app, v.file.app)) && !(v.record != nil && slices.Contains(c.app, v.record.Kind().String())) {
		return false
	}
	tcp := f.Proto == packet.TCP
	up := f.Established || f.Reset || tcp && (v.stream != nil || v.t != nil || v.file != nil || v.record != nil || v.frame != nil)
	if c.Flow.Established && !up || c.Flow.NotEstablished && up {
		return false
	}
	return true
}

// fits reports whether what the head of a rule says of the flow holds, which is the same for all packets of a direction.
func (w *Watcher) fits(c *compiled) bool {
	v := &w.view
	f := v.f
	if c.dirs>>v.dir&1 == 0 || c.transport != 0 && c.transport != f.Proto && !icmp(c.transport, f.Proto) ||
		c.Proto.V4 && f.V6 || c.Proto.V6 && !f.V6 {
		return false
	}
	return w.ends(c, v.dir) || c.Both && w.ends(c, v.dir.Other())
}

func icmp(a, b uint8) bool { return a == packet.ICMP && b == packet.ICMPv6 }

// ends reports whether the ends of the flow are those of the rule; dir is who speaks.
func (w *Watcher) ends(c *compiled, dir wire.Dir) bool {
	v := &w.view
	src, dst, sport, dport := v.st.src, v.st.dst, v.f.SrcPort, v.f.DstPort
	if dir == wire.ToClient {
		src, dst, sport, dport = dst, src, dport, sport
	}
	if hasPorts(v.f.Proto) {
		if !c.sports.has(sport) || !c.dports.has(dport) {
			return false
		}
	} else if c.sports != nil || c.dports != nil {
		return false
	}
	return src.has(c.src) && dst.has(c.dst)
}

// repeats reports whether rule n was told already of the packet in hand.
func (w *Watcher) repeats(n int32) bool {
	v := &w.view
	if v.st == nil {
		return false
	}
	for i := range v.st.told {
		if t := &v.st.told[i]; t.rule == n && t.serial == w.serial && t.tx == v.number && v.record == nil && v.frame == nil {
			return true
		}
	}
	return false
}

// looks reports whether what a rule says of buffers holds.
func (w *Watcher) looks(c *compiled) bool {
	w.machine.Begin()
	if c.Exchange {
		return w.exchanged(c)
	}
	for i := range c.looks {
		if !w.look(&c.looks[i]) {
			return false
		}
	}
	return true
}

func (w *Watcher) look(l *look) bool {
	switch {
	case l.frame != "":
		return w.framed(l)
	case l.src == nil:
		return w.payload(l)
	case l.src.packet != nil:
		return w.header(l)
	case l.field.Kind == field.Integer:
		return w.number(l)
	case l.src.record != event.KindNone:
		return w.told(l)
	case l.src.many != nil:
		return w.several(l)
	}
	data, ok := w.bytes(l.src)
	if !ok {
		return l.program.Match(&w.machine, match.View{Absent: true, Whole: true})
	}
	return l.program.Match(&w.machine, match.View{Data: data, Whole: true})
}

// header reports whether one of the values of a field of the packet in hand is as asked.
func (w *Watcher) header(l *look) bool {
	p := w.view.p
	if p == nil && w.view.f != nil {
		p = w.view.f.Packet
	}
	if p == nil && (w.view.f == nil || l.src.name != "ip.src" && l.src.name != "ip.dst") {
		return false
	}
	holds, some := false, false
	each := l.src.packet
	if w.view.f != nil && (l.src.name == "ip.src" || l.src.name == "ip.dst") { // of who speaks, whichever packet is in hand
		each = w.address(l.src.name == "ip.src")
	}
	each(&w.scratch, p, func(v []byte) bool {
		some = true
		holds = l.program.Match(&w.machine, match.View{Data: v, Whole: true})
		return !holds
	})
	if !some {
		return l.program.Match(&w.machine, match.View{Absent: true, Whole: true})
	}
	return holds
}

// address calls what it is given with the source, or the destination, of what is looked at.
func (w *Watcher) address(source bool) func(*scratch, *packet.Packet, func([]byte) bool) {
	f := w.view.f
	a := &f.Dst
	if source == (w.view.dir == wire.ToServer) {
		a = &f.Src
	}
	return func(_ *scratch, _ *packet.Packet, each func([]byte) bool) { each(addressBytes(a, f.V6)) }
}

func (w *Watcher) payload(l *look) bool {
	v := &w.view
	switch {
	case v.stream != nil:
		s := v.stream
		at, data := s.total-uint64(len(s.window)), s.window
		if v.since > at {
			at, data = v.since, data[v.since-at:]
		}
		return l.program.Match(&w.machine, match.View{Data: data, Offset: at, Whole: at == 0})
	case v.t != nil || v.file != nil:
		s := v.st.side(v.dir)
		return l.program.Match(&w.machine, match.View{Data: s.window, Offset: s.total - uint64(len(s.window)), Whole: true})
	case v.p != nil && !(v.f != nil && v.f.Sealed):
		return l.program.Match(&w.machine, match.View{Data: payloadOf(v.p), Whole: true})
	}
	return false
}

func (w *Watcher) several(l *look) bool {
	if w.view.t == nil {
		return false
	}
	holds, some := false, false
	l.src.many(w.view.dir, w.view.t, func(v []byte) bool {
		some = true
		holds = l.program.Match(&w.machine, match.View{Data: v, Whole: true})
		return !holds
	})
	if !some {
		return l.program.Match(&w.machine, match.View{Absent: true, Whole: true})
	}
	return holds
}

// turns reports whether the fields of a rule about records say themselves in which direction they are said, whichever
// packet the record is told at.
func (c *compiled) turns() bool {
	for i := range c.looks {
		if s := c.looks[i].src; s != nil && s.dir != wire.Either {
			return true
		}
	}
	return false
}

// sides reports whether a rule looks at nothing but what is asked of each side of a record by itself.
func (c *compiled) sides() bool {
	for i := range c.looks {
		if s := c.looks[i].src; s == nil || !s.sides {
			return false
		}
	}
	return len(c.looks) > 0
}

// eventKey names what a rule waits for.
func eventKey(kind, name string) string {
	name = strings.ToLower(name)
	if app, rest, ok := strings.Cut(name, "."); ok && kind == "app-layer" {
		if other, ok := formerApps[app]; ok {
			name = other + "." + rest
		}
	}
	return kind + ":" + name
}

// formerApps are names of protocols in events of older rules.
var formerApps = map[string]string{"ikev2": "ike", "ssl": "tls", "http1": "http"}

// anomalyKey is the same of an anomaly.
func anomalyKey(a *event.Anomaly) string {
	name := strings.ToLower(a.Event)
	switch a.Type {
	case "decode":
		return "decode:" + strings.TrimPrefix(name, "decoder.")
	case "stream":
		return "stream:" + strings.TrimPrefix(name, "stream.")
	}
	if a.Layer == "proto_detect" {
		return "app-layer:" + name
	}
	return "app-layer:" + a.App + "." + name
}

// holds does what rule n asks for where it holds: it remembers, and tells.
func (w *Watcher) holds(n int32, c *compiled) {
	v := &w.view
	w.tally[n].matched++
	w.setBits(c)
	w.setInts(c)
	w.noteDown()
	if v.st != nil {
		w.note(n)
	}
	if c.Action == rule.Pass && !w.raised(c) {
		if v.st != nil {
			w.pass(c)
		}
		return
	}
	quiet := c.NoAlert || c.Silent || c.Action == rule.Config
	if quiet && len(c.Tags) == 0 {
		return
	}
	if w.suppressed(c) || !w.due(n, c) {
		w.count.Quiet++
		return
	}
	if len(c.Tags) > 0 {
		w.tag(c)
	}
	if !quiet {
		w.alert(c)
	}
}

// note remembers that rule n was told of the packet in hand.
func (w *Watcher) note(n int32) {
	st := w.view.st
	if len(st.told) > 0 && st.told[0].serial != w.serial {
		st.told = st.told[:0]
	}
	st.told = append(st.told, told{n, w.serial, w.view.number})
}

// pass lets the packet in hand pass, or all of its flow.
func (w *Watcher) pass(c *compiled) {
	v := &w.view
	if c.about == aboutPackets && v.stream == nil {
		v.st.passing = w.serial + 1
		return
	}
	v.st.passed = true
}

// enough reports whether as many alerts were told of the packet in hand as there may be, and counts one more.
func (w *Watcher) enough() bool {
	x := &w.spoken[0]
	if v := &w.view; v.p == nil || v.record != nil {
		x = &w.spoken[1]
	}
	if x.serial != w.serial {
		*x = spoken{serial: w.serial}
	}
	x.n++
	return x.n > w.set.most
}

// alert tells of a rule.
func (w *Watcher) alert(c *compiled) {
	v := &w.view
	if w.enough() {
		w.count.Over++
		return
	}
	w.count.Alerts++
	a := &w.out
	*a = event.Alert{Title: c.Message, GID: uint64(c.GID), SID: uint64(c.SID), Rev: uint64(c.Rev), Action: "allowed",
		Category: c.class.Description, Severity: uint64(c.Priority), Metadata: a.Metadata[:0], References: a.References[:0],
		TxID: v.number, FromServer: v.dir == wire.ToClient}
	if a.Severity == 0 {
		a.Severity = uint64(c.class.Priority)
	}
	if a.Severity == 0 {
		a.Severity = 3
	}
	switch c.Target {
	case rule.SourceEnd:
		a.Target = "src"
	case rule.DestEnd:
		a.Target = "dest"
	}
	a.Metadata = append(a.Metadata, c.metadata...)
	a.References = append(a.References, c.references...)
	if f := v.f; f != nil {
		a.App, a.Start = f.App, uint64(f.First)
		f.Said = nil
		if v.stream != nil {
			f.Said = v.stream.window
		}
		a.PacketsOut, a.PacketsIn, a.BytesOut, a.BytesIn = f.Packets[0], f.Packets[1], f.Bytes[0], f.Bytes[1]
	}
	if len(w.context) > 0 {
		w.context = append(w.context, '}')
		a.Context = event.View(w.context)
	}
	w.tell.Tell(v.f, a)
}
