package dcerpc

import (
	"bulwark/wire"
	"bulwark/wire/spnego"
)

// Pool is what new conversations of one goroutine take their memory from. Its zero value is ready.
type Pool struct {
	Space *wire.Space   // of texts; it may be nil
	Token *spnego.Token // scratch of security tokens; made when a sign-on is met

	contexts wire.Rows[Context]
}

// pool is where the memory of c comes from.
func (c *Conversation) pool() *Pool {
	if c.Pool == nil {
		c.Pool = new(Pool)
	}
	return c.Pool
}

// token is the scratch of security tokens.
func (p *Pool) token() *spnego.Token {
	if p.Token == nil {
		p.Token = new(spnego.Token)
	}
	return p.Token
}
