package engine

import (
	"bytes"
	"slices"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/http"
	"bulwark/wire/inspect"
)

// HTTP shows that a message has come to a stage. What is asked at a request's end is asked when its response begins.
func (w *Watcher) HTTP(f *inspect.Flow, stage inspect.Stage, t *http.Transaction) {
	st := w.state(f)
	if st == nil || st.passed {
		return
	}
	w.catchUp(f, st)
	tx := w.transaction(st, t.Number)
	if tx == nil {
		return
	}
	switch {
	case stage == inspect.Head && f.Dir == wire.ToServer:
		w.message(f, st, wire.ToServer, inspect.Head, t, tx)
	case stage == inspect.Head:
		w.body(f, st, wire.ToServer, t, tx)
		tx = w.transaction(st, t.Number)
		w.message(f, st, wire.ToClient, inspect.Head, t, tx)
	default:
		w.body(f, st, wire.ToServer, t, tx)
		w.body(f, st, wire.ToClient, t, tx)
		w.forget(st, t.Number)
	}
}

func (w *Watcher) transaction(st *state, number int) *transaction {
	for i := range st.txs {
		if st.txs[i].number == number {
			return &st.txs[i]
		}
	}
	if len(st.txs) >= maxFlowTx {
		w.count.Refused++
		return nil
	}
	st.txs = append(st.txs, transaction{number: number})
	return &st.txs[len(st.txs)-1]
}

// forget forgets a transaction and the bodies that it had.
func (w *Watcher) forget(st *state, number int) {
	st.txs = slices.DeleteFunc(st.txs, func(tx transaction) bool {
		if tx.number != number {
			return false
		}
		w.release(tx.body)
		return true
	})
	w.forgetFiles(st, func(g *gathered) bool { return int(g.tx) == number && isHTTP(g.app) })
}

func (w *Watcher) forgetFiles(st *state, over func(*gathered) bool) {
	st.files = slices.DeleteFunc(st.files, func(g gathered) bool {
		if !over(&g) {
			return false
		}
		w.release(g.data)
		return true
	})
}

func isHTTP(app string) bool { return app == "http" || app == "http2" || app == "doh2" }

// body asks what is to be asked at the end of a message.
func (w *Watcher) body(f *inspect.Flow, st *state, dir wire.Dir, t *http.Transaction, tx *transaction) {
	if tx.done[dir] || !message(dir, t).Seen {
		return
	}
	tx.done[dir] = true
	w.message(f, st, dir, inspect.Whole, t, tx)
	w.httpFrame(f, st, dir, t, tx)
}

// message asks the rules about a stage of a message.
func (w *Watcher) message(f *inspect.Flow, st *state, dir wire.Dir, stage inspect.Stage, t *http.Transaction, tx *transaction) {
	w.view = view{f: f, st: st, dir: dir, t: t, tx: tx, number: uint64(t.Number)}
	clear(w.cache)
	w.scratch.buf = w.scratch.buf[:0]
	all := w.all[:0]
	if stage == inspect.Whole {
		all = append(all, tx.waiting[dir]...)
		tx.waiting[dir] = nil
	}
	all = append(all, w.set.stages[dir][stage]...)
	all = w.set.windows[dir][stage].find(st.side(dir).window, &w.hits, all)
	for _, g := range w.set.list[dir][stage] {
		w.scan(g)
		all = append(all, w.found...)
	}
	all = ordered(all)
	w.all = all
	for _, n := range all {
		c := &w.set.rules[n]
		if c.stage > stage {
			if w.could(c) {
				tx.waiting[dir] = append(tx.waiting[dir], n)
			}
			continue
		}
		w.ask(n)
	}
}

// scan looks for the bytes of a group's rules in the values of its field.
func (w *Watcher) scan(g *group) {
	w.found = w.found[:0]
	if g.src.many != nil {
		g.src.many(w.view.dir, w.view.t, func(v []byte) bool { w.scanOne(g, v); return true })
		return
	}
	if v, ok := w.bytes(g.src); ok {
		w.scanOne(g, v)
	}
}

