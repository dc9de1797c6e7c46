package engine

import (
	"encoding/hex"
	"math"
	"strconv"

	"bulwark/event"
)

// jsonText builds JSON in a buffer of its own.
type jsonText struct {
	buf   []byte
	fresh bool // nothing stands in the object or list at hand yet
}

func (j *jsonText) comma() {
	if !j.fresh {
		j.buf = append(j.buf, ',')
	}
	j.fresh = false
}

func (j *jsonText) key(name string) {
	j.comma()
	j.buf = append(append(append(j.buf, '"'), name...), '"', ':')
}

// begin opens an object; name is empty in a list.
func (j *jsonText) begin(name string) {
	if name != "" {
		j.key(name)
	}
	j.buf = append(j.buf, '{')
	j.fresh = true
}

func (j *jsonText) finish() { j.buf, j.fresh = append(j.buf, '}'), false }

func (j *jsonText) list(name string) {
	j.key(name)
	j.buf = append(j.buf, '[')
	j.fresh = true
}

func (j *jsonText) endList() { j.buf, j.fresh = append(j.buf, ']'), false }

func (j *jsonText) str(name, v string) {
	j.key(name)
	j.buf = event.AppendJSONString(j.buf, v)
}

func (j *jsonText) text(name string, v []byte) { j.str(name, event.View(v)) }

func (j *jsonText) num(name string, n int64) {
	j.key(name)
	j.buf = strconv.AppendInt(j.buf, n, 10)
}

func (j *jsonText) truth(name string, v bool) {
	j.key(name)
	j.buf = strconv.AppendBool(j.buf, v)
}

// float writes a number; one that JSON cannot write is null.
func (j *jsonText) float(name string, v float64) {
	j.key(name)
	if math.IsNaN(v) || math.IsInf(v, 0) {
		j.buf = append(j.buf, "null"...)
		return
	}
	j.buf = strconv.AppendFloat(j.buf, v, 'g', -1, 64)
}

// named writes the name of a number, or the number where it has none.
func (j *jsonText) named(key, name string, n uint64) {
	if name != "" {
		j.str(key, name)
		return
	}
	j.key(key)
	j.buf = append(strconv.AppendUint(append(j.buf, `"unknown-`...), n, 10), '"')
}

// hex writes bytes as hexadecimal digits.
func (j *jsonText) hex(name string, b []byte) {
	j.key(name)
	j.buf = append(j.buf, '"')
	j.buf = hex.AppendEncode(j.buf, b)
	j.buf = append(j.buf, '"')
}

// element writes an element of a list.
func (j *jsonText) element(v string) {
	j.comma()
	j.buf = event.AppendJSONString(j.buf, v)
}
