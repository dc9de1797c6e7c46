package engine

import (
	"strings"
	"testing"
)

func TestWebSocketBehindHTTP(t *testing.T) {
	ask := "GET /alarms?patient=4711 HTTP/1.1\r\nHost: monitor.example:8080\r\nOrigin: http://ward.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n"
	yes := "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: alarms.v1\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n\xc1\x03abc"
	up := "\x82\x83\x01\x02\x03\x04TIG"
	down := "\x81\x7e\x07\xd0" + strings.Repeat("secret ", 286)[:2000] + "\x88\x02\x03\xe9"
	for _, c := range []struct {
		does string
		eve  bool
		want []string
	}{
		{"its end tells what it has carried", false, []string{`"kind":"websocket"`, `"http_request.url.hostname":"monitor.example"`,
			`"http_request.origin":"http://ward.example","websocket.subprotocol":"alarms.v1","websocket.extensions":"permessage-deflate"`,
			`"websocket.messages_out":1,"websocket.messages_in":2,"websocket.bytes_out":3,"websocket.bytes_in":2003,"websocket.binary_messages":1,"websocket.close_code":1001`,
			`"app_name":"websocket"`}},
		{"EVE has each frame", true, []string{`"websocket.opcode":"binary","websocket.mask":16909060,"websocket.fin":true}`,
			`"websocket.opcode":"close","websocket.fin":true,"websocket.is_of_server":true`}},
	} {
		t.Run(c.does, func(t *testing.T) {
			got := talk(t, Options{EVE: c.eve}, ask, yes, up, down)
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("got no %s in\n%s", want, got)
				}
			}
			if strings.Contains(got, "secret") || strings.Contains(got, "TIG") {
				t.Errorf("what was said is told in\n%s", got)
			}
		})
	}
}
