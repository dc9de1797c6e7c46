package mqtt

import (
	"iter"

	"bulwark/wire/internal/octets"
)

// PropertyID names a property (§2.2.2.2).
type PropertyID uint8

// UserProperty is the property that is a pair of texts, whose first names it.
const UserProperty PropertyID = 0x26

// form is how the value of a property is written.
type form uint8

const (
	unknown form = iota
	oneByte
	twoBytes
	fourBytes
	variable
	text
	data
	pair
)

type property struct {
	name string
	form form
}

func (id PropertyID) property() property {
	switch id {
	case 0x01:
		return property{"payload_format_indicator", oneByte}
	case 0x02:
		return property{"message_expiry_interval", fourBytes}
	case 0x03:
		return property{"content_type", text}
	case 0x08:
		return property{"response_topic", text}
	case 0x09:
		return property{"correlation_data", data}
	case 0x0b:
		return property{"subscription_identifier", variable}
	case 0x11:
		return property{"session_expiry_interval", fourBytes}
	case 0x12:
		return property{"assigned_client_identifier", text}
	case 0x13:
		return property{"server_keep_alive", twoBytes}
	case 0x15:
		return property{"authentication_method", text}
	case 0x16:
		return property{"authentication_data", data}
	case 0x17:
		return property{"request_problem_information", oneByte}
	case 0x18:
		return property{"will_delay_interval", fourBytes}
	case 0x19:
		return property{"request_response_information", oneByte}
	case 0x1a:
		return property{"response_information", text}
	case 0x1c:
		return property{"server_reference", text}
	case 0x1f:
		return property{"reason_string", text}
	case 0x21:
		return property{"receive_maximum", twoBytes}
	case 0x22:
		return property{"topic_alias_maximum", twoBytes}
	case 0x23:
		return property{"topic_alias", twoBytes}
	case 0x24:
		return property{"maximum_qos", oneByte}
	case 0x25:
		return property{"retain_available", oneByte}
	case UserProperty:
		return property{"user_property", pair}
	case 0x27:
		return property{"maximum_packet_size", fourBytes}
	case 0x28:
		return property{"wildcard_subscription_available", oneByte}
	case 0x29:
		return property{"subscription_identifier_available", oneByte}
	case 0x2a:
		return property{"shared_subscription_available", oneByte}
	}
	return property{}
}

func (id PropertyID) String() string { return id.property().name }

// Secret reports whether the property proves an identity: its value is nobody's business.
func (id PropertyID) Secret() bool { return id == 0x16 }

// Property is one property of a packet of version 5.
type Property struct {
	ID     PropertyID
	Number uint32 // where it is a number
	Text   []byte // where it is a text or data; the second text of a pair; else nil
	Name   []byte // the first text of a pair
}

// Properties are the properties of a packet as they came.
type Properties []byte

// All yields the properties in the order sent.
func (p Properties) All() iter.Seq[Property] {
	return func(yield func(Property) bool) {
		r := reader{octets.Of(p)}
		for len(r.Rest) > 0 {
			v := r.property()
			if r.Short || !yield(v) {
				return
			}
		}
	}
}

func (r *reader) property() (v Property) {
	v.ID = PropertyID(r.U8())
	switch v.ID.property().form {
	case oneByte:
		v.Number = uint32(r.U8())
	case twoBytes:
		v.Number = uint32(r.U16())
	case fourBytes:
		v.Number = r.U32()
	case variable:
		v.Number = r.variable()
	case text, data:
		v.Text = r.text()
	case pair:
		v.Name, v.Text = r.text(), r.text()
	default:
		r.Short = true
	}
	return v
}

// properties reads the length of the properties and takes them, each of which must be whole.
func (r *reader) properties() Properties {
	p := r.Take(int(r.variable()))
	for in := (reader{octets.Of(p)}); len(in.Rest) > 0; {
		if in.property(); in.Short {
			r.Short = true
			return nil
		}
	}
	return p
}
