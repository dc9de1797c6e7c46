// Package rule reads traffic rules in Suricata's language: text in, typed rules out, each error with its place. What a
// rule says is kept as it was said; how it is evaluated is for the engine to decide. Source of the language: the Suricata
// User Guide, chapter "Suricata Rules" (versions 4 to 9: the older names of keywords, which modify the content before
// them, mean the same as the newer ones, which name a buffer for what follows).
package rule

import (
	"net/netip"

	"bulwark/detect/signature/internal/field"
	"bulwark/wire"
)

// Pos is a place in a rule file. Lines and columns count from 1, columns in bytes.
type Pos struct {
	File         string
	Line, Column int
}

// Action is what a rule asks for. The zero value alerts.
type Action uint8

// Actions of Suricata. This program does not stand in the traffic's way: what drops or rejects is told as an alert with
// that action.
const (
	Alert Action = iota
	Pass
	Drop
	Reject
	Config // changes what is logged, tells nothing
	Accept // of Suricata's firewall; tells nothing
)

// String is the action's word.
func (a Action) String() string {
	return [...]string{"alert", "pass", "drop", "reject", "config", "accept"}[a]
}

// Rule is one rule.
type Rule struct {
	Pos     Pos
	Text    string // as it was written, in one line
	Enabled bool   // false: commented out in its file
	Action  Action
	Scope   string // of the action in Suricata's firewall: packet, flow, hook, tx; "": not said
	Alerts  bool   // accept:hook,alert, or the keyword alert: tells of it nevertheless

	Proto       Proto
	Source      Addresses
	SourcePorts Ports
	Dest        Addresses
	DestPorts   Ports
	Both        bool // <>: either end may be the source
	Exchange    bool // =>: looks at both directions of a transaction

	Message    string
	GID        uint32 // 1 unless the rule says otherwise
	SID, Rev   uint32
	Class      string // classtype
	Priority   uint8  // 0: that of its class
	References []Pair // system and id
	Metadata   []Pair
	Target     Target // which end is attacked

	Flow    Flow
	Tests   []PacketTest // of packet and flow, in the order of the rule
	Buffers []Looked     // buffers that are looked at, in the order of the rule
	Events  []Event      // app-layer-event, decode-event, stream-event

	Bits      []Bit // flowbits, xbits, hostbits, in the order of the rule
	Ints      []Int // flowint
	Threshold *Threshold
	Detection *Threshold // detection_filter
	Tags      []Tag
	NoAlert   bool
	Silent    bool       // it matches without a word: config, and accept without alert
	Prefilter bool       // the keyword `prefilter` stands in the rule
	Store     *FileStore // filestore
	FileDir   string     // to_server or to_client: files of that direction alone (filesize:to_client,...)
	Requires  []Pair     // what version and features it asks for; the reader has checked them
	Ignored   []Pair     // keywords without effect here (replace, bypass...), name and value
}

// Pair is a name with a value.
type Pair struct{ Key, Value string }

// Proto is what a rule is about: a protocol of packets, of the transport, or of an application.
type Proto struct {
	Name      string // as it was written: tcp, tcp-pkt, http, ...
	Transport uint8  // IANA number: 6 for tcp and its kin, 17, 1, 132 (SCTP)...; 0: any
	App       string // name of the application's protocol in EVE (http, dns, tls...); "": any
	PktOnly   bool   // tcp-pkt: packets alone are looked at
	Streams   bool   // tcp-stream: the stream alone
	V4, V6    bool   // ip4/ipv4, ip6/ipv6: only those
	Decoded   bool   // pkthdr: packets that could not be decoded, too
	Hook      string // http1:request_line: the state of a transaction, or of a packet, that the rule waits for
}

// Addresses is a set of addresses, variables resolved: in one of In (any where In is empty) and in none of Out. Parse
// gives sorted ranges that do not touch, and Out only where In is empty: [10.0.0.0/8,!10.1.0.0/16] is two ranges of In.
type Addresses struct{ In, Out []Range }

// Any reports whether all addresses are in a.
func (a *Addresses) Any() bool { return len(a.In) == 0 && len(a.Out) == 0 }

// Range is addresses from First to Last of one family.
type Range struct{ First, Last netip.Addr }

// Ports is a set of ports, as Addresses.
type Ports struct{ In, Out []PortRange }

// Any reports whether all ports are in p.
func (p *Ports) Any() bool { return len(p.In) == 0 && len(p.Out) == 0 }

// PortRange is ports from First to Last.
type PortRange struct{ First, Last uint16 }

// Target is the end that a rule says is attacked.
type Target uint8

// Ends of a flow.
const (
	NoTarget Target = iota
	SourceEnd
	DestEnd
)

// Flow is what `flow:` asks for. Its zero value asks for nothing.
type Flow struct {
	ToServer, ToClient          bool
	Established, NotEstablished bool
	Stateless                   bool
	OnlyStream, NoStream        bool
	OnlyFrag, NoFrag            bool
}

