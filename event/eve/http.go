package eve

import (
	"strconv"
	"strings"

	"bulwark/event"
)

func (w *Writer) http(e *event.Event, p *event.HTTP) {
	j := &w.j
	if p.TxID > 0 {
		j.num("tx_id", p.TxID-1)
	}
	j.key("http")
	from := len(j.buf)
	j.open("")
	j.some("hostname", p.Host)
	if p.Port != 0 {
		j.num("http_port", p.Port)
	}
	j.some("url", p.URL)
	j.some("http_user_agent", p.UserAgent)
	j.some("xff", p.XFF)
	j.some("http_content_type", p.ContentType)
	w.contentRange(p.Range)
	j.some("http_refer", p.Referrer)
	j.some("http_method", p.Method)
	second := p.Version == "HTTP/2"
	if second {
		j.str("version", "2")
	} else {
		j.some("protocol", p.Version)
	}
	if p.Status != 0 {
		j.num("status", p.Status)
	} else {
		j.some("status_string", p.Reason)
	}
	j.some("redirect", p.Location)
	if !second || p.Status != 0 {
		j.num("length", p.Length)
	}
	if w.Headers || second {
		w.headers("request_headers", p.RequestHeaders)
		w.headers("response_headers", p.ResponseHeaders)
	}
	if second {
		w.http2(p)
	}
	j.close()
	w.object, w.flowOf, w.txOf = append(w.object[:0], j.buf[from:]...), e.Flow, p.TxID
}

func (w *Writer) headers(name string, list []string) {
	if len(list) == 0 {
		return
	}
	j := &w.j
	j.array(name)
	for _, h := range list {
		name, value, _ := strings.Cut(h, ": ")
		j.comma()
		j.open("")
		if name == "" {
			j.raw("table_size_update", value)
		} else {
			j.str("name", name)
			j.str("value", value)
		}
		j.close()
	}
	j.end()
}

// http2 writes what HTTP/2 adds, as the object http2.
func (w *Writer) http2(p *event.HTTP) {
	j := &w.j
	j.open("http2")
	j.num("stream_id", p.StreamID)
	w.http2Side("request", p.RequestSettings, p.RequestReset, p.RequestPriority)
	w.http2Side("response", p.ResponseSettings, p.ResponseReset, p.ResponsePriority)
	j.close()
}

func (w *Writer) http2Side(side string, settings []string, reset string, priority uint64) {
	j := &w.j
	j.open(side)
	if len(settings) > 0 {
		j.array("settings")
		for _, s := range settings {
			name, value, _ := strings.Cut(s, "=")
			j.comma()
			j.open("")
			j.str("settings_id", "SETTINGS"+strings.ReplaceAll(name, "_", ""))
			j.raw("settings_value", value)
			j.close()
		}
		j.end()
	}
	j.some("error_code", strings.ReplaceAll(reset, "_", ""))
	if priority > 0 {
		j.num("priority", priority-1)
	}
	j.close()
}

// contentRange writes "bytes 500-1000/146515".
func (w *Writer) contentRange(raw string) {
	if raw == "" {
		return
	}
	j := &w.j
	j.open("content_range")
	j.str("raw", raw)
	if from, to, size, ok := parseRange(raw); ok {
		j.num("start", from)
		j.num("end", to)
		if size > 0 {
			j.num("size", size)
		}
	}
	j.close()
}

// parseRange reads a Content-Range (RFC 9110 §14.4). size is 0 where it is not told.
func parseRange(raw string) (from, to, size uint64, ok bool) {
	span, whole, ok := strings.Cut(strings.TrimPrefix(raw, "bytes "), "/")
	first, last, dash := strings.Cut(span, "-")
	if !ok || !dash {
		return 0, 0, 0, false
	}
	from, errFrom := strconv.ParseUint(first, 10, 63)
	to, errTo := strconv.ParseUint(last, 10, 63)
	size, _ = strconv.ParseUint(whole, 10, 63) // * is 0
	return from, to, size, errFrom == nil && errTo == nil
}
