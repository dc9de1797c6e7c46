package rule

import (
	"bulwark/detect/signature/internal/field"
	"bulwark/wire"
)

// finish checks the rule as a whole.
func (b *builder) finish(start int) error {
	r := b.rule
	b.at = start
	if r.SID == 0 {
		return faultf(start, "the rule has no sid")
	}
	if err := b.closeSticky(); err != nil {
		return err
	}
	for _, g := range b.buffers {
		if len(g.Tests) > 0 {
			r.Buffers = append(r.Buffers, g.Looked)
		}
	}
	r.Silent = !r.Alerts && (r.Action == Config || r.Action == Accept)
	return b.validate(start)
}

// directions checks that buffers of both directions are not asked for at once.
func (b *builder) directions(start int) error {
	r := b.rule
	if r.Exchange {
		return nil
	}
	var server, client *field.Field
	if r.Flow.ToServer {
		server = &field.Field{Name: "flow:to_server"}
	}
	if r.Flow.ToClient {
		client = &field.Field{Name: "flow:to_client"}
	}
	for i := range r.Buffers {
		f := r.Buffers[i].Field
		if f == nil {
			continue
		}
		switch r.Buffers[i].Dir {
		case wire.ToServer:
			server = f
		case wire.ToClient:
			client = f
		}
		if server != nil && client != nil {
			return faultf(start, "the rule asks for %s (to the server) and %s (to the client) at once", server.Name, client.Name)
		}
	}
	return nil
}
