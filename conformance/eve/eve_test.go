package eve_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"bulwark/conformance/eve"
)

const small = `{"type": "object", "required": ["event_type"], "additionalProperties": false,
 "properties": {
  "event_type": {"type": "string"},
  "any": {},
  "dns": {"type": "object", "required": ["version"], "additionalProperties": false, "properties": {
    "version": {"type": "integer"}, "answers": {"$ref": "#/$defs/answers"}, "raw": {"type": ["string", "number"]}}},
  "open": {"type": "object", "additionalProperties": true}},
 "$defs": {"answers": {"type": "array", "items": {"type": "object", "additionalProperties": false, "properties": {"ttl": {"type": "integer"}}}}}}`

func list(t *testing.T) *eve.List {
	t.Helper()
	fields, err := eve.FromSchema([]byte(small))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := eve.Write(&b, "a test", fields); err != nil {
		t.Fatal(err)
	}
	again, err := eve.Read(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return eve.NewList(again...)
}

func TestJudge(t *testing.T) {
	l := list(t)
	for _, c := range []struct{ name, record, want string }{
		{"a record of listed fields is right", `{"event_type": "dns", "dns": {"version": 3, "answers": [{"ttl": 1}], "raw": 1.5}}`, ""},
		{"anything stands in an open object", `{"event_type": "x", "open": {"a": {"b": 1}}, "any": [1]}`, ""},
		{"a field that is not listed is told", `{"event_type": "dns", "dns": {"version": 3, "answers": [{"tttl": 1}]}}`, "dns.answers[].tttl is not in the list"},
		{"so is a wrong type", `{"event_type": "dns", "dns": {"version": "3"}}`, "dns.version is string, want integer"},
		{"a broken number is no integer", `{"event_type": "dns", "dns": {"version": 3.5}}`, "dns.version is number, want integer"},
		{"what is required must be there", `{"dns": {}}`, "dns.version is missing where it is required; event_type is missing where it is required"},
	} {
		d := json.NewDecoder(strings.NewReader(c.record))
		d.UseNumber()
		var r map[string]any
		if err := d.Decode(&r); err != nil {
			t.Fatal(err)
		}
		var faults []string
		l.Judge(r, func(path, why string) {
			if why != "" {
				faults = append(faults, path+" "+why)
			}
		})
		if got := strings.Join(faults, "; "); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestPathsAreThoseThatHoldValues(t *testing.T) {
	want := []string{"any", "dns.answers[].ttl", "dns.raw", "dns.version", "event_type", "open"}
	if got := list(t).Paths(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestWhatIsNoSchemaIsRefused(t *testing.T) {
	for _, text := range []string{"", "{}", `{"properties": {"a": {"$ref": "#/$defs/b"}}}`,
		`{"properties": {"a": {"$ref": "#/$defs/b"}}, "$defs": {"b": {"properties": {"c": {"$ref": "#/$defs/b"}}}}}`} {
		if _, err := eve.FromSchema([]byte(text)); !errors.Is(err, eve.ErrSchema) {
			t.Errorf("%s: got %v, want %v", text, err, eve.ErrSchema)
		}
	}
}
