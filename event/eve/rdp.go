package eve

import "bulwark/event"

func (w *Writer) rdp(p *event.RDP) {
	j := &w.j
	j.open("rdp")
	j.num("tx_id", p.TxID-1)
	j.str("event_type", p.Activity)
	j.some("cookie", p.Cookie)
	j.list("flags", p.Flags)
	j.list("server_supports", p.Supports)
	j.some("protocol", p.Protocol)
	if p.Error != 0 {
		j.num("error_code", p.Error)
		j.str("reason", p.Reason)
	}
	if p.Activity == "connect_request" {
		w.rdpClient(p)
		j.list("channels", p.Channels)
	}
	j.close()
}

func (w *Writer) rdpClient(p *event.RDP) {
	j := &w.j
	j.open("client")
	j.str("version", p.Version)
	j.num("desktop_width", p.Width)
	j.num("desktop_height", p.Height)
	j.count("color_depth", p.Depth)
	j.str("keyboard_layout", p.Keyboard)
	j.str("build", p.Build)
	j.some("client_name", p.ClientName)
	j.some("keyboard_type", p.KeyType)
	j.count("keyboard_subtype", p.KeySubtype)
	j.count("function_keys", p.FuncKeys)
	j.some("ime", p.IME)
	if p.Product != 0 {
		j.num("product_id", p.Product-1)
	}
	j.count("serial_number", p.Serial)
	j.list("capabilities", p.Caps)
	j.some("id", p.ClientID)
	j.some("connection_hint", p.Hint)
	j.count("physical_width", p.PhysWidth)
	j.count("physical_height", p.PhysHeight)
	if p.Orientation != 0 {
		j.num("desktop_orientation", p.Orientation-1)
	}
	j.count("scale_factor", p.Scale)
	j.count("device_scale_factor", p.DeviceScale)
	j.close()
}
