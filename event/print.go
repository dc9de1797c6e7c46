package event

import (
	"net/netip"
	"time"
	"unicode/utf8"
)

// Names of the attributes that every event may have, as the search knows them.
const (
	AttrTime    = "time"
	AttrKind    = "kind"
	AttrSensor  = "sensor"
	AttrSite    = "site"
	AttrID      = "id"
	AttrFlow    = "connection_info.uid"
	AttrProto   = "connection_info.protocol_name"
	AttrSrcIP   = "src_endpoint.ip"
	AttrSrcPort = "src_endpoint.port"
	AttrDstIP   = "dst_endpoint.ip"
	AttrDstPort = "dst_endpoint.port"
	AttrVLAN    = "src_endpoint.vlan_uid"
	AttrInner   = "src_endpoint.inner_vlan_uid"
	AttrPacket  = "metadata.sequence"
)

// Printer walks the attributes of events as names and values. Its zero value is ready; it keeps scratch memory, and
// is not safe for concurrent use.
type Printer struct {
	c   coder
	buf []byte
}

// Each calls fn for each attribute of e that is there, the header's first, then the payload's, always in the same
// order for a kind. It leaves out time, kind, sensor, site and id, which callers have at hand. The texts handed to
// fn hold during the call only.
func (p *Printer) Each(e *Event, fn func(name string, v Value)) {
	if e.Flow != 0 {
		fn(AttrFlow, Value{Type: Number, Int: int64(e.Flow)})
	}
	if e.Proto != 0 {
		fn(AttrProto, Value{Str: ProtoName(e.Proto)})
	}
	p.addr(e.Src, AttrSrcIP, fn)
	p.port(e.Src, e.Proto, e.Ports.Src, AttrSrcPort, fn)
	p.addr(e.Dst, AttrDstIP, fn)
	p.port(e.Dst, e.Proto, e.Ports.Dst, AttrDstPort, fn)
	if e.VLAN != 0 {
		fn(AttrVLAN, Value{Type: Number, Int: int64(e.VLAN)})
	}
	if e.Inner != 0 {
		fn(AttrInner, Value{Type: Number, Int: int64(e.Inner)})
	}
	if e.Packet != 0 {
		fn(AttrPacket, Value{Type: Number, Int: int64(e.Packet)})
	}
	p.c.op, p.c.each = opEach, fn
	e.Payload.fields(&p.c)
	p.c.each = nil
}

func (p *Printer) addr(a netip.Addr, name string, fn func(string, Value)) {
	if a.IsValid() {
		p.buf = a.AppendTo(p.buf[:0])
		fn(name, Value{Str: View(p.buf)})
	}
}

func (p *Printer) port(a netip.Addr, proto uint8, port uint16, name string, fn func(string, Value)) {
	if a.IsValid() && (proto == 6 || proto == 17 || proto == 132) {
		fn(name, Value{Type: Number, Int: int64(port)})
	}
}

// AppendJSON appends the event as one flat JSON object: time (RFC 3339, nanoseconds), kind, sensor, then its
// attributes.
func (p *Printer) AppendJSON(dst []byte, sensor string, e *Event) []byte {
	dst = append(dst, `{"time":"`...)
	dst = e.When().AppendFormat(dst, time.RFC3339Nano)
	dst = append(append(dst, `","kind":"`...), e.Payload.Kind().String()...)
	dst = append(dst, '"')
	if sensor != "" {
		dst = AppendJSONString(append(dst, `,"sensor":`...), sensor)
	}
	p.Each(e, func(name string, v Value) {
		dst = append(append(append(dst, ',', '"'), name...), '"', ':')
		dst = AppendJSONValue(dst, v)
	})
	return append(dst, '}')
}

// AppendJSONValue appends v as JSON.
func AppendJSONValue(dst []byte, v Value) []byte {
	if v.Type == Text {
		return AppendJSONString(dst, v.Str)
	}
	return v.AppendText(dst)
}

const hexDigits = "0123456789abcdef"

// AppendJSONString appends s as a JSON string (RFC 8259 §7). Bytes that are not UTF-8 become U+FFFD.
func AppendJSONString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	from := 0
	for i := plain(s); i < len(s); {
		b := s[i]
		if b >= 0x20 && b != '"' && b != '\\' && b < utf8.RuneSelf {
			i++
			continue
		}
		if b >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError || n > 1 {
				i += n
				continue
			}
			dst = append(append(dst, s[from:i]...), `\ufffd`...)
		} else {
			dst = append(dst, s[from:i]...)
			dst = appendEscape(dst, b)
		}
		i++
		from = i
	}
	return append(append(dst, s[from:]...), '"')
}

// plain is how many bytes of s, by eights, stand in a JSON string as they are. Most texts are plain, and short.
func plain(s string) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(s); i += 8 {
		b := s[i : i+8]
		x := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
			uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
		quote, back := x^ones*'"', x^ones*'\\'
		if (x|(x-ones*0x20)|(quote-ones)|(back-ones))&tops != 0 { // with bits above 7 among them, or one that may be another's borrow
			break
		}
	}
	return i
}

func appendEscape(dst []byte, b byte) []byte {
	switch b {
	case '"', '\\':
		return append(dst, '\\', b)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[b>>4], hexDigits[b&15])
}

// Attribute describes one attribute of a kind.
type Attribute struct {
	Number int    // in the batch's bytes
	Path   string // OCSF path
	Type   string // text, number, bool or list
}

// Attributes lists the attributes of a kind in the order in which they are printed.
func Attributes(k Kind) []Attribute {
	var all []Attribute
	c := coder{op: opDescribe, list: func(n int, path, t string) {
		all = append(all, Attribute{n, path, t})
	}}
	if p := New(k); p != nil {
		p.fields(&c)
	}
	return all
}
