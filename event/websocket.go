package event

// WebSocket is what one WebSocket connection has carried, told at its end; when EVE is written one of its frames. What
// is said in it is never told.
type WebSocket struct {
	Host        string // the host asked for
	URL         string // path and query as sent, patient identifiers replaced
	Origin      string // the page that opened it, by the browser's word
	Subprotocol string // what both sides agreed to speak in it
	Extensions  string // extensions that both sides agreed on: permessage-deflate
	MessagesOut uint64 // messages of the client
	MessagesIn  uint64 // messages of the server
	BytesOut    uint64 // bytes in them
	BytesIn     uint64 // bytes in them
	Binary      uint64 // messages of both that are not text
	CloseCode   uint64 // why it was closed (RFC 6455 §7.4); 0 when that was not said

	Opcode string // of the frame: text, binary, ping...; when EVE is written
	Mask   uint64 // what the frame is masked with, and one; 0: nothing
	Fin    bool   // the frame is the last of its message
	Server bool   // the server sent the frame
}

func (*WebSocket) Kind() Kind { return KindWebSocket }
func (p *WebSocket) fields(c *coder) {
	c.str(1, "http_request.url.hostname", &p.Host)
	c.str(2, "http_request.url.path", &p.URL)
	c.str(3, "http_request.origin", &p.Origin)
	c.str(4, "websocket.subprotocol", &p.Subprotocol)
	c.str(5, "websocket.extensions", &p.Extensions)
	c.num(6, "websocket.messages_out", &p.MessagesOut)
	c.num(7, "websocket.messages_in", &p.MessagesIn)
	c.num(8, "websocket.bytes_out", &p.BytesOut)
	c.num(9, "websocket.bytes_in", &p.BytesIn)
	c.num(10, "websocket.binary_messages", &p.Binary)
	c.num(11, "websocket.close_code", &p.CloseCode)
	c.str(12, "websocket.opcode", &p.Opcode)
	c.zero(13, "websocket.mask", &p.Mask)
	c.truth(14, "websocket.fin", &p.Fin)
	c.truth(15, "websocket.is_of_server", &p.Server)
}
