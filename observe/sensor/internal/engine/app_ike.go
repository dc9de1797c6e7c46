package engine

import (
	"encoding/binary"
	"net/netip"
	"strconv"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/ike"
)

// maxExchanges is how many messages of one side of a flow are told; errors are told always.
const maxExchanges = 16

const portFloated = 4500 // IKE and ESP behind a translator (RFC 3948)

func (w *Worker) ikeDatagram(f *flow, dir wire.Dir, p []byte) {
	if f.atPort(portFloated) && (len(p) < 4 || binary.BigEndian.Uint32(p) != 0) {
		return // ESP, or a byte that keeps the translator awake
	}
	m := &w.out.ikeMessage
	if ike.Parse(p, m) != nil {
		w.count.malformed++
		if m.Major == 0 {
			return
		}
	}
	w.fillIKE(dir, m)
	e := &w.out.ike
	if w.opt.EVE {
		w.recordIKE(f, dir, m)
	}
	w.lookIKE(dir, m)
	if w.opt.EVE || f.packets[dir] <= maxExchanges || e.Errors > 0 {
		w.emit(f, e)
		w.weakIKE(f, m)
	}
	w.makerIKE(f, dir, m)
}

func (w *Worker) fillIKE(dir wire.Dir, m *ike.Message) {
	t := texts{buf: w.out.text[:0]}
	e := &w.out.ike
	*e = event.IKE{Exchange: ike.Exchange(m.Major, m.Exchange), Major: uint64(m.Major), Minor: uint64(m.Minor),
		InitiatorSPI: t.spi(m.Initiator), ResponderSPI: t.spi(m.Responder), MessageID: uint64(m.ID), ExchangeID: uint64(m.Exchange),
		Role: "initiator", Encrypted: m.Encrypted, Identity: t.identity(m),
		Payloads: e.Payloads[:0], Proposals: e.Proposals[:0], Vendors: e.Vendors[:0], Notifies: e.Notifies[:0], Weaknesses: e.Weaknesses[:0]}
	answers := dir == wire.ToClient
	if m.Major == 2 {
		answers = !m.FromInitiator()
	}
	if answers {
		e.Role = "responder"
	}
	for _, p := range m.Payloads {
		e.Payloads = append(e.Payloads, ike.PayloadName(m.Major, p.Kind))
	}
	for i := range m.Proposals {
		e.Proposals = t.proposal(e.Proposals, m, &m.Proposals[i])
	}
	if answers && len(m.Proposals) > 0 {
		chosenIKE(e, m)
	}
	for _, v := range m.Vendors {
		e.Vendors = append(e.Vendors, t.vendor(v))
	}
	for _, n := range m.Notifies {
		if name := ike.LaterNotifyName(n); name != "" && m.Major == 2 && !w.opt.EVE {
			e.Notifies = append(e.Notifies, name)
		} else {
			e.Notifies = append(e.Notifies, ike.NotifyName(m.Major, n))
		}
		if ike.IsError(m.Major, n) {
			e.Errors++
		}
	}
	for i, name := range weaknesses {
		if m.Weaknesses()>>i&1 != 0 {
			e.Weaknesses = append(e.Weaknesses, name)
		}
	}
	w.out.text = t.buf
}

// weaknesses are the names of the bits of [ike.Weakness], in their order.
var weaknesses = [...]string{"encryption", "prf", "integrity", "dh_group", "no_dh_group", "no_integrity", "no_encryption", "null_prf"}

// ikeAnomalies are Suricata's names of them.
var ikeAnomalies = [...]string{"weak_crypto_enc", "weak_crypto_prf", "weak_crypto_auth", "weak_crypto_dh", "weak_crypto_no_dh",
	"weak_crypto_no_auth", "no_encryption", "invalid_proposal"}

// weakIKE tells the weaknesses of version 2 as anomalies, as Suricata does.
func (w *Worker) weakIKE(f *flow, m *ike.Message) {
	if m.Major != 2 {
		return
	}
	for i, name := range ikeAnomalies {
		if m.Weaknesses()>>i&1 != 0 {
			w.appAnomaly(f, name)
		}
	}
}

