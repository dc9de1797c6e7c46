package eve

import (
	"slices"

	"bulwark/event"
)

// others are the types of records that are no kind of event by their names.
var others = []string{"netflow", "metadata", "oncrpc"}

// Known reports whether there are records of a type.
func Known(name string) bool {
	return slices.Contains(others, name) || slices.ContainsFunc(event.Kinds(), func(k event.Kind) bool { return k.String() == name })
}

// Wants reports whether events of a kind are needed for the types that are written: records of files and of DNS repeat what carried
// them.
func (r *Records) Wants(k event.Kind) bool {
	any := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return slices.Contains(r.Types, n) })
	}
	switch {
	case len(r.Types) == 0 || any(k.String()):
		return true
	case k == event.KindFlow:
		return any("netflow")
	case k == event.KindHTTP:
		return any("fileinfo", "dns")
	case k == event.KindSMB:
		return any("fileinfo")
	case k == event.KindNFS:
		return any("fileinfo", "oncrpc")
	case k == event.KindDCERPC:
		return any("smb")
	case k == event.KindPacket:
		return any("metadata")
	}
	return false
}

// carry reads what is not written itself, for the records of the files that it carried.
func (w *Writer) carry(e *event.Event) {
	switch e.Payload.(type) {
	case *event.HTTP, *event.SMB, *event.NFS:
		w.j.begin(w.aside[:0])
		w.body(e)
		w.aside = w.j.buf
	}
}
