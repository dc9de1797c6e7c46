package otlp

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// The request as JSON (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): names in lowerCamelCase, numbers of 64 bits
// as texts or numbers, ids in hexadecimal digits.
type (
	request struct {
		ResourceLogs []struct {
			Resource  struct{ Attributes []keyValue }
			ScopeLogs []struct {
				Scope struct {
					Name       string
					Attributes []keyValue
				}
				LogRecords []logRecord
			}
		}
	}
	logRecord struct {
		TimeUnixNano         integer
		ObservedTimeUnixNano integer
		SeverityNumber       integer
		SeverityText         string
		EventName            string
		TraceID              string `json:"traceId"`
		SpanID               string `json:"spanId"`
		Body                 anyValue
		Attributes           []keyValue
	}
	keyValue struct {
		Key   string
		Value anyValue
	}
	anyValue struct {
		StringValue *string
		BoolValue   *bool
		IntValue    *integer
		DoubleValue *float64
		BytesValue  *string
		ArrayValue  *struct{ Values []anyValue }
		KvlistValue *struct{ Values []keyValue }
	}
)

// integer is a number, or a text that is one; others are 0, such as the names of severities.
type integer int64

// UnmarshalJSON reads either.
func (n *integer) UnmarshalJSON(p []byte) error {
	i, err := strconv.ParseInt(strings.Trim(string(p), `"`), 10, 64)
	if err == nil {
		*n = integer(i)
	}
	return nil
}

// DecodeJSON is [Decode] for a request as JSON.
func DecodeJSON(p []byte, yield func(*Record)) error {
	var q request
	if err := json.Unmarshal(p, &q); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	r := &reader{}
	for i := range q.ResourceLogs {
		of := &q.ResourceLogs[i]
		r.fields = r.fields[:0]
		r.pairs("", of.Resource.Attributes, 0)
		r.resource = len(r.fields)
		for k := range of.ScopeLogs {
			s := &of.ScopeLogs[k]
			r.fields = r.fields[:r.resource]
			if s.Scope.Name != "" {
				r.add("otel.scope.name", []byte(s.Scope.Name))
			}
			r.pairs("", s.Scope.Attributes, 0)
			r.scope = len(r.fields)
			for n := range s.LogRecords {
				r.fields = r.fields[:r.scope]
				yield(r.ofJSON(&s.LogRecords[n]))
			}
		}
	}
	return nil
}

func (r *reader) ofJSON(l *logRecord) *Record {
	r.record = Record{Time: uint64(l.TimeUnixNano), Observed: uint64(l.ObservedTimeUnixNano), Severity: int(l.SeverityNumber),
		SeverityText: l.SeverityText, Event: l.EventName, Trace: l.TraceID, Span: l.SpanID}
	r.pairs("", l.Attributes, 0)
	if l.Body.StringValue != nil {
		r.record.Body = *l.Body.StringValue
	} else {
		r.value("", &l.Body, 0)
	}
	r.record.Fields = r.fields
	return &r.record
}

func (r *reader) pairs(prefix string, all []keyValue, depth int) {
	for i := range all {
		name := all[i].Key
		if prefix != "" {
			name = prefix + "." + name
		}
		r.value(name, &all[i].Value, depth)
	}
}

// value takes a value; encoding/json bounds how deep they are nested, and this how deep they are told.
func (r *reader) value(name string, v *anyValue, depth int) {
	switch {
	case depth > maxDepth:
	case v.StringValue != nil:
		r.named(name, *v.StringValue)
	case v.BoolValue != nil:
		r.named(name, strconv.FormatBool(*v.BoolValue))
	case v.IntValue != nil:
		r.named(name, strconv.FormatInt(int64(*v.IntValue), 10))
	case v.DoubleValue != nil:
		r.named(name, strconv.FormatFloat(*v.DoubleValue, 'g', -1, 64))
	case v.BytesValue != nil:
		r.named(name, *v.BytesValue)
	case v.ArrayValue != nil:
		for i := range v.ArrayValue.Values {
			r.value(name, &v.ArrayValue.Values[i], depth+1)
		}
	case v.KvlistValue != nil:
		r.pairs(name, v.KvlistValue.Values, depth+1)
	}
}

func (r *reader) named(name, value string) {
	if len(r.fields) < MostFields && len(name) <= maxName {
		r.fields = append(r.fields, Field{name, value})
	}
}