func (w *Watcher) scanOne(g *group, v []byte) {
	if g.chain != nil {
		v = g.chain.Apply(&w.machine, v)
	}
	g.set.Scan(v, &w.hits)
	for _, id := range w.hits.IDs() {
		w.found = append(w.found, g.rules[id]...)
	}
}

// bytes are those of a source in the message in hand; false where there are none.
func (w *Watcher) bytes(s *source) ([]byte, bool) {
	v := &w.view
	if s.body {
		return w.bodyBytes(s)
	}
	if v.t == nil {
		return nil, false
	}
	if c := w.cache[s]; c.known {
		return c.data, c.data != nil
	}
	data := s.http(&w.scratch, v.dir, v.t)
	w.cache[s] = cached{data, true}
	return data, data != nil
}

func (w *Watcher) bodyBytes(s *source) ([]byte, bool) {
	v := &w.view
	if v.file != nil {
		return v.file.data, s.name == "file.data"
	}
	if v.tx == nil {
		return nil, false
	}
	if s.name == "http.request_body" {
		return v.tx.body, len(v.tx.body) > 0
	}
	if g := w.bodyFile(); g != nil {
		return g.data, true
	}
	return nil, false
}

// bodyFile is the file that the message of HTTP in view carries; nil: none.
func (w *Watcher) bodyFile() *gathered {
	v := &w.view
	if v.tx == nil {
		return nil
	}
	for i := range v.st.files {
		if g := &v.st.files[i]; int(g.tx) == v.tx.number && g.dir == v.dir && isHTTP(g.app) {
			return g
		}
	}
	return nil
}

// Body shows bytes of the body of a request.
func (w *Watcher) Body(f *inspect.Flow, t *http.Transaction, p []byte) {
	st := w.state(f)
	if st == nil || st.passed {
		return
	}
	if tx := w.transaction(st, t.Number); tx != nil && w.set.needs.requests {
		tx.body = w.keep(tx.body, p, maxBody)
	}
}

// maxName is how many bytes of a file's name are kept.
const maxName = 512

// maxFiles is how many files of a flow are gathered at a time.
const maxFiles = 32

// File shows bytes of a file. Its begin is gathered, and looked at when there is enough of it or it ends.
func (w *Watcher) File(f *inspect.Flow, file inspect.File, p []byte) bool {
	st := w.state(f)
	if st == nil || st.passed {
		return false
	}
	g := st.file(file.Number)
	if g == nil {
		if !file.First || len(st.files) >= maxFiles || w.set.needs.files[f.Dir] == 0 {
			return false
		}
		st.files = append(st.files, gathered{number: file.Number, dir: f.Dir, tx: file.TxID, app: file.App, name: bytes.Clone(file.Name[:min(len(file.Name), maxName)])})
		g = &st.files[len(st.files)-1]
	}
	g.size += uint64(len(p))
	most := w.set.needs.files[g.dir]
	g.data = w.keep(g.data, p, most)
	enough := len(g.data) >= most
	if (enough || file.Last) && !isHTTP(file.App) && !g.over {
		g.over = true
		w.file(f, st, g)
	}
	if file.Last && !isHTTP(file.App) {
		w.forgetFiles(st, func(g *gathered) bool { return g.number == file.Number })
	}
	return !enough
}

func (st *state) file(number uint64) *gathered {
	for i := range st.files {
		if st.files[i].number == number {
			return &st.files[i]
		}
	}
	return nil
}

// file asks the rules about the content of a file that is no body of HTTP.
func (w *Watcher) file(f *inspect.Flow, st *state, g *gathered) {
	w.view = view{f: f, st: st, dir: g.dir, file: g, number: g.tx}
	clear(w.cache)
	var all []int32
	all = w.set.windows[g.dir][inspect.Whole].find(st.side(g.dir).window, &w.hits, all)
	for _, x := range w.set.list[g.dir][inspect.Whole] {
		if x.src.name == "file.data" {
			w.scan(x)
			all = append(all, w.found...)
		}
	}
	all = append(all, w.set.stages[g.dir][inspect.Whole]...)
	for _, n := range ordered(all) {
		w.ask(n)
	}
}

