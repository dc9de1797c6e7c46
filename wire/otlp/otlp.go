// Package otlp reads requests that export logs by OTLP, the protocol of OpenTelemetry (https://opentelemetry.io/docs/specs/otlp, version
// 1.9): messages of Protocol Buffers, or the same as JSON.
//
//	request { resource_logs { resource { attributes }  scope_logs { scope  log_records { time, severity, body, attributes } } } }
package otlp

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"bulwark/event"
	"bulwark/wire"
)

// ErrMalformed means bytes that are no request.
var ErrMalformed = fmt.Errorf("otlp: no request to export logs: %w", wire.ErrMalformed)

// Bounds of one record; what comes after them is passed over.
const (
	MostFields = 1024
	maxDepth   = 16
	maxName    = 256 // bytes
)

// Field is an attribute, or a part of a body: names of nested values are joined by dots.
type Field struct{ Name, Value string }

// Record is one log record. Its texts may point into the request.
type Record struct {
	Time         uint64 // unix nanoseconds; 0 when not told
	Observed     uint64 // unix nanoseconds at which the sender read it
	Severity     int    // 1 trace to 24 fatal; 0 when not told
	SeverityText string
	Event        string // name of the event; mostly empty
	Trace, Span  string // in hexadecimal digits
	Body         string // where it is a text
	Fields       []Field
}

// reader walks over a request.
type reader struct {
	record   Record
	resource int // fields of the record that are the resource's
	scope    int // and those that are the scope's
	fields   []Field
	prefix   []byte
	yield    func(*Record)
}

// Decode reads a request of Protocol Buffers and calls yield for each record, which is good during the call. After an error some may
// have been yielded.
func Decode(p []byte, yield func(*Record)) error {
	r := &reader{yield: yield}
	return each(p, func(n protowire.Number, v value) error {
		if n != 1 {
			return nil
		}
		return r.resourceLogs(v.bytes)
	})
}

// value is a field of a message: a number, or bytes.
type value struct {
	kind  protowire.Type
	n     uint64
	bytes []byte
}

