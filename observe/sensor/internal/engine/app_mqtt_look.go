package engine

import (
	"bulwark/wire/mqtt"
)

// read adds what an exchange says, for who looks into the traffic.
func (a *mqttApp) read(x *mqtt.Exchange) {
	more := &a.w.look.more
	if !a.w.look.on() {
		return
	}
	for _, p := range x.All() {
		more.Number("mqtt.type", uint64(p.Type))
		flags := uint64(0)
		if p.Dup {
			flags |= 8
		}
		if p.Retain {
			flags |= 1
		}
		more.Number("mqtt.flags", flags)
		more.Number("mqtt.qos", uint64(p.QoS))
		if p.HasCode {
			more.Number("mqtt.reason_code", uint64(p.Code))
		}
		for _, c := range p.Codes {
			more.Number("mqtt.reason_code", uint64(c))
		}
		a.readBody(p)
	}
	if x.Version != 0 {
		more.Number("mqtt.protocol_version", uint64(x.Version))
	}
}

// readBody adds what the types of packets have of their own.
func (a *mqttApp) readBody(p *mqtt.Packet) {
	more := &a.w.look.more
	switch p.Type {
	case mqtt.Connect:
		more.Number("mqtt.connect.flags", uint64(p.Flags))
		more.Value("mqtt.connect.protocol_string", p.Protocol)
		more.Value("mqtt.connect.clientid", p.ClientID)
		more.Value("mqtt.connect.username", p.User)
		more.Value("mqtt.connect.password", p.Password)
		more.Value("mqtt.connect.willtopic", p.WillTopic)
		more.Value("mqtt.connect.willmessage", p.WillMessage)
	case mqtt.Connack:
		session := uint64(0)
		if p.Session {
			session = 1
		}
		more.Number("mqtt.connack.session_present", session)
	case mqtt.Publish:
		more.Value("mqtt.publish.topic", p.Topic)
		more.Value("mqtt.publish.message", p.Payload)
	case mqtt.Subscribe, mqtt.Unsubscribe:
		name := "mqtt.subscribe.topic"
		if p.Type == mqtt.Unsubscribe {
			name = "mqtt.unsubscribe.topic"
		}
		for i := range p.Filters {
			more.Value(name, p.Filters[i].Topic)
		}
	}
}
