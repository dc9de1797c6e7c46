package engine

import (
	"cmp"
	"strconv"
	"unicode/utf8"

	"bulwark/event"
	"bulwark/wire/mqtt"
)

// mqttText is how many bytes of a text of MQTT are written by default, as Suricata's string-log-limit, and the most
// that is kept.
const mqttText = mqtt.MaxPayload

// maskedSecret stands in a record in place of a password or its like.
const maskedSecret = "****"

// mqttRecord writes the packets of an exchange as EVE has them.
func (t *texts) mqttRecord(w *Worker, x *mqtt.Exchange) string {
	at := len(t.buf)
	r := mqttWriter{jsonText: jsonText{buf: t.buf, fresh: true}, w: w, limit: min(cmp.Or(w.opt.Records.MQTTText, mqttText), mqttText)}
	r.begin("")
	for _, p := range x.All() {
		if p.Type != 0 {
			r.packet(p)
		}
	}
	r.finish()
	t.buf = r.buf
	return t.from(at)
}

// mqttWriter writes packets.
type mqttWriter struct {
	jsonText
	w     *Worker
	limit int // bytes of a text that are written
}

func (j *mqttWriter) packet(p *mqtt.Packet) {
	j.begin(p.Type.String())
	j.num("qos", int64(p.QoS))
	j.truth("retain", p.Retain)
	j.truth("dup", p.Dup)
	switch {
	case p.Skipped:
		j.truth("truncated", true)
		j.num("skipped_length", int64(p.Length+mqtt.HeaderLength(p.Length)))
	case p.Type == mqtt.Connect:
		j.connect(p)
	case p.Type == mqtt.Connack:
		j.truth("session_present", p.Session)
		j.num("return_code", int64(p.Code))
	case p.Type == mqtt.Publish:
		j.limited("topic", p.Topic, len(p.Topic))
		if p.QoS > 0 {
			j.num("message_id", int64(p.ID))
		}
		j.limited("message", p.Payload, p.Size)
	default:
		j.other(p)
	}
	if p.Type != mqtt.Suback && p.Type != mqtt.Unsuback && p.Type != mqtt.Unsubscribe {
		j.properties(p.Properties)
	}
	j.finish()
}

// other writes the packets that are alike.
func (j *mqttWriter) other(p *mqtt.Packet) {
	if p.ID != 0 {
		j.num("message_id", int64(p.ID))
	}
	switch {
	case p.Type == mqtt.Disconnect && p.HasCode && p.Length < 2:
		j.num("reason_code", 0) // so Suricata, where no properties follow the code
	case p.HasCode:
		j.num("reason_code", int64(p.Code))
	}
	switch p.Type {
	case mqtt.Subscribe, mqtt.Unsubscribe:
		j.list("topics")
		for i := range p.Filters {
			j.filter(p.Type, &p.Filters[i])
		}
		j.endList()
	case mqtt.Suback:
		j.numbers("qos_granted", p.Codes)
	case mqtt.Unsuback:
		if len(p.Codes) > 0 {
			j.numbers("reason_codes", p.Codes)
		}
	}
}

func (j *mqttWriter) filter(of mqtt.Type, f *mqtt.Filter) {
	j.comma()
	if of == mqtt.Unsubscribe {
		j.value(f.Topic, len(f.Topic))
		return
	}
	j.begin("")
	j.limited("topic", f.Topic, len(f.Topic))
	j.num("qos", int64(f.Options))
	j.finish()
}

func (j *mqttWriter) numbers(name string, list []byte) {
	j.list(name)
	for _, n := range list {
		j.comma()
		j.buf = strconv.AppendUint(j.buf, uint64(n), 10)
	}
	j.endList()
}

func (j *mqttWriter) connect(p *mqtt.Packet) {
	j.limited("protocol_string", p.Protocol, len(p.Protocol))
	j.num("protocol_version", int64(p.Version))
	j.limited("client_id", p.ClientID, len(p.ClientID))
	j.begin("flags")
	j.truth("username", p.HasUser())
	j.truth("password", p.HasPassword())
	j.truth("will_retain", p.WillRetain())
	j.truth("will", p.HasWill())
	j.truth("clean_session", p.CleanSession())
	j.finish()
	if p.HasUser() {
		j.limited("username", p.User, len(p.User))
	}
	if p.HasPassword() {
		if j.w.opt.Records.Passwords {
			j.limited("password", p.Password, len(p.Password))
		} else {
			j.str("password", maskedSecret)
		}
	}
	if p.HasWill() {
		j.begin("will")
		j.limited("topic", p.WillTopic, len(p.WillTopic))
		j.limited("message", p.WillMessage, len(p.WillMessage))
		j.properties(p.WillProperties)
		j.finish()
	}
}

func (j *mqttWriter) properties(list mqtt.Properties) {
	if len(list) == 0 {
		return
	}
	j.begin("properties")
	for v := range list.All() {
		switch {
		case v.ID == mqtt.UserProperty:
			j.comma()
			j.buf = append(event.AppendJSONString(j.buf, event.View(v.Name)), ':')
			j.value(v.Text, len(v.Text))
		case v.ID.Secret():
			j.str(v.ID.String(), maskedSecret)
		case v.Text != nil:
			j.limited(v.ID.String(), v.Text, len(v.Text))
		default:
			j.num(v.ID.String(), int64(v.Number))
		}
	}
	j.finish()
}

// limited writes a text of that whole size under name.
func (j *mqttWriter) limited(name string, v []byte, size int) {
	j.key(name)
	j.value(v, size)
}

// value writes a text with the patients in it replaced, cut where it is long. Of one that is not UTF-8, the bytes above 7 bits
// are written as text.
func (j *mqttWriter) value(v []byte, size int) {
	v = v[:min(len(v), j.limit)]
	s := &j.w.out.shown
	*s = j.w.opt.Patients.Text((*s)[:0], v)
	if !utf8.Valid(v) {
		*s = appendShown((*s)[:0], v)
	}
	if more := size - len(v); more > 0 {
		*s = append(*s, "[truncated "...)
		*s = strconv.AppendInt(*s, int64(more), 10)
		*s = append(*s, " additional bytes]"...)
	}
	j.buf = event.AppendJSONString(j.buf, event.View(*s))
}

// appendShown appends bytes; where they are not UTF-8, those above 7 bits as \xc5.
func appendShown(dst, v []byte) []byte {
	if utf8.Valid(v) {
		return append(dst, v...)
	}
	for _, c := range v {
		if c < utf8.RuneSelf {
			dst = append(dst, c)
		} else {
			dst = append(dst, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return dst
}
