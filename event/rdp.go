package event

// RDP is one step of how a Remote Desktop connection begins ([MS-RDPBCGR]), until it is encrypted. No password is ever kept.
type RDP struct {
	Activity    string   // initial_request, initial_response, connect_request or connect_response
	TxID        uint64   // place of the step in the connection, from 0, plus one
	Cookie      string   // user that the client names to a load balancer, shortened by most clients
	Token       string   // routing token of a load balancer
	Offered     []string // security that the client can do: rdp, ssl, hybrid, rds_tls, hybrid_ex, rds_aad
	Flags       []string // flags of the request
	Supports    []string // what the server supports
	Protocol    string   // security that the server chose
	Error       uint64   // why it refused, as a number
	Reason      string   // why it refused
	Version     string   // of the protocol, by the client
	Width       uint64   // of the desktop, in points
	Height      uint64   // of the desktop, in points
	Depth       uint64   // bits of colour
	Keyboard    string   // layout of the keyboard: en-US
	Build       string   // Windows of the client: Windows 10 RS5
	BuildID     uint64   // its number
	ClientName  string   // name of the client's computer, by its own word
	KeyType     string   // type of the keyboard
	KeySubtype  uint64   // subtype of the keyboard
	FuncKeys    uint64   // function keys
	IME         string   // input method
	Product     uint64   // product id of the client, plus one
	Serial      uint64   // serial number of the client
	Caps        []string // early capabilities
	ClientID    string   // product id of the client's Windows
	Hint        string   // how the client is connected: lan, wan, modem...
	PhysWidth   uint64   // of the screen, in millimetres
	PhysHeight  uint64   // of the screen, in millimetres
	Orientation uint64   // of the screen, in degrees, plus one
	Scale       uint64   // percent
	DeviceScale uint64   // percent
	Channels    []string // static virtual channels: rdpdr, cliprdr...
	Encryption  uint64   // method of the old security that the server chose: 1 40 bits, 2 128 bits, 8 56 bits, 16 FIPS; plus one
	Level       uint64   // level of the old security, plus one
}

func (*RDP) Kind() Kind { return KindRDP }
func (p *RDP) fields(c *coder) {
	c.str(1, "activity_name", &p.Activity)
	c.zero(2, "rdp.transaction_uid", &p.TxID)
	c.str(3, "rdp.cookie", &p.Cookie)
	c.str(4, "rdp.token", &p.Token)
	c.strs(5, "rdp.offered", &p.Offered)
	c.strs(6, "rdp.flags", &p.Flags)
	c.strs(7, "rdp.server_supports", &p.Supports)
	c.str(8, "rdp.protocol", &p.Protocol)
	c.num(9, "rdp.error_code", &p.Error)
	c.str(10, "status_detail", &p.Reason)
	c.str(11, "protocol_ver", &p.Version)
	c.num(12, "rdp.desktop_width", &p.Width)
	c.num(13, "rdp.desktop_height", &p.Height)
	c.num(14, "rdp.color_depth", &p.Depth)
	c.str(15, "rdp.keyboard_layout", &p.Keyboard)
	c.str(16, "rdp.build", &p.Build)
	c.num(17, "rdp.build_id", &p.BuildID)
	c.str(18, "src_endpoint.hostname", &p.ClientName)
	c.str(19, "rdp.keyboard_type", &p.KeyType)
	c.num(20, "rdp.keyboard_subtype", &p.KeySubtype)
	c.num(21, "rdp.function_keys", &p.FuncKeys)
	c.str(22, "rdp.ime", &p.IME)
	c.zero(23, "rdp.product_id", &p.Product)
	c.num(24, "rdp.serial_number", &p.Serial)
	c.strs(25, "rdp.capabilities", &p.Caps)
	c.str(26, "rdp.client_id", &p.ClientID)
	c.str(27, "rdp.connection_hint", &p.Hint)
	c.num(28, "rdp.physical_width", &p.PhysWidth)
	c.num(29, "rdp.physical_height", &p.PhysHeight)
	c.zero(30, "rdp.desktop_orientation", &p.Orientation)
	c.num(31, "rdp.scale_factor", &p.Scale)
	c.num(32, "rdp.device_scale_factor", &p.DeviceScale)
	c.strs(33, "rdp.channels", &p.Channels)
	c.zero(34, "rdp.encryption_method", &p.Encryption)
	c.zero(35, "rdp.encryption_level", &p.Level)
}
