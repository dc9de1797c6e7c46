package event

// NTP is what one side of a conversation says of the time (RFC 5905), by its first message; refusals, questions about the
// server itself (RFC 9327) and their answers are told each, up to 16 of a side. All messages are when captures are read as EVE.
type NTP struct {
	Mode          string // client, server, symmetric active, symmetric passive, broadcast, control or private
	ModeID        uint64 // the same as a number, 1 to 7
	Version       uint64 // 1 to 4
	Stratum       uint64 // 1: a clock of its own, 2 to 15: takes the time from another, 0: does not say
	ReferenceID   string // what the time comes from, in hexadecimal
	Reference     string // the same as text: GPS, the address of the server above, or RATE, DENY... of a server that refuses
	Unsynced      bool   // the clock is not synchronised
	Refused       bool   // the server refuses to answer (kiss-o'-death)
	Poll          uint64 // seconds between two messages
	RootDelay     uint64 // nanoseconds to the clock that the time comes from and back
	Dispersion    uint64 // nanoseconds that the time may be wrong
	Time          uint64 // unix nanoseconds at which the message was sent, by the sender's clock; 0 when it does not tell
	Authenticated bool   // a code that needs a key stands at the end
	KeyID         uint64 // number of the key
	Operation     string // what is asked for: read variables, monitor list...
	Answer        bool   // it answers a question about the server
	Software      string // version of the server, by its own word
	System        string // system of the server, by its own word
}

func (*NTP) Kind() Kind { return KindNTP }
func (p *NTP) fields(c *coder) {
	c.str(1, "activity_name", &p.Mode)
	c.num(2, "ntp.mode_id", &p.ModeID)
	c.num(3, "ntp.version", &p.Version)
	c.num(4, "ntp.stratum", &p.Stratum)
	c.str(5, "ntp.reference_id", &p.ReferenceID)
	c.str(6, "ntp.reference", &p.Reference)
	c.truth(7, "ntp.is_unsynchronised", &p.Unsynced)
	c.truth(8, "ntp.is_refused", &p.Refused)
	c.num(9, "ntp.poll_dur", &p.Poll)
	c.num(10, "ntp.root_delay", &p.RootDelay)
	c.num(11, "ntp.root_dispersion", &p.Dispersion)
	c.num(12, "ntp.transmit_time", &p.Time)
	c.truth(13, "ntp.is_authenticated", &p.Authenticated)
	c.num(14, "ntp.key_id", &p.KeyID)
	c.str(15, "ntp.operation", &p.Operation)
	c.truth(16, "ntp.is_response", &p.Answer)
	c.str(17, "ntp.software", &p.Software)
	c.str(18, "ntp.system", &p.System)
}
