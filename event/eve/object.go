package eve

import (
	"net/netip"
	"strconv"
	"time"
	"unicode/utf8"

	"bulwark/event"
)

// object builds a JSON object in a buffer, key by key.
type object struct {
	buf   []byte
	fresh bool // nothing stands in the innermost object yet

	date     string // how the times of a day begin; empty: of none yet
	midnight int64  // its beginning, in seconds since 1970
}

// begin goes on behind b.
func (j *object) begin(b []byte) { j.buf, j.fresh = b, false }

func (j *object) comma() {
	if !j.fresh {
		j.buf = append(j.buf, ',')
	}
	j.fresh = false
}

func (j *object) key(name string) {
	b := j.buf
	if j.fresh {
		b = append(b, '"')
	} else {
		b = append(b, ',', '"')
	}
	j.fresh = false
	j.buf = append(append(b, name...), '"', ':')
}

// open begins an object under name, or without one.
func (j *object) open(name string) {
	if name != "" {
		j.key(name)
	}
	j.buf = append(j.buf, '{')
	j.fresh = true
}

func (j *object) close() {
	j.buf = append(j.buf, '}')
	j.fresh = false
}

// array begins a list under name. Before each of its elements stands comma.
func (j *object) array(name string) {
	j.key(name)
	j.buf = append(j.buf, '[')
	j.fresh = true
}

// end ends a list.
func (j *object) end() {
	j.buf = append(j.buf, ']')
	j.fresh = false
}

func (j *object) str(name, v string) {
	j.key(name)
	j.quoted(v)
}

// quoted writes a string. In one that is not UTF-8 the bytes above 7 bits are written as text, \xc5, as Suricata does.
func (j *object) quoted(v string) {
	if utf8.ValidString(v) {
		j.buf = event.AppendJSONString(j.buf, v)
		return
	}
	shown := make([]byte, 0, len(v)+32)
	for i := range len(v) {
		if c := v[i]; c < utf8.RuneSelf {
			shown = append(shown, c)
		} else {
			shown = append(shown, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	j.buf = event.AppendJSONString(j.buf, string(shown))
}

// some writes v when it is not empty.
func (j *object) some(name, v string) {
	if v != "" {
		j.str(name, v)
	}
}

func (j *object) num(name string, n uint64) {
	j.key(name)
	j.buf = strconv.AppendUint(j.buf, n, 10)
}

// count writes a number that is not 0.
func (j *object) count(name string, n uint64) {
	if n != 0 {
		j.num(name, n)
	}
}

// raw writes a number that is already text.
func (j *object) raw(name, n string) {
	j.key(name)
	j.buf = append(j.buf, n...)
}

func (j *object) truth(name string, v bool) {
	j.key(name)
	j.buf = strconv.AppendBool(j.buf, v)
}

// list writes a list that is not empty.
func (j *object) list(name string, list []string) {
	if len(list) == 0 {
		return
	}
	j.array(name)
	for _, v := range list {
		j.comma()
		j.quoted(v)
	}
	j.end()
}

// time writes a time in EVE's form: microseconds, and the offset without a colon.
func (j *object) time(name string, nanos int64) {
	j.key(name)
	second, part := nanos/1e9, nanos%1e9
	if part < 0 {
		second, part = second-1, part+1e9
	}
	if day := second - (second%86400+86400)%86400; j.date == "" || day != j.midnight {
		j.midnight, j.date = day, time.Unix(day, 0).UTC().Format(`"2006-01-02T`)
	}
	s, us := second-j.midnight, part/1000
	b := append(append(j.buf, j.date...), "00:00:00.000000+0000\""...)
	at := b[len(b)-len(`00:00:00.000000+0000"`):]
	pair(at, s/3600)
	pair(at[3:], s/60%60)
	pair(at[6:], s%60)
	pair(at[9:], us/10000)
	pair(at[11:], us/100%100)
	pair(at[13:], us%100)
	j.buf = b
}

// pair writes two digits.
func pair(b []byte, n int64) { b[0], b[1] = byte('0'+n/10), byte('0'+n%10) }

// day writes a time of a certificate, to the second.
func (j *object) day(name string, nanos uint64) {
	j.key(name)
	j.buf = time.Unix(0, int64(nanos)).UTC().AppendFormat(append(j.buf, '"'), "2006-01-02T15:04:05")
	j.buf = append(j.buf, '"')
}

// addr writes an address: IPv6 in full, as Suricata does.
func (j *object) addr(name string, a netip.Addr, short bool) {
	j.key(name)
	j.buf = append(j.buf, '"')
	if a.Is4() || short {
		j.buf = a.AppendTo(j.buf)
	} else {
		for i, b := range a.As16() {
			if i > 0 && i%2 == 0 {
				j.buf = append(j.buf, ':')
			}
			j.buf = append(j.buf, hexDigits[b>>4], hexDigits[b&15])
		}
	}
	j.buf = append(j.buf, '"')
}

// numbers writes a list of numbers that are already text.
func (j *object) numbers(name string, list []string) {
	if len(list) == 0 {
		return
	}
	j.array(name)
	for _, n := range list {
		j.comma()
		j.buf = append(j.buf, n...)
	}
	j.end()
}
