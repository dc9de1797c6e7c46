package smb

import (
	"bulwark/wire/kerberos"
	"bulwark/wire/ntlm"
	"bulwark/wire/spnego"
)

// readToken reads a security token and says whether there is one.
func (c *Conversation) readToken(p []byte) bool {
	if len(p) == 0 {
		return false
	}
	if c.tables.pool.Token == nil {
		c.tables.pool.Token = new(spnego.Token)
	}
	return spnego.Parse(p, c.token()) == nil
}

// token is the security token that was read last.
func (c *Conversation) token() *spnego.Token { return c.tables.pool.Token }

// client takes over what the client's token shows, and says whether that is who it is.
func (s *Session) client(t *spnego.Token) (proves bool) {
	switch t.Inner {
	case spnego.NTLM:
		s.Mechanism = spnego.NTLM
		m := &t.NTLM
		s.ClientVersion = m.Version
		if m.Kind != ntlm.Authenticate {
			return false
		}
		s.forget() // the last round is the one that counts
		t := s.clientText
		t, s.Domain = keep(t, m.Domain)
		t, s.User = keep(t, m.User)
		t, s.Workstation = keep(t, m.Workstation)
		s.clientText, s.SPN = keep(t, m.SPN)
		s.Scheme = m.Scheme
		return true
	case spnego.Kerberos:
		if t.Kerberos.Type != kerberos.APReq {
			return false
		}
		s.Mechanism = spnego.Kerberos
		s.forget()
		text := s.clientText
		text, s.Realm = keep(text, t.Kerberos.Ticket.Realm)
		s.clientText, s.Service = keep(text, t.Kerberos.Ticket.Server.Name)
		s.Ticket = t.Kerberos.Ticket.Sealed
		return true
	}
	return false
}

// forget drops what an earlier token of the client has shown.
func (s *Session) forget() {
	s.User, s.Domain, s.Workstation, s.SPN, s.Realm, s.Service = nil, nil, nil, nil, nil, nil
	s.Ticket, s.clientText = kerberos.Sealed{}, s.clientText[:0]
}

// server takes over what the server's token shows.
func (s *Session) server(t *spnego.Token) {
	if t.Chosen != spnego.None && s.Mechanism == spnego.None {
		s.Mechanism = t.Chosen
	}
	if t.Inner == spnego.NTLM && t.NTLM.Kind == ntlm.Challenge {
		s.Mechanism = spnego.NTLM
		s.ServerVersion = t.NTLM.Version
		s.names(t.NTLM.Server)
	}
}

// names keeps the names of a server.
func (s *Session) names(n ntlm.Server) {
	t := s.serverText[:0]
	t, s.Server.NetBIOSComputer = keep(t, n.NetBIOSComputer)
	t, s.Server.NetBIOSDomain = keep(t, n.NetBIOSDomain)
	t, s.Server.DNSComputer = keep(t, n.DNSComputer)
	t, s.Server.DNSDomain = keep(t, n.DNSDomain)
	s.serverText, s.Server.DNSForest = keep(t, n.DNSForest)
}

// keep appends a copy of p to text, and returns both.
func keep(text, p []byte) (all, kept []byte) {
	start := len(text)
	text = append(text, p...)
	return text, text[start:len(text):len(text)]
}
