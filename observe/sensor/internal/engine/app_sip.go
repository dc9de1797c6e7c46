package engine

import (
	"bytes"
	"slices"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/sdp"
	"bulwark/wire/sip"
)

// sipApp is SIP over TCP or UDP.
type sipApp struct {
	conv  sip.Conversation
	sdp   sdp.Description
	open  []sipRequest // that wait for their final response
	polls [32]uint64   // what was told lately, as digests
	next  int          // where the next is noted
	at
}

// sipRequest is a request that waits for its final response: what of it is told.
type sipRequest struct {
	sum    uint64 // of the call and its number
	dir    wire.Dir
	asked  int64
	text   []byte
	fields [8]int // where each text ends
	seq    uint64
}

const (
	maxSIPOpen  = 32
	maxSIPText  = 256 // bytes of one text of a request that waits
	maxSIPMedia = 4
)

func (a *sipApp) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	return a.conv.Decode(dir, p, a)
}
func (a *sipApp) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }

// close tells the requests that were never answered.
func (a *sipApp) close(w *Worker, f *flow) {
	a.w, a.f = w, f
	for i := range a.open {
		a.tell(&a.open[i], nil)
	}
	a.open = a.open[:0]
}

func (a *sipApp) reset() {
	a.conv.Reset()
	if cap(a.open) > 4 {
		a.open = nil // few need so much memory
	}
	a.open, a.polls, a.next, a.at = a.open[:0], [32]uint64{}, 0, at{}
}

func (w *Worker) sipDatagram(f *flow, dir wire.Dir, p []byte) {
	a, ok := w.stateful(f, SIP).(*sipApp)
	if !ok {
		return
	}
	a.stand(w, f, dir)
	if err := a.conv.Datagram(dir, p, a); err != nil {
		w.count.malformed++
		w.appAnomaly(f, "invalid_data")
	}
}

// Message takes one message.
func (a *sipApp) Message(dir wire.Dir, m *sip.Message) {
	a.software(dir, m)
	a.show(dir, m)
	switch {
	case a.w.opt.EVE:
		a.record(dir, m)
		if !m.Response && len(m.Authorization) > 0 {
			a.wait(dir, m)
		} else if m.Response {
			a.answer(dir, m)
		}
	case m.Response:
		a.answer(dir, m)
	case string(m.Method) != "ACK":
		a.wait(dir, m)
	}
}

// record tells a message as EVE does.
func (a *sipApp) record(dir wire.Dir, m *sip.Message) {
	e := &a.w.out.sip
	t := texts{buf: a.w.out.text[:0]}
	*e = event.SIP{Media: e.Media[:0], Method: event.View(m.Method), Code: uint64(m.Code), FromServer: dir == wire.ToClient,
		Record: t.sipRecord(a, m)}
	a.w.out.text = t.buf
	a.w.emit(a.f, e)
}

// sum is what a request and its responses have in common: the call, its number and the method.
func (a *sipApp) sum(m *sip.Message) uint64 {
	sum := a.w.opt.Seed ^ uint64(m.Sequence)
	for _, s := range [...][]byte{m.CallID, m.Method} {
		for _, c := range s {
			sum = (sum ^ uint64(c)) * 0x100000001b3 // FNV-1a
		}
		sum = mum(sum, 0xe7037ed1a0b428db)
	}
	return sum
}

// wait keeps what is told of a request until its final response comes.
func (a *sipApp) wait(dir wire.Dir, m *sip.Message) {
	sum := a.sum(m)
	if slices.ContainsFunc(a.open, func(r sipRequest) bool { return r.sum == sum && r.dir == dir }) {
		return // sent again
	}
	if len(a.open) >= maxSIPOpen {
		a.tell(&a.open[0], nil)
		old := a.open[0]
		copy(a.open, a.open[1:])
		a.open[len(a.open)-1] = old // its memory serves the new one
		a.open = a.open[:len(a.open)-1]
	}
	a.open = slices.Grow(a.open, 1)[:len(a.open)+1]
	r := &a.open[len(a.open)-1]
	*r = sipRequest{sum: sum, dir: dir, asked: a.w.clock, text: r.text[:0], seq: uint64(m.Sequence)}
	for i, s := range [...][]byte{m.Method, m.URI, sip.Address(m.From), sip.Address(m.To), m.CallID, m.UserAgent,
		sip.Parameter(m.Authorization, "username"), sip.Parameter(m.Authorization, "realm")} {
		r.text = a.w.space.Append(r.text, s[:min(len(s), maxSIPText)])
		r.fields[i] = len(r.text)
	}
}

