package engine

import (
	"bulwark/wire/dicom"
	"bulwark/wire/filetype"
)

// dicomObject is an object that is being stored.
type dicomObject struct {
	command *dicom.Command // nil: none
	lost    uint64
	file    carried
}

// end tells of the object.
func (o *dicomObject) end(whole bool) {
	o.file.close(whole)
	o.command = nil
}

// Object takes the data set of an object that is stored. Its digest is that of the data set as it crosses the wire,
// without the head that a file on disk begins with (PS3.10 §7.1).
func (a *dicomApp) Object(c *dicom.Command, p []byte, last bool) {
	o := &a.objects[c.Dir]
	if o.command != c {
		o.end(false)
		*o = dicomObject{command: c}
		a.name = append(append(a.name[:0], c.SOPInstance...), ".dcm"...)
		o.file.open(a.w, a.f, c.Dir, fileFacts{App: "dicom", Name: a.name, Type: mediaDICOM, Format: c.TransferSyntax, Kind: filetype.DICOM})
	}
	if c.Lost > o.lost {
		o.file.gap(int(c.Lost - o.lost))
		o.lost = c.Lost
	}
	o.file.write(p)
	if last {
		o.end(true)
	}
}

var mediaDICOM = []byte("application/dicom") // RFC 3240
