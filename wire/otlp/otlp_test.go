package otlp

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// The request is built by these: a message, a text.
func msg(n protowire.Number, parts ...[]byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, n, protowire.BytesType), []byte(strings.Join(texts(parts), "")))
}

func texts(parts [][]byte) (all []string) {
	for _, p := range parts {
		all = append(all, string(p))
	}
	return all
}

func str(n protowire.Number, s string) []byte { return msg(n, []byte(s)) }

func num(n protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, n, protowire.VarintType), v)
}

func fixed(n protowire.Number, v uint64) []byte {
	return protowire.AppendFixed64(protowire.AppendTag(nil, n, protowire.Fixed64Type), v)
}

func kv(n protowire.Number, key string, value []byte) []byte {
	return msg(n, str(1, key), msg(2, value))
}

func sample() []byte {
	resource := msg(1, kv(1, "host.name", str(1, "web1")))
	first := msg(2, fixed(1, 5), num(2, 9), str(3, "INFO"), msg(5, str(1, "a line")), kv(6, "n", num(3, 42)), kv(6, "t", num(2, 1)),
		kv(6, "f", fixed(4, 0x3FF8000000000000)), kv(6, "b", str(7, "\x01\xff")), msg(9, []byte("\x0a\x0b")), fixed(11, 6))
	nested := kv(1, "event_id", msg(6, kv(1, "id", num(3, 4624))))
	second := msg(2, msg(5, msg(6, nested, kv(1, "list", msg(5, msg(1, str(1, "x")), msg(1, str(1, "y")))))))
	return msg(1, resource, msg(2, msg(1, str(1, "scope")), first, second))
}

const sampleJSON = `{"resourceLogs":[{"resource":{"attributes":[{"key":"host.name","value":{"stringValue":"web1"}}]},"scopeLogs":[{"scope":{"name":"scope"},
"logRecords":[{"timeUnixNano":"5","observedTimeUnixNano":6,"severityNumber":9,"severityText":"INFO","traceId":"0a0b","body":{"stringValue":"a line"},
"attributes":[{"key":"n","value":{"intValue":"42"}},{"key":"t","value":{"boolValue":true}},{"key":"f","value":{"doubleValue":1.5}},{"key":"b","value":{"bytesValue":"01ff"}}]},
{"body":{"kvlistValue":{"values":[{"key":"event_id","value":{"kvlistValue":{"values":[{"key":"id","value":{"intValue":4624}}]}}},
{"key":"list","value":{"arrayValue":{"values":[{"stringValue":"x"},{"stringValue":"y"}]}}}]}}}]}]}]}`

const want = "5 6 9 INFO  0a0b/ \"a line\" [{host.name web1} {otel.scope.name scope} {n 42} {t true} {f 1.5} {b 01ff}]\n" +
	"0 0 0   / \"\" [{host.name web1} {otel.scope.name scope} {event_id.id 4624} {list x} {list y}]\n"

func describe(b *strings.Builder) func(*Record) {
	return func(r *Record) {
		fmt.Fprintf(b, "%d %d %d %s %s %s/%s %q %v\n", r.Time, r.Observed, r.Severity, r.SeverityText, r.Event, r.Trace, r.Span, r.Body, r.Fields)
	}
}

func TestDecode(t *testing.T) {
	for _, c := range []struct {
		does   string
		p      []byte
		decode func([]byte, func(*Record)) error
	}{{"Protocol Buffers", sample(), Decode}, {"JSON", []byte(sampleJSON), DecodeJSON}} {
		var b strings.Builder
		if err := c.decode(c.p, describe(&b)); err != nil || b.String() != want {
			t.Errorf("%s: got %v\n%s\nwant\n%s", c.does, err, b.String(), want)
		}
	}
}

func TestWhatIsNoRequestIsRefused(t *testing.T) {
	deep := str(1, "x")
	for range 40 {
		deep = msg(6, kv(1, "a", deep))
	}
	for _, p := range [][]byte{[]byte("x"), {0x0a, 0xff}, msg(1, msg(2, msg(2, msg(5, deep))))} {
		if err := Decode(p, func(*Record) {}); !errors.Is(err, ErrMalformed) {
			t.Errorf("%.20q: got %v", p, err)
		}
	}
	if err := DecodeJSON([]byte("{"), nil); !errors.Is(err, ErrMalformed) {
		t.Errorf("got %v", err)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	var parts [][]byte
	for range 5000 {
		parts = append(parts, kv(6, "a", str(1, "b")))
	}
	err := Decode(msg(1, msg(2, msg(2, parts...))), func(r *Record) {
		if len(r.Fields) > MostFields {
			t.Errorf("got %d fields", len(r.Fields))
		}
	})
	if err != nil {
		t.Error(err)
	}
}

func TestMessage(t *testing.T) {
	if m, packed, err := Message([]byte("\x01\x00\x00\x00\x02ab")); string(m) != "ab" || !packed || err != nil {
		t.Errorf("got %q %v %v", m, packed, err)
	}
	for _, p := range []string{"", "\x00\x00\x00\x00\x05ab", "\x02\x00\x00\x00\x00"} {
		if _, _, err := Message([]byte(p)); !errors.Is(err, ErrFrame) {
			t.Errorf("%q: got %v", p, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(sample())
	f.Fuzz(func(t *testing.T, p []byte) {
		var b strings.Builder
		_ = Decode(p, describe(&b))
	})
}

func FuzzDecodeJSON(f *testing.F) {
	f.Add([]byte(sampleJSON))
	f.Fuzz(func(t *testing.T, p []byte) {
		var b strings.Builder
		_ = DecodeJSON(p, describe(&b))
	})
}
