package event

// Packet is a packet of which traffic rules speak, when captures are read as EVE.
type Packet struct {
	Noted  bool   // a rule has noted something of it; otherwise it follows what a rule with tag has found
	Record string // its bytes, as EVE has them: an object of JSON; "": they are not told
}

func (*Packet) Kind() Kind { return KindPacket }
func (p *Packet) fields(c *coder) {
	c.truth(1, "packet.is_noted", &p.Noted)
	c.str(2, "packet.record", &p.Record)
}
