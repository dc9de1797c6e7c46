package engine

import (
	"bytes"
	"encoding/hex"
	"slices"

	"bulwark/wire"
	"bulwark/wire/ike"
)

// ikeApp is what records of a conversation repeat of the messages before. Only when EVE is written.
type ikeApp struct {
	sides  [2]ikeSide
	doi    uint32
	chosen []ike.Transform // of version 2
}

// ikeSide is what one side has sent last.
type ikeSide struct {
	key, nonce []byte
	suites     int
	suite      ike.Attributes // the first of version 1
}

// The bytes of IKE come in datagrams: see ikeDatagram.
func (a *ikeApp) decode(*Worker, *flow, wire.Dir, []byte) (int, int, error) { return 0, 0, nil }
func (a *ikeApp) gap(wire.Dir, int) error                                   { return nil }
func (a *ikeApp) close(*Worker, *flow)                                      {}
func (a *ikeApp) reset()                                                    { *a = ikeApp{} }

// maxKept is how many bytes of a key, a nonce or a suite are kept.
const maxKept = 1024

// note takes over what a message in clear says.
func (a *ikeApp) note(dir wire.Dir, m *ike.Message) {
	if m.Encrypted {
		return
	}
	s := &a.sides[dir]
	if m.DOI != 0 {
		a.doi = m.DOI
	}
	if len(m.Proposals) > 0 {
		s.suites, s.suite = 0, nil
		if m.Major == 1 && len(m.Transforms) > 0 {
			s.suite = bytes.Clone(m.Transforms[0].Attributes[:min(len(m.Transforms[0].Attributes), maxKept)])
			s.suites = len(m.Transforms)
		}
		if m.Major == 2 && dir == wire.ToClient {
			a.chosen = slices.Clone(m.Transforms)
			for i := range a.chosen {
				a.chosen[i].Attributes = nil
			}
		}
	}
	s.key = append(s.key[:0], m.Key[:min(len(m.Key), maxKept)]...)
	s.nonce = append(s.nonce[:0], m.Nonce[:min(len(m.Nonce), maxKept)]...)
}

// recordIKE writes the message down as Suricata 9 writes it.
func (w *Worker) recordIKE(f *flow, dir wire.Dir, m *ike.Message) {
	a, ok := w.stateful(f, IKE).(*ikeApp)
	if !ok {
		return
	}
	a.note(dir, m)
	t := texts{buf: w.out.text}
	at := len(t.buf)
	j := ikeWriter{jsonText: jsonText{buf: t.buf, fresh: true}, a: a, m: m, dir: dir}
	e := &w.out.ike
	j.begin("")
	j.num("_v", 2)
	j.num("version_major", int64(m.Major))
	j.num("version_minor", int64(m.Minor))
	j.str("init_spi", e.InitiatorSPI)
	j.str("resp_spi", e.ResponderSPI)
	j.num("message_id", int64(m.ID))
	j.num("exchange_type", int64(m.Exchange))
	if m.Major == 1 {
		j.one()
	} else {
		j.two(e.Role, int64(e.Errors), e.Notifies)
	}
	j.finish()
	t.buf = j.buf
	e.Record = t.from(at)
	w.out.text = t.buf
}

// ikeWriter writes a message.
type ikeWriter struct {
	jsonText
	a   *ikeApp
	m   *ike.Message
	dir wire.Dir
}

// attributes writes the elements of a list.
func (j *ikeWriter) attributes(a ike.Attributes) {
	for x := range a.All {
		j.comma()
		j.begin("")
		j.str("key", ike.AttributeName(x.Kind))
		j.str("value", ike.ValueName(x.Kind, x.Value))
		if n, ok := x.Number(); ok {
			j.num("raw", int64(n))
		} else {
			j.hex("raw", x.Data)
		}
		j.finish()
	}
}

// suites writes the attributes of the suites of the message at hand, one suite behind the other, as Suricata does.
func (j *ikeWriter) suites(name string) {
	j.list(name)
	for _, t := range j.m.Transforms {
		j.attributes(t.Attributes)
	}
	j.endList()
}

// payloads writes the kinds of payload that follow each other, from the one that the header names.
func (j *ikeWriter) payloads(last bool) {
	seen := [256]bool{}
	j.list("payload")
	kind := func(k uint8) {
		if last || !seen[k] {
			j.comma()
			j.buf = append(append(append(j.buf, '"'), ike.PayloadName(j.m.Major, k)...), '"')
		}
		seen[k] = true
	}
	kind(j.m.Next)
	for _, p := range j.m.Payloads {
		if last || p.Next != 0 {
			kind(p.Next)
		}
	}
	if !last && len(j.m.Proposals) > 0 {
		kind(2)
		kind(3)
	}
	j.endList()
}

// one writes what version 1 has.
func (j *ikeWriter) one() {
	if s := &j.a.sides[wire.ToClient]; s.suites > 0 {
		j.list("attributes")
		j.attributes(s.suite)
		j.endList()
	}
	if j.dir == wire.ToClient && len(j.m.Transforms) > 1 {
		j.suites("server_proposals")
	}
	j.payloads(false)
	j.begin("ikev1")
	if j.a.doi != 0 {
		j.num("doi", int64(j.a.doi))
	}
	j.truth("encrypted_payloads", j.m.Encrypted)
	if !j.m.Encrypted {
		j.side("client", wire.ToServer)
		j.side("server", wire.ToClient)
		if len(j.m.Vendors) > 0 {
			j.list("vendor_ids")
			for _, v := range j.m.Vendors {
				j.comma()
				j.buf = append(j.buf, '"')
				j.buf = hex.AppendEncode(j.buf, v)
				j.buf = append(j.buf, '"')
			}
			j.endList()
		}
	}
	j.finish()
}

func (j *ikeWriter) side(name string, dir wire.Dir) {
	s := &j.a.sides[dir]
	j.begin(name)
	if len(s.key) > 0 {
		j.hex("key_exchange_payload", s.key)
		j.num("key_exchange_payload_length", int64(len(s.key)))
	}
	if len(s.nonce) > 0 {
		j.hex("nonce_payload", s.nonce)
		j.num("nonce_payload_length", int64(len(s.nonce)))
	}
	if name == "client" && j.dir == wire.ToServer && len(j.m.Transforms) > 0 {
		j.suites("proposals")
	}
	j.finish()
}

// two writes what version 2 has.
func (j *ikeWriter) two(role string, errors int64, notifies []string) {
	j.str("role", role)
	if role == "responder" {
		names := [...]string{ike.Encryption: "ENCR_NULL", ike.PRF: "PRF_NULL", ike.Integrity: "NONE", ike.DH: "None", ike.ESN: "NoESN"}
		for _, t := range j.a.chosen {
			if int(t.Kind) < len(names) {
				names[t.Kind] = ike.TransformName(t.Kind, t.ID)
			}
		}
		j.str("alg_enc", names[ike.Encryption])
		j.str("alg_auth", names[ike.Integrity])
		j.str("alg_prf", names[ike.PRF])
		j.str("alg_dh", names[ike.DH])
		j.str("alg_esn", names[ike.ESN])
	}
	j.payloads(true)
	j.begin("ikev2")
	j.num("errors", errors)
	if len(notifies) > 0 {
		j.list("notify")
		for _, n := range notifies {
			j.comma()
			j.buf = append(append(append(j.buf, '"'), n...), '"')
		}
		j.endList()
	}
	j.finish()
}
