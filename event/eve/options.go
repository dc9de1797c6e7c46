package eve

// Options choose what is written, as the section eve-log of suricata.yaml does. The zero value is what Suricata writes
// where nobody chose.
type Options struct {
	Interface string // the network interface that is watched; empty: captures are read
	Ethernet  bool   // link addresses
	Seed      uint16 // of the community id

	DNS2           bool     // DNS records in the older form, version 2
	NoDNSRequests  bool     // of DNS only responses
	NoDNSResponses bool     // of DNS only requests
	DNSTypes       []string // of DNS only questions of these types; empty: all
	NoDNSDetails   bool     // no answers one by one
	NoDNSGroups    bool     // no answers by type

	ShortDHCP bool // of DHCP only acknowledgements, and little of them: extended is off

	Anomalies []string // types of anomaly that are written: decode, stream, applayer; empty: all
	ShortIPv6 bool     // IPv6 addresses as RFC 5952 writes them
	NoZeros   bool     // no counters that are zero

	Mail        bool     // more of the heads of messages: Message-ID, Subject, programs, blind copies
	MailFields  []string // and of these fields, as suricata.yaml names them: received, date, reply-to...
	MailDigests []string // digests that are told: body, subject
	NoBodyMD5   bool     // but not of bodies
	URLSchemes  []string // schemes of the addresses that are told of messages; empty: http
	FullURLs    bool     // and the schemes themselves
	NoURLs      bool     // no addresses

	NoNotes    bool   // nothing of what rules have noted of a flow: metadata and traffic
	Ends       bool   // captures are read: what is told at no packet is told at the end of its flow
	Midstream  string // what is said to be done with connections that are met in their middle: ignore...; empty: nothing is said
	References bool   // what rules refer to
	Verdict    bool   // what became of the packet, in alerts
	XFF        string // the address that a proxy names in X-Forwarded-For, in alerts: extra-data or overwrite; empty: left out
	XFFReverse bool   // the last address of several: the proxy stands before the servers

	Records // what the sensor writes down for them
}

// Records choose what the sensor writes down for EVE of protocols of which it knows more than its events tell. The
// zero value is what Suricata does where nobody chose.
type Records struct {
	// Off are protocols that are left alone, by their names in EVE; behind a slash, tcp or udp alone: dns/udp.
	Off []string `json:"off,omitempty"`

	// Types are the event types that are written; none: all.
	Types []string `json:"types,omitempty"`

	// Hashes are the digests that are made of files: md5, sha1, sha256 (Suricata's force-hash).
	Hashes []string `json:"hashes,omitempty"`

	// Hellos writes what the hellos of TLS list, Headers all fields of the heads of HTTP; those of HTTP/2 are written always.
	Hellos  bool `json:"hellos,omitempty"`
	Headers bool `json:"headers,omitempty"`

	// Passwords writes passwords, communities and the like that crossed in clear, as Suricata does; without it a mask
	// stands in their place, and alerts about frames do not show their bytes.
	Passwords bool `json:"passwords,omitempty"`

	// Packets and Payloads write into alerts the packet that matched, and what it or its stream carries. There may be
	// anything in them.
	Packets  bool `json:"packets,omitempty"`
	Payloads bool `json:"payloads,omitempty"`

	// Tagged writes the packets that follow what a rule with tag has found, Noted those of which rules noted something.
	Tagged bool `json:"tagged,omitempty"`
	Noted  bool `json:"noted,omitempty"`
	// Begun reads only connections whose beginning was seen, as Suricata does unless stream.midstream is set; Answered
	// only those that were answered, as it does unless stream.async-oneside is set.
	Begun    bool `json:"begun,omitempty"`
	Answered bool `json:"answered,omitempty"`

	Inline      bool `json:"inline,omitempty"`       // records bear the time of the packet that was read, not of the one that acknowledged it
	FTPLine     int  `json:"ftp_line,omitempty"`     // bytes of a line of FTP that are read; 0: 4,096
	DNP3Objects int  `json:"dnp3_objects,omitempty"` // headers of objects of a message of DNP3 beyond which that is told; 0: 2,048
	MQTTText    int  `json:"mqtt_text,omitempty"`    // bytes of a text of MQTT that are written; 0: 1,024, which is the most
	MQTTLength  int  `json:"mqtt_length,omitempty"`  // bytes of a packet beyond which only its header is written; 0: 1 MiB

	// PassMiddle asks no rules about connections that are met in their middle (Suricata's stream.midstream-policy: pass-flow).
	PassMiddle bool `json:"pass_middle,omitempty"`
}