// chosenIKE tells what the responder chose: the first proposal that it sends back.
func chosenIKE(e *event.IKE, m *ike.Message) {
	p := &m.Proposals[0]
	for _, t := range m.Transforms[p.From:p.To] {
		if m.Major == 1 {
			a := t.Attributes
			e.Encryption, e.Integrity = ike.ValueName(ike.Cipher, a.Get(ike.Cipher)), ike.ValueName(ike.Hash, a.Get(ike.Hash))
			e.Group, e.AuthMethod = ike.ValueName(ike.GroupID, a.Get(ike.GroupID)), ike.ValueName(ike.AuthMethod, a.Get(ike.AuthMethod))
			e.KeyLength = uint64(a.Get(ike.KeyLength))
			return
		}
		name := ike.TransformName(t.Kind, t.ID)
		switch t.Kind {
		case ike.Encryption:
			e.Encryption, e.KeyLength = name, uint64(t.Attributes.Get(ike.KeyLength))
		case ike.PRF:
			e.PRF = name
		case ike.Integrity:
			e.Integrity = name
		case ike.DH:
			e.Group = name
		}
	}
}

// proposal appends an offer as text: of version 2 one, of version 1 one for each of its suites.
func (t *texts) proposal(dst []string, m *ike.Message, p *ike.Proposal) []string {
	at := len(t.buf)
	for _, x := range m.Transforms[p.From:p.To] {
		if len(t.buf) > at {
			t.buf = append(t.buf, ' ')
		}
		if m.Major == 2 {
			t.buf = append(t.buf, ike.TransformName(x.Kind, x.ID)...)
			if n := x.Attributes.Get(ike.KeyLength); n > 0 {
				t.buf = strconv.AppendUint(append(t.buf, '/'), uint64(n), 10)
			}
			continue
		}
		t.suite(x.Attributes)
		dst = append(dst, t.from(at))
		at = len(t.buf)
	}
	if m.Major == 2 {
		dst = append(dst, t.from(at))
	}
	return dst
}

// suite appends the algorithms of a transform of version 1.
func (t *texts) suite(a ike.Attributes) {
	first := true
	for _, kind := range [...]uint16{ike.Cipher, ike.Hash, ike.GroupID, ike.AuthMethod} {
		v := a.Get(kind)
		if v == 0 {
			continue
		}
		if !first {
			t.buf = append(t.buf, ' ')
		}
		first = false
		t.buf = append(t.buf, ike.ValueName(kind, v)...)
		if n := a.Get(ike.KeyLength); kind == ike.Cipher && n > 0 {
			t.buf = strconv.AppendUint(append(t.buf, '/'), uint64(n), 10)
		}
	}
}

// spi is an SPI in hexadecimal.
func (t *texts) spi(n uint64) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], n)
	return t.plainHex(b[:])
}

// vendor is what a vendor id says.
func (t *texts) vendor(id []byte) string {
	if name, _ := ike.Vendor(id); name != "" {
		return name
	}
	if ike.Readable(id) {
		return event.View(id)
	}
	return t.plainHex(id)
}

// identity is who the sender of a message of version 1 says it is (RFC 2407 §4.6.2.1): an address, a name, a key.
func (t *texts) identity(m *ike.Message) string {
	switch {
	case m.IDKind == 1 && len(m.Identity) == 4:
		return t.addr(netip.AddrFrom4([4]byte(m.Identity)))
	case m.IDKind == 5 && len(m.Identity) == 16:
		return t.addr(netip.AddrFrom16([16]byte(m.Identity)))
	case m.IDKind == 2 || m.IDKind == 3 || m.IDKind == 11:
		return t.printable(m.Identity)
	}
	return ""
}

// makerIKE reports who made an end of a tunnel.
func (w *Worker) makerIKE(f *flow, dir wire.Dir, m *ike.Message) {
	for _, v := range m.Vendors {
		if name, maker := ike.Vendor(v); maker {
			w.out.asset = event.Asset{Software: name, Role: "vpn endpoint", Source: "ike"}
			w.tellAssetAt(f, f.addr(dir), &w.out.asset)
			return
		}
	}
}
