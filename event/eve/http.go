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
	j.some("protocol", p.Version)
	if p.Status != 0 {
		j.num("status", p.Status)
	} else {
		j.some("status_string", p.Reason)
	}
	j.some("redirect", p.Location)
	j.num("length", p.Length)
	if w.Headers {
		w.headers("request_headers", p.RequestHeaders)
		w.headers("response_headers", p.ResponseHeaders)
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
		j.str("name", name)
		j.str("value", value)
		j.close()
	}
	j.end()
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