// Records reports whether some rule asks for records of a kind.
func (w *Watcher) Records(kind event.Kind) bool {
	w.current()
	return kind == event.KindAnomaly && len(w.set.events) > 0 || w.set.records[kind] != nil
}

// digests are the fields that hold digests of files.
var digests = map[string]inspect.Digests{"file.md5": inspect.MD5, "file.sha1": inspect.SHA1, "file.sha256": inspect.SHA256}

// Digests are those of files that rules ask for.
func (w *Watcher) Digests() inspect.Digests {
	w.current()
	return w.set.digests
}

// Record shows what is about to be told.
func (w *Watcher) Record(f *inspect.Flow, p event.Payload, more *inspect.More) {
	w.current()
	if a, ok := p.(*event.Anomaly); ok {
		w.anomaly(f, a)
		return
	}
	set := w.set.records[p.Kind()]
	if set == nil || f == nil {
		return
	}
	st := w.state(f)
	if st == nil || st.passed {
		return
	}
	w.catchUp(f, st)
	w.view = view{f: f, st: st, dir: f.Dir, record: p, more: more, p: f.Packet}
	all := append(w.all[:0], set.always...)
	for _, g := range set.list {
		w.found = w.found[:0]
		w.eachText(g.src, func(v []byte) bool { w.scanOne(g, v); return true })
		all = append(all, w.found...)
	}
	w.all = ordered(all)
	for _, n := range w.all {
		w.askRecord(n)
	}
}

// askRecord asks a rule about a record in the directions that it speaks of.
func (w *Watcher) askRecord(n int32) {
	c := &w.set.rules[n]
	if c.Exchange {
		w.askExchange(n)
		return
	}
	if c.turns() && !w.view.more.Turn {
		for dir := range wire.Dir(2) {
			if c.dirs>>dir&1 != 0 {
				w.view.dir = dir
				if w.ask(n) {
					return
				}
			}
		}
		return
	}
	if w.view.more.Turn {
		w.askOnce(n)
		return
	}
	dir, exchange := said(w.view.record)
	if exchange && c.sides() {
		for w.view.dir = range wire.Dir(2) {
			w.ask(n)
		}
		return
	}
	if dir == wire.Either {
		dir = w.view.f.Dir
	}
	if exchange && c.dirs>>dir&1 == 0 {
		dir = dir.Other()
	}
	w.view.dir = dir
	w.ask(n)
}

// said is the direction in which a record was said; Either: that of the packet in hand. An exchange was said in both, first
// in that of its request.
func said(p event.Payload) (dir wire.Dir, exchange bool) {
	answers := false
	switch p := p.(type) {
	case *event.DNS:
		answers = p.Activity == "Response"
	case *event.SIP:
		answers = p.FromServer
	case *event.MQTT:
		dir = wire.ToServer
		if p.FromServer {
			dir = wire.ToClient
		}
		return dir, true
	case *event.DNP3:
		answers = p.FromServer
	case *event.File:
		answers = p.Activity == "Read"
	case *event.DHCP, *event.IKE, *event.TFTP, *event.NTP, *event.SNMP, *event.MDNS, *event.LLMNR, *event.Kerberos, *event.Syslog:
		return wire.Either, false
	default:
		return wire.ToServer, true
	}
	if answers {
		return wire.ToClient, false
	}
	return wire.ToServer, false
}

// anomaly asks the rules that wait for an anomaly.
func (w *Watcher) anomaly(f *inspect.Flow, a *event.Anomaly) {
	if len(w.set.events) == 0 {
		return
	}
	rules := w.set.events[anomalyKey(a)]
	if len(rules) == 0 {
		return
	}
	w.view = view{f: f, dir: wire.ToServer}
	if f != nil {
		st := w.state(f)
		if st == nil || st.passed {
			return
		}
		w.view.st, w.view.dir, w.view.p = st, f.Dir, f.Packet
	}
	for _, n := range rules {
		w.ask(n)
	}
}
