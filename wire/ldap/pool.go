package ldap

import (
	"bulwark/wire"
	"bulwark/wire/spnego"
)

// Pool is what new conversations of one goroutine take their memory from. Its zero value is ready.
type Pool struct {
	Space *wire.Space   // of texts; it may be nil
	Token *spnego.Token // scratch of security tokens; it may be nil

	values wire.Rows[[]byte]
	lists  wire.Rows[Attribute]
	queues wire.Rows[waiting]
}

func (p *Pool) space() *wire.Space {
	if p == nil {
		return nil
	}
	return p.Space
}

func (p *Pool) rows() *wire.Rows[[]byte] {
	if p == nil {
		return nil
	}
	return &p.values
}

func (p *Pool) attributes() *wire.Rows[Attribute] {
	if p == nil {
		return nil
	}
	return &p.lists
}

func (p *Pool) waiting() *wire.Rows[waiting] {
	if p == nil {
		return nil
	}
	return &p.queues
}