// Looked is a buffer with what must hold of it, in order. A list field (field.Many) holds when all tests hold of one of
// its values.
type Looked struct {
	Field      *field.Field // nil: the payload
	Frame      string       // of the field frame: which one (http1.request, tls.pdu...)
	Dir        wire.Dir     // in which it is looked at: that of the field, or what the rule says behind it; Either: both
	Transforms []Transform
	Tests      []Test
	Pick       *Pick // of an Integer field with several numbers: which of them; nil: any
	Pos        Pos
}

// Pick says of which of several numbers the tests must hold.
type Pick struct {
	Mode     PickMode
	At       int    // index, from the end where negative
	Times    Number // of PickTimes: how many of them
	Sliced   bool   // only those from From up to and without To count, both from the end where negative
	From, To int
}

// PickMode is how a Pick chooses. The zero value takes any of them.
type PickMode uint8

// Modes of a Pick.
const (
	PickAny         PickMode = iota
	PickAll                  // all, and there is one
	PickAllOrAbsent          // all, or there is none
	PickOrAbsent             // any, or there is none
	PickTimes                // as many as Times says
	PickAt                   // that at At
	PickAtOrBeyond           // that at At, or there is none at At
	PickCount                // the tests are asked of how many there are
)

// Transform changes a buffer before it is looked at.
type Transform struct {
	Name  string // to_lowercase, dotprefix, strip_whitespace, url_decode, xor, to_md5, from_base64, pcrexform...
	Value string // what follows the colon, unquoted
}

// Test is one of *Content, *PCRE, *DataAt, *Size, *ByteTest, *ByteJump, *ByteExtract, *ByteMath, *Base64Decode, *ASN1,
// *Dataset, *Number, *Own, *Absent, *Entropy, *Lua.
type Test interface{ test() }

// Amount is a number, or the name of a variable that byte_extract or byte_math has set. Its zero value is absent.
type Amount struct {
	Set  bool
	N    int
	Name string // of the variable; "": N counts
}

// Content is bytes that must be there, or must not.
type Content struct {
	Bytes              []byte
	Not                bool
	Fold               bool // nocase
	Raw                bool // rawbytes
	Offset, Depth      Amount
	Distance, Within   Amount
	StartsWith, AtEnd  bool
	Fast, FastOnly     bool // fast_pattern, fast_pattern:only
	ChopFrom, ChopSize int  // fast_pattern:FROM,SIZE; ChopSize 0: whole
	Pos                Pos
}

// PCRE is an expression that must match, or must not.
type PCRE struct {
	Expr     string
	Flags    string // of PCRE alone: i s m x A E G
	Relative bool   // R
	Raw      bool   // B
	Not      bool
	Captures []Capture
	Pos      Pos
}

// Capture stores a group of an expression (pcre:"/(.)/, flow:name" or (?P<flow_name>...)).
type Capture struct{ Scope, Name string } // scope: pkt or flow; or alert, key and value

// DataAt is isdataat.
type DataAt struct {
	At       Amount
	Not      bool
	Relative bool
	Raw      bool
}

// Number is what must hold of a number: one of its ranges, a bit mask, or none.
type Number struct {
	Not bool
	Op  Op
	A   uint64 // operand; of Within the lower bound, of Mask what must remain
	B   uint64 // of Within the upper bound, of Mask the mask
	Var string // operand is a variable's; "": A counts
}

// Op compares numbers.
type Op uint8

// Comparisons. Between excludes both bounds, Within includes them.
const (
	Equal Op = iota
	NotEqual
	Less
	LessEqual
	Greater
	GreaterEqual
	Between
	Within
	Mask    // A == value & B
	NotMask // A != value & B
	BitAnd  // value & A != 0
	BitNand // value & A == 0
)

// Size is bsize, and urilen: the length of the buffer.
type Size struct{ Number }

// Absent asks that a buffer is not there; Or: that it is not, or that the tests behind it hold.
type Absent struct{ Or bool }

// Bytes says how a number is read out of a buffer.
type Bytes struct {
	Count      Amount // bytes (or digits of a string) to read; 1 to 8, a string to 23
	Offset     Amount
	Relative   bool
	Little     bool
	DCE        bool // byte order of the DCE/RPC header
	Text       bool // digits rather than binary
	Base       int  // of Text: 8, 10, 16; 0: from the text itself
	BitMask    uint64
	HasMask    bool
	Multiplier uint64 // 0: 1
}

// ByteTest is byte_test.
type ByteTest struct {
	Bytes
	Not   bool
	Op    Op
	Value Amount
	Wide  uint64 // value where it is beyond int
}

// ByteJump is byte_jump.
type ByteJump struct {
	Bytes
	Align         bool
	FromBeginning bool
	FromEnd       bool
	PostOffset    Amount
}

