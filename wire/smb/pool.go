package smb

import (
	"bulwark/wire"
	"bulwark/wire/spnego"
)

// Pool is what new conversations of one goroutine take their memory from. Its zero value is ready.
type Pool struct {
	Space *wire.Space   // of texts; it may be nil
	Token *spnego.Token // scratch of security tokens; made when a sign-on is met

	sessions     wire.Stock[Session]
	trees        wire.Stock[Tree]
	files        wire.Stock[File]
	sessionLists wire.Rows[*Session]
	treeLists    wire.Rows[*Tree]
	fileLists    wire.Rows[*File]
	requests     wire.Rows[request]
	names        wire.Rows[[]byte]
}

// pool is where the memory of c comes from.
func (c *Conversation) pool() *Pool {
	if c.tables.pool == nil {
		if c.tables.pool = c.Pool; c.Pool == nil {
			c.tables.pool = new(Pool)
		}
	}
	return c.tables.pool
}
