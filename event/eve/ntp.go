package eve

import "bulwark/event"

func (w *Writer) ntp(p *event.NTP) {
	j := &w.j
	j.open("ntp")
	j.num("version", p.Version)
	j.num("mode", p.ModeID)
	j.num("stratum", p.Stratum)
	j.some("reference_id", p.ReferenceID)
	j.close()
}