// part is a text of a request that waits.
func (r *sipRequest) part(i int) []byte {
	from := 0
	if i > 0 {
		from = r.fields[i-1]
	}
	return r.text[from:r.fields[i]]
}

// answer finds the request that a final response answers.
func (a *sipApp) answer(dir wire.Dir, m *sip.Message) {
	if m.Code < 200 {
		return
	}
	sum := a.sum(m)
	i := slices.IndexFunc(a.open, func(r sipRequest) bool { return r.sum == sum && r.dir == dir.Other() })
	if i < 0 {
		return
	}
	r := a.open[i]
	a.tell(&r, m)
	copy(a.open[i:], a.open[i+1:])
	a.open[len(a.open)-1] = r
	a.open = a.open[:len(a.open)-1]
}

// tell tells a request with its final response; nil: none came.
func (a *sipApp) tell(r *sipRequest, m *sip.Message) {
	e := &a.w.out.sip
	t := texts{buf: a.w.out.text[:0]}
	*e = event.SIP{Media: e.Media[:0], Method: event.View(r.part(0)), URI: t.masked(a.w, r.part(1)), From: t.masked(a.w, r.part(2)),
		To: t.masked(a.w, r.part(3)), CallID: event.View(r.part(4)), Sequence: r.seq, UserAgent: event.View(r.part(5)),
		FromServer: r.dir == wire.ToClient}
	if m != nil {
		e.Code, e.Reason, e.Server = uint64(m.Code), event.View(m.Reason), event.View(either2(m.Server, m.UserAgent))
		e.Latency = uint64(max(a.w.clock-r.asked, 0))
		if e.Method == "INVITE" {
			a.media(&t, e, m)
		}
	}
	a.w.out.text = t.buf
	if !a.w.opt.EVE && !a.again(e) {
		a.w.emit(a.f, e)
	}
	a.authentication(e, r)
}

func either2(a, b []byte) []byte {
	if len(a) > 0 {
		return a
	}
	return b
}

// media tells what the answering side wants to be sent where.
func (a *sipApp) media(t *texts, e *event.SIP, m *sip.Message) {
	if sdp.Parse(m.Body, &a.sdp) != nil {
		return
	}
	common := sdp.First(a.sdp.Session(), 'c')
	for lines := range a.sdp.Media {
		if len(e.Media) >= maxSIPMedia {
			return
		}
		at := len(t.buf)
		t.buf = append(append(append(t.buf, lines[0].Value...), " to "...), either2(sdp.First(lines, 'c'), common)...)
		e.Media = append(e.Media, t.from(at))
	}
}

// again reports whether e is one of those requests that telephones send every minute, and the same was told before.
func (a *sipApp) again(e *event.SIP) bool {
	switch e.Method {
	case "OPTIONS", "REGISTER", "SUBSCRIBE", "NOTIFY", "PUBLISH", "KEEPALIVE":
	default:
		return false
	}
	sum := a.w.opt.Seed ^ e.Code
	for _, s := range [...]string{e.Method, e.URI, e.From, e.To} {
		for i := range len(s) {
			sum = (sum ^ uint64(s[i])) * 0x100000001b3
		}
		sum = mum(sum, 0xe7037ed1a0b428db)
	}
	if slices.Contains(a.polls[:], sum|1) {
		return true
	}
	a.polls[a.next%len(a.polls)] = sum | 1
	a.next++
	return false
}

// authentication reports a request with credentials that was accepted, or refused in spite of them.
func (a *sipApp) authentication(m *event.SIP, r *sipRequest) {
	user := event.View(r.part(6))
	if user == "" || m.Code == 0 || m.Code >= 300 && m.Code != 401 && m.Code != 403 && m.Code != 407 {
		return
	}
	e := &a.w.out.auth
	*e = event.Auth{User: user, Domain: event.View(r.part(7)), Protocol: "SIP digest", Service: "sip", Host: m.UserAgent,
		Outcome: outcomeOf(m.Code < 300)}
	if m.Code >= 300 {
		e.Reason = m.Reason
	}
	a.w.emit(a.f, e)
}

// software reports what a telephone or an exchange says that it runs.
func (a *sipApp) software(dir wire.Dir, m *sip.Message) {
	name := m.UserAgent
	if m.Response {
		name = either2(m.Server, m.UserAgent)
	}
	if name = bytes.TrimSpace(name); len(name) == 0 || len(name) > 128 {
		return
	}
	e := &a.w.out.asset
	*e = event.Asset{Software: event.View(name), Role: "sip user agent", Source: "sip"}
	if m.Response && len(m.Server) > 0 {
		e.Role = "sip server"
	}
	a.w.tellAssetOf(a.f, dir, e)
}
