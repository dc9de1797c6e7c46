package dicom

import (
	"bytes"
	"compress/flate"
	"io"
)

// maxDeflated is how many bytes of a deflated data set are gathered, maxWalk at most come out of them.
const maxDeflated = 16 << 10

// inflater gathers the beginning of a deflated data set (PS3.5 §A.5, RFC 1951) and walks what comes out.
type inflater struct {
	packed []byte
	reader io.ReadCloser // a flate reader, made when the first deflated data set comes
	chunk  []byte
}

// feed gathers p, and reports whether there is enough.
func (f *inflater) feed(p []byte) bool {
	f.packed = append(f.packed, p[:min(len(p), maxDeflated-len(f.packed))]...)
	return len(f.packed) == maxDeflated
}

// walk inflates what was gathered into w. ended says that it is the whole data set.
func (f *inflater) walk(w *walk, ended bool) {
	source := bytes.NewReader(f.packed)
	if f.reader == nil {
		f.reader, f.chunk = flate.NewReader(source), make([]byte, 4<<10)
	} else if err := f.reader.(flate.Resetter).Reset(source, nil); err != nil {
		w.stop(true)
		return
	}
	for !w.over {
		n, err := f.reader.Read(f.chunk)
		w.feed(f.chunk[:n])
		if err != nil {
			if !w.over && (err != io.EOF || !ended) {
				w.stop(true)
			}
			break
		}
	}
	f.packed = f.packed[:0]
}
