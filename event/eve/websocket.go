package eve

import "bulwark/event"

func (w *Writer) websocket(p *event.WebSocket) {
	j := &w.j
	j.open("websocket")
	j.truth("fin", p.Fin)
	if p.Mask > 0 {
		j.num("mask", p.Mask-1)
	}
	j.str("opcode", p.Opcode)
	j.close()
}