// each calls fn for each field of a message.
func each(p []byte, fn func(protowire.Number, value) error) error {
	for len(p) > 0 {
		number, kind, n := protowire.ConsumeTag(p)
		if n < 0 {
			return ErrMalformed
		}
		p = p[n:]
		v := value{kind: kind}
		switch kind {
		case protowire.VarintType:
			v.n, n = protowire.ConsumeVarint(p)
		case protowire.Fixed64Type:
			v.n, n = protowire.ConsumeFixed64(p)
		case protowire.BytesType:
			v.bytes, n = protowire.ConsumeBytes(p)
		default:
			n = protowire.ConsumeFieldValue(number, kind, p)
		}
		if n < 0 {
			return ErrMalformed
		}
		p = p[n:]
		if err := fn(number, v); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) resourceLogs(p []byte) error {
	r.fields = r.fields[:0]
	if err := within(p, 1, func(resource []byte) error { return r.attributes(resource, 1, 0) }); err != nil {
		return err
	}
	r.resource = len(r.fields)
	return within(p, 2, r.scopeLogs)
}

// within calls fn for each field of a number that is a message.
func within(p []byte, number protowire.Number, fn func([]byte) error) error {
	return each(p, func(n protowire.Number, v value) error {
		if n != number || v.kind != protowire.BytesType {
			return nil
		}
		return fn(v.bytes)
	})
}

func (r *reader) scopeLogs(p []byte) error {
	r.fields = r.fields[:r.resource]
	err := within(p, 1, func(scope []byte) error {
		if err := within(scope, 1, func(name []byte) error { r.add("otel.scope.name", name); return nil }); err != nil {
			return err
		}
		return r.attributes(scope, 3, 0)
	})
	if err != nil {
		return err
	}
	r.scope = len(r.fields)
	return within(p, 2, r.logRecord)
}

func (r *reader) logRecord(p []byte) error {
	r.record = Record{}
	r.fields = r.fields[:r.scope]
	err := each(p, func(n protowire.Number, v value) error {
		switch n {
		case 1:
			r.record.Time = v.n
		case 2:
			r.record.Severity = int(v.n & 0xFF)
		case 3:
			r.record.SeverityText = event.View(v.bytes)
		case 5:
			return r.body(v.bytes)
		case 6:
			return r.keyValue(v.bytes, 0)
		case 9:
			r.record.Trace = hex.EncodeToString(v.bytes[:min(len(v.bytes), 16)])
		case 10:
			r.record.Span = hex.EncodeToString(v.bytes[:min(len(v.bytes), 8)])
		case 11:
			r.record.Observed = v.n
		case 12:
			r.record.Event = event.View(v.bytes)
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.record.Fields = r.fields
	r.yield(&r.record)
	return nil
}

// body reads the body: a text by itself, what is nested as fields.
func (r *reader) body(p []byte) error {
	return each(p, func(n protowire.Number, v value) error {
		if n == 1 && v.kind == protowire.BytesType {
			r.record.Body = event.View(v.bytes)
			return nil
		}
		return r.any(n, v, 0)
	})
}

// attributes reads the fields of a number that are names with values.
func (r *reader) attributes(p []byte, number protowire.Number, depth int) error {
	return within(p, number, func(kv []byte) error { return r.keyValue(kv, depth) })
}

func (r *reader) keyValue(p []byte, depth int) error {
	if depth > maxDepth {
		return errTooDeep
	}
	was := len(r.prefix)
	defer func() { r.prefix = r.prefix[:was] }()
	if was > 0 {
		r.prefix = append(r.prefix, '.')
	}
	if err := within(p, 1, func(key []byte) error { r.prefix = append(r.prefix, key...); return nil }); err != nil {
		return err
	}
	return within(p, 2, func(v []byte) error { return r.anyValue(v, depth) })
}

var errTooDeep = fmt.Errorf("%w: nested too deep", ErrMalformed)

func (r *reader) anyValue(p []byte, depth int) error {
	return each(p, func(n protowire.Number, v value) error { return r.any(n, v, depth) })
}

// any reads what an AnyValue holds.
func (r *reader) any(n protowire.Number, v value, depth int) error {
	if depth > maxDepth {
		return errTooDeep
	}
	switch n {
	case 1:
		r.add("", v.bytes)
	case 2:
		r.add("", strconv.AppendBool(nil, v.n != 0))
	case 3:
		r.add("", strconv.AppendInt(nil, int64(v.n), 10))
	case 4:
		r.add("", strconv.AppendFloat(nil, math.Float64frombits(v.n), 'g', -1, 64))
	case 5:
		return within(v.bytes, 1, func(element []byte) error { return r.anyValue(element, depth+1) })
	case 6:
		return r.attributes(v.bytes, 1, depth+1)
	case 7:
		r.add("", hex.AppendEncode(nil, v.bytes[:min(len(v.bytes), 4096)]))
	}
	return nil
}

// add takes a value, under a name or that of the prefix.
func (r *reader) add(name string, value []byte) {
	if len(r.fields) < MostFields && len(r.prefix) <= maxName {
		if name == "" {
			name = string(r.prefix)
		}
		r.fields = append(r.fields, Field{name, event.View(value)})
	}
}

// ErrFrame means bytes that are no message of gRPC.
var ErrFrame = errors.New("otlp: not a message of gRPC")

// Message is the one message of a call of gRPC that has one, and whether it is packed
// (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
func Message(p []byte) (message []byte, packed bool, err error) {
	if len(p) < 5 || p[0] > 1 || uint64(binary.BigEndian.Uint32(p[1:])) != uint64(len(p)-5) {
		return nil, false, ErrFrame
	}
	return p[5:], p[0] == 1, nil
}
