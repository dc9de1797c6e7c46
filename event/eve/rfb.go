package eve

import (
	"strings"

	"bulwark/event"
)

func (w *Writer) rfb(p *event.RFB) {
	j := &w.j
	j.open("rfb")
	w.rfbVersion("server_protocol_version", p.ServerVersion)
	w.rfbVersion("client_protocol_version", p.ClientVersion)
	j.open("authentication")
	if p.Security != 0 {
		j.num("security_type", p.Security-1)
	}
	j.some("security_result", p.Result)
	j.close()
	j.some("server_security_failure_reason", p.Reason)
	if p.Shared != "" {
		j.truth("screen_shared", p.Shared == "true")
	}
	if p.Screen {
		w.framebuffer(p)
	}
	j.close()
}

func (w *Writer) rfbVersion(name, v string) {
	major, minor, ok := strings.Cut(v, ".")
	if !ok {
		return
	}
	w.j.open(name)
	w.j.str("major", major)
	w.j.str("minor", minor)
	w.j.close()
}

func (w *Writer) framebuffer(p *event.RFB) {
	j := &w.j
	j.open("framebuffer")
	j.num("width", p.Width)
	j.num("height", p.Height)
	j.str("name", p.Name)
	j.open("pixel_format")
	j.num("bits_per_pixel", p.BitsPerPixel)
	j.num("depth", p.Depth)
	j.truth("big_endian", p.BigEndian)
	j.truth("true_color", p.TrueColor)
	j.num("red_max", p.RedMax)
	j.num("green_max", p.GreenMax)
	j.num("blue_max", p.BlueMax)
	j.num("red_shift", p.RedShift)
	j.num("green_shift", p.GreenShift)
	j.num("blue_shift", p.BlueShift)
	j.close()
	j.close()
}
