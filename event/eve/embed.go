package eve

import (
	"bytes"

	"bulwark/event"
)

// Objects appends what a record of e has beside its head, as one object: an alert has the same of what it is about. Nothing
// is appended for what Suricata embeds nowhere. The place of the request in its conversation, which an alert has itself, is
// left out.
func (w *Writer) Objects(dst []byte, e *event.Event) []byte {
	switch e.Payload.(type) {
	case *event.Flow, *event.Stats, *event.Anomaly, *event.Alert:
		return dst
	}
	from := len(dst)
	w.j = object{buf: dst}
	w.j.open("")
	w.body(e)
	w.j.close()
	dst = w.j.buf
	if inner := dst[from:]; bytes.HasPrefix(inner, []byte(`{"tx_id":`)) {
		if i := bytes.IndexByte(inner, ','); i > 0 {
			dst = append(dst[:from+1], inner[i+1:]...)
		} else {
			dst = dst[:from]
		}
	}
	return dst
}