// ByteExtract is byte_extract.
type ByteExtract struct {
	Bytes
	Name  string
	Align int // 0, 2 or 4
}

// ByteMath is byte_math.
type ByteMath struct {
	Bytes
	Operator string // + - * / << >>
	Value    Amount
	Result   string
}

// Base64Decode is base64_decode; what follows base64_data looks at its result (field base64_data).
type Base64Decode struct {
	Count    int // bytes to decode at most; 0: all
	Offset   int
	Relative bool
}

// ASN1 is asn1.
type ASN1 struct {
	BitstringOverflow, DoubleOverflow bool
	Oversize                          uint64 // 0: not asked
	Offset                            int
	HasOffset, Relative               bool
}

// Dataset is dataset and datarep.
type Dataset struct {
	Command  string // isset, isnotset, set, unset; "": datarep
	Name     string
	Type     string // string, md5, sha256, ipv4, ip; "": as defined elsewhere
	Load     string // file
	Save     string
	State    string  // file to load from and save to
	Rep      *Number // datarep
	Memory   uint64  // bytes; 0: the default
	HashSize uint64
	Pairs    []Pair // format, value_key, context_key, array_key, match, remove_key...
}

// Own is a keyword with a syntax of its own, asked of the field of its group: tls.version with several versions, ssl_state,
// dcerpc.iface, modbus, dnp3_ind, ike.chosen_sa_attribute...
type Own struct {
	Name    string
	Not     bool
	Text    string   // what follows the colon
	Words   []string // its parts
	Numbers []Number // alternatives, where it is of numbers: one of them must hold
}

// Entropy is the keyword entropy: Shannon's, in bits a byte.
type Entropy struct {
	Count, Offset int
	Op            Op
	Value, Upper  float64
}

// Lua names a script, which is not run.
type Lua struct{ Script string }

func (*Content) test()      {}
func (*PCRE) test()         {}
func (*DataAt) test()       {}
func (*Number) test()       {}
func (*Size) test()         {}
func (*Absent) test()       {}
func (*ByteTest) test()     {}
func (*ByteJump) test()     {}
func (*ByteExtract) test()  {}
func (*ByteMath) test()     {}
func (*Base64Decode) test() {}
func (*ASN1) test()         {}
func (*Dataset) test()      {}
func (*Entropy) test()      {}
func (*Lua) test()          {}
func (*Own) test()          {}

// PacketTest is a test of a packet or its flow that looks at no buffer: a number by its keyword, or a text.
type PacketTest struct {
	Name    string // dsize, ttl, id, flags, seq, ack, window, itype, icode, icmp_id, icmp_seq, ip_proto, fragbits, ipopts, sameip, stream_size, geoip, iprep, vlan.id, flow.age, app-layer-protocol, ...
	Numbers []Number
	Text    string   // what follows the colon where it is no number
	Words   []string // parsed words of it, where the keyword has some (stream_size: the side); app-layer-protocol: one of these
	Options []string // app-layer-protocol: final, either, both, toserver, toclient, original, exact
	Not     bool
	Pos     Pos
}

// Event is an anomaly that a rule waits for, by Suricata's name: "http.request_field_too_long", "stream.3whs_ack_in_wrong_dir",
// "ipv4.pkt_too_small".
type Event struct {
	Kind string // app-layer, decode, stream
	Name string
	Not  bool
}

// Bit is one flowbits, xbits or hostbits.
type Bit struct {
	Of     string   // flow, host_src, host_dst, host_both, ip_src, ip_dst, ip_pair, tx
	Do     string   // set, unset, toggle, isset, isnotset
	Names  []string // isset of several: one of them
	Expire uint64   // seconds; 0: the default
}

// Int is one flowint.
type Int struct {
	Name string
	Do   string // + - = > < >= <= == != isset notset
	N    uint64
	Var  string // operand; "": N
}

// Threshold is threshold, and detection_filter.
type Threshold struct {
	Limit, Threshold, Backoff bool   // of `type both` both
	Track                     string // by_src, by_dst, by_both, by_rule, by_flow
	Count, Seconds            uint32
	Multiplier                uint32
	Unique                    string // detection_filter: count distinct src_port or dst_port; "": every match
}

// Tag asks for the packets that follow: so many of what Unit counts, the one that matched among them.
type Tag struct {
	Host   bool // else the session
	ToDest bool // of Host: the destination, else the source
	Count  uint32
	Unit   string // seconds, packets, bytes
}

// maxTagged is how many packets a tag asks for at most, and where the rule does not say how many (Suricata:
// DETECT_TAG_MAX_PKTS).
const maxTagged = 256

// FileStore asks for copies of files.
type FileStore struct {
	Direction string // request, response, both, "": that of the rule
	Scope     string // file, tx, ssn, "": the file
}
