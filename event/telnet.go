package event

// Telnet is a telnet connection up to its sign-on (RFC 854): everything in it crosses the wire in clear. Passwords are never
// kept; attempts to sign on are events of their own (auth).
type Telnet struct {
	Banner    string // what the machine said before the first prompt; its name where that stands on the same line
	Terminal  string // type of the terminal
	Prompts   uint64 // prompts for a name or a password
	SignOns   uint64 // attempts to sign on
	Sealed    bool   // both sides agreed on encryption; nothing more can be read
	Cleartext bool   // a password crossed the wire in clear
}

func (*Telnet) Kind() Kind { return KindTelnet }
func (p *Telnet) fields(c *coder) {
	c.str(1, "telnet.banner", &p.Banner)
	c.str(2, "telnet.terminal", &p.Terminal)
	c.num(3, "telnet.prompt_count", &p.Prompts)
	c.num(4, "telnet.sign_on_count", &p.SignOns)
	c.truth(5, "telnet.is_sealed", &p.Sealed)
	c.truth(6, "is_cleartext", &p.Cleartext)
}
