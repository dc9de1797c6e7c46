package eve

import (
	"bytes"
	"encoding/base64"
	"net/netip"
	"strings"

	"bulwark/event"
)

// Evidence is what an alert shows of the packet that matched.
type Evidence struct {
	Payload  []byte // what the packet or its stream carries
	Stream   bool   // it is the stream's
	Packet   []byte // as captured
	Link     uint64 // what it begins with, as captures number it
	LinkName string // the same in words
	SCTP     []byte // it as SCTP (RFC 9260 section 3), whole; nil: it is none
	Tunnel   bool   // it came in a tunnel, whose ends are these
	Src, Dst netip.Addr
	Ports    event.Ports
	Proto    uint8
	Depth    uint64
	Of       uint64 // number of the packet in the capture; 0: there is none
}

// Evidence appends to the object at the end of dst what an alert shows of its packet; an empty dst begins one.
func (w *Writer) Evidence(dst []byte, from int, v *Evidence) []byte {
	w.j.begin(dst)
	if j := &w.j; len(dst) > from {
		j.buf = dst[:len(dst)-1]
		j.fresh = len(dst) == from+2
	} else {
		j.open("")
	}
	j := &w.j
	if v.Tunnel {
		w.tunnel(v)
	}
	if len(v.SCTP) >= 12 {
		w.sctp(v.SCTP)
	}
	if v.Payload != nil {
		j.base64("payload", v.Payload)
		j.key("payload_printable")
		j.printable(v.Payload)
		j.num("stream", pick01(v.Stream))
	}
	if v.Packet != nil {
		j.base64("packet", v.Packet)
		j.open("packet_info")
		j.num("linktype", v.Link)
		j.some("linktype_name", v.LinkName)
		j.close()
	}
	j.close()
	return j.buf
}

// Files appends to the object in dst a file, in a list; an empty dst begins one.
func (w *Writer) Files(dst []byte, p *event.File) []byte {
	w.j.begin(dst)
	j := &w.j
	if len(dst) > 2 {
		j.buf = dst[:len(dst)-1]
	} else {
		j.buf = dst[:0]
		j.open("")
	}
	j.array("files")
	j.comma()
	j.open("")
	j.str("filename", p.Name)
	j.truth("gaps", p.Gaps)
	j.str("state", pick(p.Complete, "CLOSED", "UNKNOWN"))
	if p.Complete {
		j.some("md5", p.MD5)
		j.some("sha256", p.SHA256)
	}
	j.truth("stored", p.Stored != "")
	j.num("size", p.Size+p.Lost)
	if p.TxID > 0 {
		j.num("tx_id", p.TxID-1)
	}
	j.close()
	j.end()
	j.close()
	return j.buf
}

func pick01(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// tunnel writes the ends of a tunnel.
func (w *Writer) tunnel(v *Evidence) {
	j := &w.j
	j.open("tunnel")
	j.addr("src_ip", v.Src, w.ShortIPv6)
	j.num("src_port", uint64(v.Ports.Src))
	j.addr("dest_ip", v.Dst, w.ShortIPv6)
	j.num("dest_port", uint64(v.Ports.Dst))
	j.str("proto", protoName(v.Proto))
	j.num("depth", v.Depth)
	j.count("pcap_cnt", v.Of)
	j.str("pkt_src", "wire/pcap")
	j.close()
}

func (j *object) base64(name string, b []byte) {
	j.key(name)
	j.buf = append(base64.StdEncoding.AppendEncode(append(j.buf, '"'), b), '"')
}

// printable writes bytes as Suricata prints them: what is no ASCII is a point.
func (j *object) printable(b []byte) {
	shown := make([]byte, len(b))
	for i, c := range b {
		if c >= 0x20 && c < 0x7f || c == '\r' || c == '\n' {
			shown[i] = c
		} else {
			shown[i] = '.'
		}
	}
	j.buf = event.AppendJSONString(j.buf, string(shown))
}

// Objects appends what a record of e has beside its head, as one object: an alert has the same of what it is about. Nothing
// is appended for what Suricata embeds nowhere. The place of the request in its conversation, which an alert has itself, is
// left out.
func (w *Writer) Objects(dst []byte, e *event.Event) []byte {
	switch e.Payload.(type) {
	case *event.Flow, *event.Stats, *event.Anomaly, *event.Alert:
		return dst
	}
	from := len(dst)
	w.j.begin(dst)
	w.j.open("")
	if p, ok := e.Payload.(*event.DNP3); ok && event.ValidJSON(p.Record) { // a side under its name
		w.j.open("dnp3")
		w.j.raw(pick(p.FromServer, "response", "request"), p.Record)
		w.j.close()
	} else if p, ok := e.Payload.(*event.File); ok {
		w.carrier(e, p)
	} else {
		w.body(e)
	}
	w.j.close()
	dst = w.j.buf
	if inner := dst[from:]; bytes.HasPrefix(inner, []byte(`{"tx_id":`)) {
		if i := bytes.IndexByte(inner, ','); i > 0 {
			dst = append(dst[:from+1], inner[i+1:]...)
		} else {
			dst = dst[:from]
		}
	}
	return dst
}

// Frame is a part of what a protocol sends, in an alert.
type Frame struct {
	Name       string // with the protocol before it
	Bytes      []byte // those that were seen
	Length     uint64 // of all of it
	Offset     uint64
	ID         uint64 // 0: none
	TxID       uint64 // of its message, from 1; 0: none is known
	FromServer bool
	Payload    bool // the bytes are written
}

// Frame appends to the object in dst a frame; an empty dst begins one.
func (w *Writer) Frame(dst []byte, f *Frame) []byte {
	w.j.begin(dst)
	j := &w.j
	if len(dst) > 2 {
		j.buf = dst[:len(dst)-1]
	} else {
		j.buf = dst[:0]
		j.open("")
	}
	_, kind, _ := strings.Cut(f.Name, ".")
	j.open("frame")
	j.str("type", kind)
	if f.ID > 0 {
		j.num("id", f.ID)
	}
	j.str("direction", pick(f.FromServer, "toclient", "toserver"))
	j.num("stream_offset", f.Offset)
	j.num("length", f.Length)
	j.truth("complete", uint64(len(f.Bytes)) == f.Length)
	if f.TxID > 0 {
		j.num("tx_id", f.TxID-1)
	}
	if f.Payload {
		j.base64("payload", f.Bytes)
		j.key("payload_printable")
		j.printable(f.Bytes)
	}
	j.close()
	j.close()
	return j.buf
}
