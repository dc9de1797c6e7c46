package register

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

const traceVersion = 1

// Append adds what is known of a trace to b, for keeping, but for its number, its device and when it was last seen: a version, 1;
// then each text and each number, texts with their length before them: its address, First, whether it is over (1) and whether the address
// was another's before (2), Crowd, Gap, how many
// bars it has and of each the field, the value and why, and of each fact the field, the value, the source, Sure, and First, Last and Count, times counted from the trace's First.
func (t *Trace) Append(b []byte) []byte {
	b = append(b, traceVersion)
	addr, err := t.Addr.MarshalBinary()
	if err != nil {
		addr = nil // none ever fails
	}
	b = appendText(b, string(addr))
	b = binary.AppendVarint(b, t.First)
	over := byte(0)
	if t.Over {
		over = 1
	}
	if t.Heir {
		over |= 2
	}
	b = appendText(append(b, over), string(t.Crowd))
	b = binary.AppendUvarint(b, uint64(t.Gap))
	b = binary.AppendUvarint(b, uint64(len(t.Bars)))
	for _, x := range t.Bars {
		b = appendText(appendText(appendText(b, string(x.Field)), x.Value), x.Why)
	}
	for i := range t.Facts {
		f := &t.Facts[i]
		b = appendText(appendText(appendText(b, string(f.Field)), f.Value), f.Source)
		b = append(b, byte(f.Sure))
		b = binary.AppendVarint(binary.AppendVarint(b, f.First-t.First), f.Last-t.First)
		b = binary.AppendUvarint(b, uint64(f.Count))
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// Unpacker takes traces apart that [Trace.Append] has put together. Its zero value is ready.
type Unpacker struct {
	words map[string]string // fields and sources: few, and in many facts
	at    string
	ok    bool
}

// Trace is what b says of a trace.
func (u *Unpacker) Trace(b []byte) (*Trace, error) {
	u.at, u.ok = string(b), true
	if u.byte() != traceVersion {
		return nil, fmt.Errorf("%w: no trace of version %d", ErrState, traceVersion)
	}
	t := &Trace{}
	var addr netip.Addr
	if err := addr.UnmarshalBinary([]byte(u.text())); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrState, err)
	}
	t.Addr, t.First = addr, u.varint()
	over := u.byte()
	t.Over, t.Heir, t.Crowd = over&1 != 0, over&2 != 0, Field(u.word())
	t.Gap = int64(u.uvarint())
	bars := u.uvarint()
	for u.ok && bars > 0 && len(t.Bars) < maxBars {
		t.Bars = append(t.Bars, Bar{Field: Field(u.word()), Value: u.text(), Why: u.text()})
		bars--
	}
	if bars > 0 {
		return nil, fmt.Errorf("%w: a trace with too many bars", ErrState)
	}
	for u.ok && len(u.at) > 0 && len(t.Facts) < maxFacts {
		f := Fact{Field: Field(u.word()), Value: u.text(), Source: u.word(), Sure: Sure(u.byte()), First: t.First + u.varint(), Last: t.First + u.varint(),
			Count: uint32(u.uvarint())}
		t.Facts = append(t.Facts, f)
	}
	if !u.ok || len(u.at) > 0 {
		return nil, fmt.Errorf("%w: a trace that is cut or too long", ErrState)
	}
	return t, nil
}

const mostWords = 4096

// word is a text of which there are few.
func (u *Unpacker) word() string {
	s := u.text()
	if w, ok := u.words[s]; ok {
		return w
	}
	if u.words == nil || len(u.words) >= mostWords {
		u.words = map[string]string{}
	}
	u.words[s] = s
	return s
}

func (u *Unpacker) text() string {
	n := u.uvarint()
	if n > uint64(len(u.at)) {
		u.ok, u.at = false, ""
		return ""
	}
	s := u.at[:n]
	u.at = u.at[n:]
	return s
}

func (u *Unpacker) byte() byte {
	if u.at == "" {
		u.ok = false
		return 0
	}
	c := u.at[0]
	u.at = u.at[1:]
	return c
}

// uvarint is as that of encoding/binary.
func (u *Unpacker) uvarint() (x uint64) {
	for shift := 0; shift < 64; shift += 7 {
		c := u.byte()
		x |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return x
		}
	}
	u.ok = false
	return 0
}

func (u *Unpacker) varint() int64 {
	x := u.uvarint()
	return int64(x>>1) ^ -int64(x&1)
}
