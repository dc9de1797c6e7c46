package rule

import (
	"bytes"
	"math"

	"bulwark/detect/signature/internal/field"
)

// validate checks what a rule asks for as a whole, as Suricata does when it loads one.
func (b *builder) validate(start int) error {
	r := b.rule
	for i := range r.Buffers {
		if err := b.validateBuffer(&r.Buffers[i]); err != nil {
			return err
		}
	}
	for _, check := range []func(int) error{b.directions, b.packetOrState, b.frames, b.afterBase64, b.carriesFiles, b.noBypass} {
		if err := check(start); err != nil {
			return err
		}
	}
	return nil
}

// placeError is a fault at a place that is known by line and column.
type placeError struct {
	pos    Pos
	reason string
}

func (e *placeError) Error() string { return e.reason }

// validateBuffer checks the contents of one buffer.
func (b *builder) validateBuffer(l *Looked) error {
	most := b.longest(l)
	for _, t := range l.Tests {
		c, ok := t.(*Content)
		if !ok {
			continue
		}
		if l.Field != nil && len(l.Transforms) == 0 {
			if reason := spelling(l.Field, c); reason != "" {
				return &placeError{c.Pos, reason}
			}
		}
		if need := uint64(len(c.Bytes)); !c.Not && (need > most || c.Offset.Set && c.Offset.Name == "" && need+uint64(c.Offset.N) > most) {
			return &placeError{c.Pos, "the content does not fit into the size that is asked for"}
		}
	}
	return nil
}

// longest is the greatest size of a buffer that its tests allow, in bytes.
func (b *builder) longest(l *Looked) uint64 {
	most := uint64(math.MaxUint64)
	for _, t := range l.Tests {
		if s, ok := t.(*Size); ok {
			most = min(most, greatest(&s.Number))
		}
	}
	if l.Field == nil && len(l.Transforms) == 0 {
		for i := range b.rule.Tests {
			if t := &b.rule.Tests[i]; t.Name == "dsize" {
				most = min(most, greatest(&t.Numbers[0]))
			}
		}
	}
	return most
}

// greatest is the greatest number that is as asked.
func greatest(n *Number) uint64 {
	if n.Not {
		return math.MaxUint64
	}
	switch n.Op {
	case Equal, LessEqual:
		return n.A
	case Less:
		return n.A - 1
	case Between:
		return n.B - 1
	case Within:
		return n.B
	}
	return math.MaxUint64
}

// spelling adapts a content to how the values of its field are spelt, or says why it can never be there.
func spelling(f *field.Field, c *Content) string {
	first, last := c.Bytes[0], c.Bytes[len(c.Bytes)-1]
	switch f.Name {
	case "http.method":
		if first == ' ' || first == '\t' || last == ' ' || last == '\t' {
			return "a method of HTTP has no space at its ends"
		}
	case "http.user_agent":
		if last == '\r' || last == '\n' {
			return "http.user_agent does not hold the end of the line"
		}
	case "http.host":
		if !c.Fold && !bytes.Equal(c.Bytes, bytes.ToLower(c.Bytes)) {
			return "http.host is in lower case, the content is not"
		}
	case "ja3.hash", "ja3s.hash":
		if len(c.Bytes) != 32 {
			return "a hash of JA3 has 32 digits"
		}
		c.Bytes = bytes.ToLower(c.Bytes)
	case "tls.cert_fingerprint":
		if len(c.Bytes) != 59 || bytes.Count(c.Bytes, []byte(":")) != 19 {
			return "a fingerprint of a certificate has 20 pairs of digits with colons between"
		}
		c.Bytes = bytes.ToLower(c.Bytes)
	case "tls.cert_serial":
		if len(c.Bytes) > 2 && bytes.IndexByte(c.Bytes, ':') < 0 {
			return "a serial number of a certificate has colons between pairs of digits"
		}
		c.Bytes = bytes.ToUpper(c.Bytes)
	case "ssh.hassh", "ssh.hassh.server":
		c.Bytes = bytes.ToLower(c.Bytes)
	}
	return ""
}

// packetOnly are the tests of a packet itself, which Suricata does not let stand beside those of an application's state.
var packetOnly = map[string]bool{
	"ack": true, "seq": true, "window": true, "flags": true, "dsize": true, "ttl": true, "id": true, "fragbits": true, "fragoffset": true,
	"ipopts": true, "itype": true, "icode": true, "icmp_id": true, "icmp_seq": true, "tos": true, "tcp.mss": true, "sameip": true,
	"tcp.seq": true, "tcp.ack": true, "tcp.window": true, "icmpv6.mtu": true,
}

// packetOrState checks that a rule looks at packets or at what they make up.
func (b *builder) packetOrState(int) error {
	r := b.rule
	for i := range r.Tests {
		t := &r.Tests[i]
		if !packetOnly[t.Name] {
			continue
		}
		if r.Flow.OnlyStream || r.Proto.Streams {
			return &placeError{t.Pos, t.Name + " is of a packet, but the rule looks at streams alone"}
		}
		for j := range r.Buffers {
			if f := r.Buffers[j].Field; f != nil && !f.Packet && f.Name != "base64_data" {
				return &placeError{t.Pos, t.Name + " is of a packet and " + f.Name + " of what packets make up: both cannot be asked at once"}
			}
		}
	}
	return nil
}

// frames checks that a rule that looks at frames looks at nothing else.
func (b *builder) frames(int) error {
	var frame, other *Looked
	for i := range b.rule.Buffers {
		l := &b.rule.Buffers[i]
		switch {
		case l.Frame != "":
			frame = l
		case l.Field == nil || l.Field.Name != "base64_data":
			other = l
		}
	}
	if frame != nil && other != nil {
		return &placeError{frame.Pos, "a rule that looks at a frame cannot look at the payload or at another buffer"}
	}
	return nil
}

// noBypass checks that a rule of Suricata's firewall does not ask for bypass.
func (b *builder) noBypass(start int) error {
	for _, p := range b.rule.Ignored {
		if p.Key == "bypass" && b.rule.Scope != "" {
			return faultf(start, "bypass is not allowed in a rule of the firewall")
		}
	}
	return nil
}

// afterBase64 checks that no other buffer follows base64_data.
func (b *builder) afterBase64(int) error {
	for i := range b.rule.Buffers {
		l := &b.rule.Buffers[i]
		if l.Field != nil && l.Field.Name == "base64_data" && i < len(b.rule.Buffers)-1 && b.rule.Buffers[i+1].Field != l.Field {
			return &placeError{b.rule.Buffers[i+1].Pos, "no other buffer can follow base64_data"}
		}
	}
	return nil
}

// fileApps are the protocols that carry files.
var fileApps = map[string]bool{
	"": true, "http": true, "http1": true, "http2": true, "smtp": true, "imap": true, "pop3": true, "ftp": true, "ftp-data": true,
	"nfs": true, "smb": true, "tftp": true, "dicom": true, "hl7": true,
}

// carriesFiles checks that a rule about files is of a protocol that carries some.
func (b *builder) carriesFiles(start int) error {
	r := b.rule
	asked := r.Store != nil
	for i := range r.Buffers {
		f := r.Buffers[i].Field
		asked = asked || f != nil && f.File
		if f != nil && f.Name == "file.data" && r.Proto.App == "smtp" && r.Flow.ToClient {
			return &placeError{r.Buffers[i].Pos, "SMTP carries no files to the client"}
		}
	}
	if asked && !fileApps[r.Proto.App] {
		return faultf(start, "%s carries no files", r.Proto.App)
	}
	return nil
}
