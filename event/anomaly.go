package event

// Anomaly is something a packet or a stream should not be.
type Anomaly struct {
	Type  string // decode, stream or applayer, as EVE
	Event string // name of the anomaly
	App   string // protocol in which it was met
	Layer string // of an application: proto_parser or proto_detect, as EVE says

	EtherType uint64 // of a frame whose protocol nobody reads; 0: another anomaly
	TxID      uint64 // place of the message in its conversation, from 1; 0: it is not known
}

func (*Anomaly) Kind() Kind { return KindAnomaly }
func (p *Anomaly) fields(c *coder) {
	c.str(1, "anomaly.type", &p.Type)
	c.str(2, "anomaly.event", &p.Event)
	c.str(3, "app_name", &p.App)
	c.str(4, "anomaly.layer", &p.Layer)
	c.num(5, "anomaly.ether_type", &p.EtherType)
	c.num(6, "anomaly.tx_id", &p.TxID)
}
