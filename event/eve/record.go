package eve

import (
	"encoding/json"
)

// record writes an object that the sensor wrote down as JSON; an empty one where it did not.
func (w *Writer) record(name, record string) {
	if !json.Valid([]byte(record)) {
		record = "{}"
	}
	w.j.raw(name, record)
}
