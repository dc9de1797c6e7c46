package engine

import (
	"encoding/binary"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/ike"
)

// lookIKE adds what a message says, for who looks into the traffic.
func (w *Worker) lookIKE(dir wire.Dir, m *ike.Message) {
	if !w.wanted(event.KindIKE) {
		return
	}
	t := texts{buf: w.out.text}
	more := &w.look.more
	for _, v := range m.Vendors {
		at := len(t.buf)
		for _, c := range v {
			t.buf = append(t.buf, hexDigits[c>>4], hexDigits[c&15])
		}
		more.Value("ike.vendor", t.buf[at:len(t.buf):len(t.buf)])
	}
	if len(m.Key) > 0 {
		more.Value("ike.key_exchange_payload", m.Key)
		more.Number("ike.key_exchange_payload_length", uint64(len(m.Key)))
	}
	if len(m.Nonce) > 0 {
		more.Value("ike.nonce_payload", m.Nonce)
		more.Number("ike.nonce_payload_length", uint64(len(m.Nonce)))
	}
	if m.Major == 1 && dir == wire.ToClient && len(m.Proposals) > 0 {
		p := &m.Proposals[0]
		for _, x := range m.Transforms[p.From:p.To] {
			for a := range x.Attributes.All {
				n, ok := a.Number()
				if !ok {
					continue
				}
				at := len(t.buf)
				t.buf = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(t.buf, a.Kind), n)
				more.Value("ike.chosen_sa_attribute", t.buf[at:len(t.buf):len(t.buf)])
			}
		}
	}
	w.out.text = t.buf
}
