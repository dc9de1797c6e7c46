package eve

import "bulwark/event"

// file writes a file that was carried. As Suricata does, the digests but SHA-256 are told of a whole file only, and lost
// bytes count to the size.
func (w *Writer) file(e *event.Event, p *event.File) {
	j := &w.j
	j.some("app_proto", p.App)
	if ofHTTP(p.App) && p.TxID > 0 && w.flowOf == e.Flow && w.txOf == p.TxID && len(w.object) > 0 {
		j.raw("http", string(w.object))
	}
	w.carrier(e, p)
	j.open("fileinfo")
	j.str("filename", p.Name)
	j.truth("gaps", p.Gaps)
	j.str("state", pick(p.Complete, "CLOSED", "TRUNCATED"))
	if p.Complete {
		j.some("md5", p.MD5)
		j.some("sha1", p.SHA1)
	}
	j.some("sha256", p.SHA256)
	j.truth("stored", p.Stored != "")
	j.num("size", p.Size+p.Lost)
	if from, to, _, ok := parseRange(p.Range); ok {
		j.num("start", from)
		j.num("end", to)
	}
	if p.TxID > 0 {
		j.num("tx_id", p.TxID-1)
	}
	j.close()
}

// remember keeps the objects just written, from a place on, for the record of the file that they carry.
func (w *Writer) remember(e *event.Event, tx uint64, from int) {
	objects := w.j.buf[from:]
	if len(objects) > 0 && objects[0] == ',' {
		objects = objects[1:]
	}
	w.around, w.aroundFlow, w.aroundTx = append(w.around[:0], objects...), e.Flow, tx
}

// carrier writes what carried a file, where that was the record before.
func (w *Writer) carrier(e *event.Event, p *event.File) {
	if p.Carrier != "" && event.ValidJSON("{"+p.Carrier+"}") {
		w.j.comma()
		w.j.buf = append(w.j.buf, p.Carrier...)
		return
	}
	if (p.App == "smb" || p.App == "nfs") && p.TxID > 0 && w.aroundFlow == e.Flow && w.aroundTx == p.TxID {
		w.j.comma()
		w.j.buf = append(w.j.buf, w.around...)
	}
}

// ofHTTP tells whether the records of a protocol are those of HTTP.
func ofHTTP(app string) bool { return app == "http" || app == "http2" || app == "doh2" }
