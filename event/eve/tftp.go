package eve

import "bulwark/event"

func (w *Writer) tftp(p *event.TFTP) {
	j := &w.j
	j.open("tftp")
	j.str("packet", p.Activity)
	j.some("file", p.File)
	j.some("mode", p.Mode)
	j.close()
}
