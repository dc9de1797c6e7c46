package enip

import "bulwark/wire"

// Pool is what new conversations of one goroutine take their memory from. Its zero value is ready.
type Pool struct {
	Space *wire.Space // of requests; it may be nil

	lists    wire.Rows[*request]
	requests wire.Stock[request]
}

func (c *Conversation) pool() *Pool {
	if c.Pool == nil {
		c.Pool = new(Pool)
	}
	return c.Pool
}
