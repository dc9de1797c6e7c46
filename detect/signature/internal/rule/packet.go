package rule

import (
	"strings"
)

// header is a number of a packet or a flow: how wide it is, and the names of its values.
type headerNumber struct {
	bits  int
	names map[string]uint64
}

// headerNumbers are the keywords of numbers of packets and flows.
var headerNumbers = map[string]headerNumber{
	"ttl": {8, nil}, "id": {16, nil}, "fragoffset": {16, nil}, "seq": {32, nil}, "ack": {32, nil}, "tcp.seq": {32, nil}, "tcp.ack": {32, nil},
	"window": {16, nil}, "tcp.window": {16, nil}, "tcp.wscale": {8, nil}, "tcp.mss": {16, nil},
	"itype": {8, nil}, "icode": {8, nil}, "icmp_id": {16, nil}, "icmp_seq": {16, nil}, "icmpv6.mtu": {32, nil},
	"ip_proto": {8, ipProtocols}, "tos": {8, nil}, "dsize": {16, nil},
	"flow.age": {32, nil}, "flow.pkts_toclient": {32, nil}, "flow.pkts_toserver": {32, nil},
	"flow.bytes_toclient": {64, nil}, "flow.bytes_toserver": {64, nil}, "vlan.layers": {8, nil},
	"sctp.chunk_cnt": {8, nil}, "sctp.vtag": {32, nil}, "sctp.chunk_type": {8, sctpChunks}, "igmp.type": {8, nil},
}

// sctpChunks are the types of chunks of SCTP (RFC 9260 section 3.2).
var sctpChunks = map[string]uint64{
	"data": 0, "init": 1, "init_ack": 2, "sack": 3, "heartbeat": 4, "heartbeat_ack": 5, "abort": 6, "shutdown": 7, "shutdown_ack": 8,
	"error": 9, "cookie_echo": 10, "cookie_ack": 11, "ecne": 12, "cwr": 13, "shutdown_complete": 14, "auth": 15, "i_data": 64,
	"asconf_ack": 128, "re_config": 130, "pad": 132, "forward_tsn": 192, "asconf": 193, "i_forward_tsn": 194,
}

var ipProtocols = map[string]uint64{
	"ip": 0, "hopopt": 0, "icmp": 1, "igmp": 2, "ggp": 3, "ipip": 4, "ipencap": 4, "st": 5, "tcp": 6, "egp": 8, "igp": 9, "pup": 12, "udp": 17,
	"hmp": 20, "xns-idp": 22, "rdp": 27, "iso-tp4": 29, "dccp": 33, "xtp": 36, "ddp": 37, "idpr-cmtp": 38, "ipv6": 41, "ipv6-route": 43,
	"ipv6-frag": 44, "idrp": 45, "rsvp": 46, "gre": 47, "esp": 50, "ipsec-esp": 50, "ah": 51, "ipsec-ah": 51, "skip": 57, "ipv6-icmp": 58,
	"icmpv6": 58, "ipv6-nonxt": 59, "ipv6-opts": 60, "rspf": 73, "vmtp": 81, "eigrp": 88, "ospf": 89, "ospfigp": 89, "ax.25": 93,
	"etherip": 97, "encap": 98, "pim": 103, "ipcomp": 108, "vrrp": 112, "l2tp": 115, "isis": 124, "sctp": 132, "fc": 133,
	"mobility-header": 135, "udplite": 136, "mpls-in-ip": 137, "manet": 138, "hip": 139, "shim6": 140, "wesp": 141, "rohc": 142,
}

// test adds a test of packet or flow under the name of its keyword.
func (b *builder) test(t PacketTest) {
	t.Pos = b.line.pos(b.at)
	if t.Name == "" {
		t.Name = b.option
	}
	b.rule.Tests = append(b.rule.Tests, t)
}

// packetNumber is a keyword that compares a number.
func (b *builder) packetNumber(v value) error {
	h := headerNumbers[b.option]
	w := v
	if strings.HasPrefix(w.text, `"`) {
		var err error
		if w, _, err = w.unquoted(); err != nil {
			return err
		}
	}
	if b.option == "tos" && strings.HasPrefix(w.text, "x") { // x88 of Snort
		w.text = "0" + w.text
	}
	n, err := b.number(w, h.bits, h.names)
	if err != nil {
		return err
	}
	b.test(PacketTest{Numbers: []Number{n}, Text: v.text})
	return nil
}

// packetWords is a keyword with words behind it, that commas separate.
func (b *builder) packetWords(v value) error {
	t := PacketTest{Text: v.text}
	w := v
	if strings.HasPrefix(w.text, "!") {
		t.Not = true
		w = w.skip(1)
	}
	for _, p := range w.split(',', -1) {
		if p.text == "" {
			return faultf(p.at, "%s: nothing stands between the commas", b.option)
		}
		t.Words = append(t.Words, p.text)
	}
	b.test(t)
	return nil
}

// packetMark is a keyword without a value.
func (b *builder) packetMark(value) error {
	b.test(PacketTest{})
	return nil
}

// tcpFlags are the letters of flags: FIN to CWR; 1 and 2 are Snort's names of CWR and ECE.
var tcpFlags = map[byte]uint64{
	'F': 0x01, 'S': 0x02, 'R': 0x04, 'P': 0x08, 'A': 0x10, 'U': 0x20, 'E': 0x40, 'C': 0x80, '2': 0x40, '1': 0x80,
}

