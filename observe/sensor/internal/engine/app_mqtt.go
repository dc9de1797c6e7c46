package engine

import (
	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/mqtt"
)

// mqttApp is an MQTT connection.
type mqttApp struct {
	conv mqtt.Conversation
	at
}

func (a *mqttApp) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	a.conv.MaxLength, a.conv.KeepSecrets = w.opt.Records.MQTTLength, w.opt.Records.Passwords
	return a.conv.Decode(dir, p, a)
}
func (a *mqttApp) furnish(w *Worker)             { a.conv.Exchanges = &w.mqtt }
func (a *mqttApp) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *mqttApp) close(w *Worker, f *flow)      { a.w, a.f = w, f; a.conv.Close(a) }
func (a *mqttApp) reset()                        { a.conv.Reset(); a.at = at{} }

// Exchange takes a packet with what answered it.
func (a *mqttApp) Exchange(x *mqtt.Exchange) {
	w, e := a.w, &a.w.out.mqtt
	*e = event.MQTT{Topics: e.Topics[:0], Version: mqttVersion(x.Version), FromServer: x.From == wire.ToClient}
	t := texts{buf: w.out.text[:0]}
	var first mqtt.Type
	for _, p := range x.All() {
		if first == 0 {
			first = p.Type
			a.packet(&t, e, p)
		}
		if code, ok := outcome(p); ok {
			e.Code, e.Reason = uint64(code)+1, mqtt.CodeName(p.Type, x.Version, code)
		}
	}
	if w.opt.EVE {
		e.Record = t.mqttRecord(w, x)
	}
	w.out.text = t.buf
	if first != 0 {
		a.read(x)
	}
	if first != 0 && (w.opt.EVE || telling(first)) {
		w.emit(a.f, e)
	} else if first != 0 {
		w.header(a.f)
		w.showRecord(a.f, e)
	}
	a.faults(x)
	if first == mqtt.Connect && e.Code != 0 {
		a.authentication(e, x)
	}
}

// telling reports whether an exchange that begins with a packet of that type is told where EVE is not written: not a
// PINGREQ, nor an answer to what was not seen.
func telling(t mqtt.Type) bool {
	switch t {
	case mqtt.Connect, mqtt.Publish, mqtt.Subscribe, mqtt.Unsubscribe, mqtt.Disconnect, mqtt.Auth:
		return true
	}
	return false
}

// packet fills in what the first packet of an exchange says.
func (a *mqttApp) packet(t *texts, e *event.MQTT, p *mqtt.Packet) {
	e.Activity, e.QoS, e.Retain, e.PacketID = p.Type.String(), uint64(p.QoS), p.Retain, uint64(p.ID)
	switch p.Type {
	case mqtt.Connect:
		if e.Version == "" {
			e.Version = mqttVersion(p.Version)
		}
		e.ClientID, e.User = t.masked(a.w, p.ClientID), t.masked(a.w, p.User)
		e.Cleartext, e.KeepAlive = p.HasPassword(), uint64(p.KeepAlive)
		if len(p.WillTopic) > 0 {
			e.Topics = append(e.Topics, t.masked(a.w, p.WillTopic))
		}
	case mqtt.Publish:
		e.Size = uint64(p.Size)
		e.Topics = append(e.Topics, t.masked(a.w, p.Topic))
		a.broker(e, p)
	}
	for i := range p.Filters {
		e.Topics = append(e.Topics, t.masked(a.w, p.Filters[i].Topic))
	}
}

// outcome is the code of an answer; of one to several filters the worst.
func outcome(p *mqtt.Packet) (code uint8, ok bool) {
	if p.HasCode {
		return p.Code, true
	}
	for _, c := range p.Codes {
		code = max(code, c)
	}
	return code, len(p.Codes) > 0
}

func mqttVersion(v uint8) string {
	switch v {
	case 3:
		return "3.1"
	case 4:
		return "3.1.1"
	case 5:
		return "5"
	}
	return ""
}

// broker reports the software of a broker that publishes it under $SYS.
func (a *mqttApp) broker(e *event.MQTT, p *mqtt.Packet) {
	if !e.FromServer || string(p.Topic) != "$SYS/broker/version" || len(p.Payload) == 0 || len(p.Payload) > 128 {
		return
	}
	a.w.out.asset = event.Asset{Software: event.View(p.Payload), Role: "mqtt broker", Source: "mqtt"}
	a.w.tellAssetOf(a.f, wire.ToClient, &a.w.out.asset)
}

// authentication reports a client that the broker accepted by its name, or refused for who it is.
func (a *mqttApp) authentication(m *event.MQTT, x *mqtt.Exchange) {
	code := uint8(m.Code - 1)
	failed := mqtt.Failed(mqtt.Connack, x.Version, code)
	if failed && !mqtt.Refused(x.Version, code) || !failed && m.User == "" {
		return
	}
	e := &a.w.out.auth
	*e = event.Auth{User: m.User, Protocol: "MQTT", Service: "mqtt", Host: m.ClientID, Cleartext: m.Cleartext, Outcome: "success"}
	if failed {
		e.Outcome, e.Reason = "failure", m.Reason
	}
	a.w.emit(a.f, e)
}

// faults reports what was wrong with an exchange. Where the beginning was not seen, much seems to be missing that is
// not.
func (a *mqttApp) faults(x *mqtt.Exchange) {
	if a.f.marks&markMid != 0 && !a.w.opt.EVE {
		return
	}
	for name := range x.Faults.Names() {
		a.w.appAnomaly(a.f, name)
	}
}
