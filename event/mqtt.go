package event

// MQTT is a packet of an MQTT connection with what answered it (OASIS MQTT 5.0). Payloads and passwords are not kept.
type MQTT struct {
	Activity   string   // connect, publish, subscribe, unsubscribe, disconnect, auth; in EVE any packet
	Version    string   // 3.1, 3.1.1 or 5; empty when the connect was not seen
	ClientID   string   // of a connect
	User       string   // of a connect
	Cleartext  bool     // a connect carried a password in clear
	KeepAlive  uint64   // of a connect, seconds
	Topics     []string // that are published on, subscribed to or given up; of a connect that of its will
	QoS        uint64   // quality of service, 0 to 2
	Retain     bool     // the broker is to keep the message
	PacketID   uint64   // packet identifier
	Size       uint64   // of a message, bytes
	Code       uint64   // reason or return code of the answer plus one; 0: none
	Reason     string   // the code in words
	FromServer bool     // the broker sent it
	Record     string   // the packets as EVE's object has them, JSON; when EVE is written
}

func (*MQTT) Kind() Kind { return KindMQTT }
func (p *MQTT) fields(c *coder) {
	c.str(1, "activity_name", &p.Activity)
	c.str(2, "protocol_ver", &p.Version)
	c.str(3, "mqtt.client_uid", &p.ClientID)
	c.str(4, "user.name", &p.User)
	c.truth(5, "is_cleartext", &p.Cleartext)
	c.num(6, "mqtt.keep_alive", &p.KeepAlive)
	c.strs(7, "mqtt.topics", &p.Topics)
	c.num(8, "mqtt.qos", &p.QoS)
	c.truth(9, "mqtt.is_retained", &p.Retain)
	c.num(10, "mqtt.packet_uid", &p.PacketID)
	c.num(11, "mqtt.size", &p.Size)
	c.zero(12, "status_code", &p.Code)
	c.str(13, "status_detail", &p.Reason)
	c.truth(14, "mqtt.is_from_server", &p.FromServer)
	c.str(15, "mqtt.record", &p.Record)
}