// flags reads [modifier]FLAGS[,IGNORED].
func (b *builder) flags(v value) error {
	parts := v.split(',', 2)
	op, letters := modifier(parts[0].text, "+*!")
	set, err := b.letters(value{text: letters, at: parts[0].at}, tcpFlags)
	if err != nil {
		return err
	}
	ignored := uint64(0)
	if len(parts) == 2 {
		if ignored, err = b.letters(parts[1], tcpFlags); err != nil {
			return err
		}
	}
	b.test(PacketTest{Name: "flags", Text: v.text, Numbers: []Number{bitTest(op, set&^ignored, 0xff&^ignored)}})
	return nil
}

// modifier takes one of the modifiers off a list of letters; it may stand at either end.
func modifier(s, known string) (op byte, letters string) {
	s = strings.TrimSpace(s)
	if s != "" && strings.IndexByte(known, s[0]) >= 0 {
		return s[0], strings.TrimSpace(s[1:])
	}
	if s != "" && strings.IndexByte(known, s[len(s)-1]) >= 0 {
		return s[len(s)-1], strings.TrimSpace(s[:len(s)-1])
	}
	return 0, s
}

// bitTest is what a modifier asks of the bits of set, among those of all: these alone; + these and perhaps more; * any of
// these; ! not all of these.
func bitTest(op byte, set, all uint64) Number {
	switch op {
	case '+':
		return Number{Op: Mask, A: set, B: set}
	case '*':
		return Number{Op: BitAnd, A: set}
	case '!', '-':
		return Number{Op: NotMask, A: set, B: set}
	}
	return Number{Op: Mask, A: set, B: all}
}

// letters reads a set of letters; 0 is none of them.
func (b *builder) letters(v value, known map[byte]uint64) (set uint64, err error) {
	if v.text == "0" {
		return 0, nil
	}
	if v.text == "" {
		return 0, faultf(v.at, "%s names no flag", b.option)
	}
	for i := 0; i < len(v.text); i++ {
		c := v.text[i]
		if c == ' ' || c == ',' {
			continue
		}
		bit, ok := known[c&^0x20]
		if !ok {
			bit, ok = known[c]
		}
		if !ok {
			return 0, faultf(v.at+i, "%s knows no flag %q", b.option, c)
		}
		set |= bit
	}
	return set, nil
}

// fragBits are the three bits before the fragment offset, as the number that they make.
var fragBits = map[byte]uint64{'M': 1, 'D': 2, 'R': 4}

func (b *builder) fragbits(v value) error {
	op, letters := modifier(v.text, "+*!-")
	set, err := b.letters(value{text: letters, at: v.at}, fragBits)
	if err != nil {
		return err
	}
	b.test(PacketTest{Text: v.text, Numbers: []Number{bitTest(op, set, 7)}})
	return nil
}

var ipOptions = map[string]bool{
	"rr": true, "eol": true, "nop": true, "ts": true, "sec": true, "esec": true, "lsrr": true, "lsrre": true, "ssrr": true, "satid": true,
	"any": true, "cipso": true, "rtralt": true, "qs": true,
}

func (b *builder) ipopts(v value) error {
	if !ipOptions[strings.ToLower(v.text)] {
		return faultf(v.at, "ipopts knows no %q", cutWord(v.text))
	}
	b.test(PacketTest{Text: strings.ToLower(v.text), Words: []string{strings.ToLower(v.text)}})
	return nil
}

// streamSize reads SIDE,COMPARISON,BYTES.
func (b *builder) streamSize(v value) error {
	parts := v.split(',', -1)
	if len(parts) < 3 {
		return faultf(v.at, "stream_size is a side, a comparison and a number of bytes, with commas between")
	}
	side := parts[0].text
	if side != "server" && side != "client" && side != "both" && side != "either" {
		return faultf(parts[0].at, "stream_size: a side is server, client, both or either, not %q", cutWord(side))
	}
	n, err := b.number(value{text: parts[1].text + parts[2].text, at: parts[2].at}, 32, nil)
	if err != nil || !strings.Contains("= != > >= < <=", parts[1].text) || parts[1].text == "" {
		return cmpErr(err, parts[1].at, "stream_size knows no comparison %q", cutWord(parts[1].text))
	}
	b.test(PacketTest{Text: v.text, Words: []string{side}, Numbers: []Number{n}})
	return nil
}

// sided reads DIRECTION,NUMBER of flow.pkts and flow.bytes.
func (b *builder) sided(v value) error {
	parts := v.split(',', 2)
	if len(parts) != 2 {
		return faultf(v.at, "%s is a direction and a number with a comma between", b.option)
	}
	switch parts[0].text {
	case "toclient", "toserver", "both", "either":
	default:
		return faultf(parts[0].at, "%s: a direction is toclient, toserver, both or either, not %q", b.option, cutWord(parts[0].text))
	}
	n, err := b.number(parts[1], 64, nil)
	if err != nil {
		return err
	}
	b.test(PacketTest{Text: v.text, Words: []string{parts[0].text}, Numbers: []Number{n}})
	return nil
}

// vlanID reads NUMBER[,LAYER]; no layer: any of them.
func (b *builder) vlanID(v value) error {
	parts := v.split(',', 2)
	t := PacketTest{Text: v.text}
	n, err := b.number(parts[0], 16, nil)
	if err != nil {
		return err
	}
	t.Numbers = []Number{n}
	if len(parts) == 2 {
		t.Words = []string{parts[1].text}
	}
	b.test(t)
	return nil
}

// checksum reads valid or invalid.
func (b *builder) checksum(v value) error {
	w, _, err := v.unquoted()
	if err != nil {
		return err
	}
	if w.text != "valid" && w.text != "invalid" {
		return faultf(v.at, "%s is valid or invalid, not %q", b.option, cutWord(w.text))
	}
	b.test(PacketTest{Text: w.text})
	return nil
}
