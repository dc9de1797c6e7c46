package endpoint

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"bulwark/observe/logs/internal/bulk"
	"bulwark/observe/logs/internal/document"
	"bulwark/observe/logs/internal/flat"
	"bulwark/observe/logs/internal/intake"
	"bulwark/wire/otlp"
)

// export is the path of the call of gRPC by which logs come.
const export = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"

// Codes of gRPC (https://github.com/grpc/grpc/blob/master/doc/statuscodes.md). OTLP's senders come again after Unavailable.
const (
	grpcOK              = 0
	grpcInvalid         = 3
	grpcUnavailable     = 14
	grpcUnauthenticated = 16
)

const (
	maxExport = 16 << 20 // bytes of a request, unpacked
	exported  = 512      // records that are handed over together
)

// Why requests are refused.
const (
	reasonExport = "not a request of OTLP"
	reasonFull   = "no room"
)

var errFull = errors.New("endpoint: no room")

// logs takes a request of OTLP over HTTP (https://opentelemetry.io/docs/specs/otlp/#otlphttp).
func (c *call) logs(w http.ResponseWriter, r *http.Request) {
	body, closed, ok := c.body(w, r)
	if !ok {
		return
	}
	defer closed()
	p, ok := c.whole(body)
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if !ok || kind != "application/json" && kind != "application/x-protobuf" {
		c.Add(reasonExport, 1)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	switch err := c.exported(r, p, kind == "application/json"); {
	case errors.Is(err, errFull):
		c.full(w)
	case err != nil:
		c.Add(reasonExport, 1)
		w.WriteHeader(http.StatusBadRequest)
	default:
		w.Header().Set("Content-Type", kind)
		if kind == "application/json" {
			_, _ = w.Write([]byte(`{"partialSuccess":{}}`))
		}
	}
}

// whole reads a request to its end, which must not be too far.
func (c *call) whole(body io.Reader) ([]byte, bool) {
	p, err := io.ReadAll(io.LimitReader(body, maxExport+1))
	return p, err == nil && len(p) <= maxExport
}

// exported hands over the records of a request.
func (c *call) exported(r *http.Request, p []byte, isJSON bool) error {
	reader := c.readers.Get().(*document.Reader)
	defer c.readers.Put(reader)
	defer reader.Reset()
	var records []intake.Record
	var full error
	flush := func() {
		if full == nil && len(records) > 0 && bulk.Hand(r.Context(), c.to, records) != nil {
			c.Add(reasonFull, len(records))
			full = errFull
		}
		reader.Reset()
		clear(records)
		records = records[:0]
	}
	take := func(one *otlp.Record) {
		records = reader.Fields(fieldsOf(one), len(one.Body), c.base, records)
		if len(records) >= exported {
			flush()
		}
	}
	decode := otlp.Decode
	if isJSON {
		decode = otlp.DecodeJSON
	}
	if err := decode(p, take); err != nil {
		return err
	}
	flush()
	return full
}

// fieldsOf are the fields of a record, with what else it says under the names that shippers use.
func fieldsOf(r *otlp.Record) []flat.Field {
	out := make([]flat.Field, 0, len(r.Fields)+8)
	add := func(name, value string) {
		if value != "" {
			out = append(out, flat.Field{Name: name, Value: value, Text: true})
		}
	}
	at := r.Time
	if at == 0 {
		at = r.Observed
	}
	if at != 0 {
		add("@timestamp", time.Unix(0, int64(at)).UTC().Format(time.RFC3339Nano))
	}
	add("message", r.Body)
	add("log.level", strings.ToLower(r.SeverityText))
	add("event.action", r.Event)
	add("trace.id", r.Trace)
	add("span.id", r.Span)
	if r.Body != "" && r.Severity > 0 {
		add("log.syslog.severity.code", strconv.Itoa(syslogSeverity(r.Severity)))
	}
	for _, f := range r.Fields {
		add(f.Name, f.Value)
	}
	return out
}

// syslogSeverity is a severity of OTLP, 1 trace to 24 fatal, as syslog has it.
func syslogSeverity(n int) int {
	switch {
	case n <= 8:
		return 7
	case n <= 12:
		return 6
	case n <= 16:
		return 4
	case n <= 20:
		return 3
	}
	return 2
}

// export takes a request of OTLP over gRPC: a call of HTTP/2 with one message each way, and its status behind the answer.
func (c *call) export(w http.ResponseWriter, r *http.Request) {
	if !isGRPC(r) {
		http.NotFound(w, r)
		return
	}
	p, ok := c.whole(r.Body)
	if !ok {
		c.Add(reasonLarge, 1)
		say(w, grpcInvalid, reasonLarge)
		return
	}
	message, packed, err := otlp.Message(p)
	if err == nil && packed {
		message, err = c.unpacked(message, r.Header.Get("Grpc-Encoding"))
	}
	if err == nil {
		err = c.exported(r, message, false)
	}
	switch {
	case errors.Is(err, errFull):
		say(w, grpcUnavailable, reasonFull)
	case err != nil:
		c.Add(reasonExport, 1)
		say(w, grpcInvalid, reasonExport)
	default:
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Trailer", "Grpc-Status")
		_, _ = w.Write([]byte{0, 0, 0, 0, 0}) // a message without fields: all were taken
		w.Header().Set("Grpc-Status", strconv.Itoa(grpcOK))
	}
}

func (c *call) unpacked(message []byte, coding string) ([]byte, error) {
	if coding != "gzip" {
		return nil, otlp.ErrFrame
	}
	z, err := gzip.NewReader(bytes.NewReader(message))
	if err != nil {
		return nil, err
	}
	p, ok := c.whole(z)
	if !ok {
		return nil, otlp.ErrFrame
	}
	return p, nil
}

func isGRPC(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc")
}

// say answers a call of gRPC by its status alone.
func say(w http.ResponseWriter, code int, why string) {
	w.Header().Set("Content-Type", "application/grpc")
	w.Header().Set("Grpc-Status", strconv.Itoa(code))
	w.Header().Set("Grpc-Message", url.PathEscape(why))
}
