package event

// RFB is how a VNC session begins (RFC 6143). The pictures and keys that follow are not read; challenge and response, by which
// passwords could be tried, are not kept.
type RFB struct {
	ServerVersion string   // version that the server offers: 003.008...
	ClientVersion string   // version that the client chose
	Offered       []string // security types that the server offers
	Security      uint64   // number of the one that was chosen, plus one
	SecurityName  string   // none, vnc, tls, vencrypt, apple...
	Subtype       uint64   // of vencrypt
	Challenged    bool     // VNC authentication was asked for
	Result        string   // OK, FAIL, TOOMANY or UNKNOWN (n); empty where none was seen
	Reason        string   // why the server refused
	Shared        string   // true or false: whether the client lets others watch; empty where it did not say
	Screen        bool     // the server has told its screen
	Width         uint64   // points
	Height        uint64   // points
	Name          string   // of the desktop
	BitsPerPixel  uint64   // bits
	Depth         uint64   // bits of colour
	BigEndian     bool     // order of the bytes of a pixel
	TrueColor     bool     // pixels are colours, not places in a table
	RedMax        uint64   // highest value of red
	GreenMax      uint64   // highest value of green
	BlueMax       uint64   // highest value of blue
	RedShift      uint64   // bits below red
	GreenShift    uint64   // bits below green
	BlueShift     uint64   // bits below blue
}

func (*RFB) Kind() Kind { return KindRFB }
func (p *RFB) fields(c *coder) {
	c.str(1, "rfb.server_version", &p.ServerVersion)
	c.str(2, "protocol_ver", &p.ClientVersion)
	c.strs(3, "rfb.offered", &p.Offered)
	c.zero(4, "rfb.security_type", &p.Security)
	c.str(5, "auth_protocol", &p.SecurityName)
	c.num(6, "rfb.security_subtype", &p.Subtype)
	c.truth(7, "rfb.is_challenged", &p.Challenged)
	c.str(8, "status", &p.Result)
	c.str(9, "status_detail", &p.Reason)
	c.str(10, "rfb.shared", &p.Shared)
	c.truth(11, "rfb.has_screen", &p.Screen)
	c.num(12, "rfb.width", &p.Width)
	c.num(13, "rfb.height", &p.Height)
	c.str(14, "rfb.name", &p.Name)
	c.num(15, "rfb.bits_per_pixel", &p.BitsPerPixel)
	c.num(16, "rfb.depth", &p.Depth)
	c.truth(17, "rfb.big_endian", &p.BigEndian)
	c.truth(18, "rfb.true_color", &p.TrueColor)
	c.num(19, "rfb.red_max", &p.RedMax)
	c.num(20, "rfb.green_max", &p.GreenMax)
	c.num(21, "rfb.blue_max", &p.BlueMax)
	c.num(22, "rfb.red_shift", &p.RedShift)
	c.num(23, "rfb.green_shift", &p.GreenShift)
	c.num(24, "rfb.blue_shift", &p.BlueShift)
}
