package tds

import "encoding/binary"

// Tokens of answers ([MS-TDS] §2.2.7).
const (
	tokenReturnStatus  = 0x79
	tokenColumns       = 0x81
	tokenError         = 0xAA
	tokenMessage       = 0xAB
	tokenReturnValue   = 0xAC
	tokenLoginAck      = 0xAD
	tokenFeatures      = 0xAE
	tokenRow           = 0xD1
	tokenSparseRow     = 0xD2
	tokenEnvironment   = 0xE3
	tokenExtendedError = 0xE5 // of version 5
	tokenSession       = 0xE4
	tokenSSPI          = 0xED
	tokenFedAuth       = 0xEE
	tokenDone          = 0xFD
	tokenDoneProc      = 0xFE
	tokenDoneInProc    = 0xFF
)

// Flags and commands of DONE.
const (
	doneError  = 0x002
	doneCount  = 0x010
	doneAttn   = 0x020
	cmdSelect  = 0xC1
	cmdExecute = 0xE0 // of a procedure: its last statement said how many
)

type reading uint8

const (
	atToken reading = iota
	atColumn
	atValue    // of a row
	atPart     // of a value
	atReturned // the value of a parameter
	atFeature
)

// tokens reads the message of a server as it comes. What is not looked at is passed over; of rows nothing is kept.
type tokens struct {
	version   uint32 // of the protocol; 0 is 7.2 or later
	old       bool   // it is 5 or earlier
	state     reading
	back      reading // behind the parts of a value
	buf       []byte  // the beginning of a token
	want      int     // bytes of it
	skip      int     // bytes
	columns   []column
	left      int  // columns that are still to come
	at        int  // the column of a row
	sparse    bool // nulls tells which values are absent
	nulls     [maxColumns / 8]byte
	one       column   // of a parameter
	lost      bool     // an unknown token stands in the message: its end tells the outcome
	tail      [13]byte // the last bytes
	failed    bool     // an error was met
	cancelled bool
}

// begin begins a message.
func (t *tokens) begin() {
	t.state, t.buf, t.skip, t.lost, t.left, t.failed, t.cancelled = atToken, t.buf[:0], 0, false, 0, false, false
}

// feed takes bytes of a message.
func (t *tokens) feed(c *Conversation, p []byte) {
	if n := len(p); n >= len(t.tail) {
		copy(t.tail[:], p[n-len(t.tail):])
	} else {
		copy(t.tail[:], t.tail[n:])
		copy(t.tail[len(t.tail)-n:], p)
	}
	for len(p) > 0 && !t.lost {
		if t.skip > 0 {
			n := min(t.skip, len(p))
			t.skip, p = t.skip-n, p[n:]
			continue
		}
		src := p
		if len(t.buf) > 0 {
			n := min(len(p), max(t.want-len(t.buf), 0))
			t.buf, p = append(t.buf, p[:n]...), p[n:]
			if src = t.buf; len(src) < t.want {
				return
			}
		}
		used, want := t.next(c, src)
		switch {
		case want > maxToken || used < 0:
			t.lost = true
		case want > 0 && len(t.buf) > 0:
			t.want = want
		case want > 0:
			t.buf, t.want = append(t.buf[:0], p...), want
			return
		case len(t.buf) > 0: // what was asked for was used
			t.buf = t.buf[:0]
		default:
			p = p[used:]
		}
	}
}

// next reads the token, or the part of one, at the beginning of p. used is its length. Where more bytes are needed want says how
// many; what is asked for is used to its end. A negative used is a token that is not known.
func (t *tokens) next(c *Conversation, p []byte) (used, want int) {
	switch t.state {
	case atColumn:
		return t.column(p)
	case atValue:
		for t.at < len(t.columns) && t.sparse && t.nulls[t.at/8]>>(t.at%8)&1 != 0 {
			t.at++
		}
		if t.at == len(t.columns) {
			t.state = atToken
			return 0, 0
		}
		return t.value(t.columns[t.at], p)
	case atReturned:
		return t.value(t.one, p)
	case atPart:
		if len(p) < 4 {
			return 0, 4
		}
		if t.skip = int(binary.LittleEndian.Uint32(p)); t.skip == 0 {
			t.state = t.back
		}
		return 4, 0
	case atFeature:
		if p[0] == 0xFF {
			t.state = atToken
			return 1, 0
		}
		if len(p) < 5 {
			return 0, 5
		}
		t.skip = int(binary.LittleEndian.Uint32(p[1:]))
		return 5, 0
	}
	return t.token(c, p)
}

// value reads the length of a value.
func (t *tokens) value(k column, p []byte) (used, want int) {
	used, size, want := k.head(p)
	if want > 0 {
		return 0, want
	}
	if t.state == atReturned {
		t.state = atToken
	}
	t.at++
	if size == parts {
		t.back, t.state = t.state, atPart
		return used, 0
	}
	t.skip = size
	return used, 0
}

// column reads the description of a column: 4 bytes (2 before version 7.2) of type, 2 of flags, how its values stand, and names.
func (t *tokens) column(p []byte) (used, want int) {
	at := 6
	if t.before72() {
		at = 4
	}
	if len(p) <= at {
		return 0, at + 1
	}
	kind := p[at]
	k, n := t.typeOf(p[at:])
	if n < 0 {
		return -1, 0
	}
	if at += n; n > 0 && (kind == 0x22 || kind == 0x23 || kind == ntext) { // the table it is of
		at = t.table(p, at)
	}
	if n == 0 || at == 0 || len(p) <= at || len(p) < at+1+2*int(p[at]) {
		return 0, len(p) + 1
	}
	t.columns = append(t.columns, k)
	if t.left--; t.left == 0 {
		t.state = atToken
	}
	return at + 1 + 2*int(p[at]), 0
}

// table is where the name of a table ends that begins at a place: since version 7.2 it is several, with their number before them.
func (t *tokens) table(p []byte, at int) int {
	count := 1
	if !t.before72() {
		if at >= len(p) {
			return 0
		}
		count, at = int(p[at]), at+1
	}
	for range count {
		if at+2 > len(p) {
			return 0
		}
		at += 2 + 2*int(binary.LittleEndian.Uint16(p[at:]))
	}
	return at
}

func (t *tokens) before72() bool { return t.version != 0 && t.version < 0x72000000 }

// token reads the beginning of a token, or a whole one.
func (t *tokens) token(c *Conversation, p []byte) (used, want int) {
	switch p[0] {
	case tokenColumns:
		return t.describe(c, p)
	case tokenRow, tokenSparseRow:
		return t.row(c, p)
	case tokenDone, tokenDoneProc, tokenDoneInProc:
		n := t.doneSize()
		if len(p) < n {
			return 0, n
		}
		t.done(c, p[1:n])
		return n, 0
	case tokenReturnStatus, 0x78:
		t.skip = 4
		return 1, 0
	case tokenReturnValue:
		return t.returned(p)
	case tokenSession, 0x61:
		if len(p) < 5 {
			return 0, 5
		}
		t.skip = int(binary.LittleEndian.Uint32(p[1:]))
		return 5, 0
	case tokenFedAuth:
		if t.old {
			return t.sized(c, p)
		}
		if len(p) < 5 {
			return 0, 5
		}
		t.skip = int(binary.LittleEndian.Uint32(p[1:]))
		return 5, 0
	case tokenFeatures:
		if !t.old {
			t.state = atFeature
			return 1, 0
		}
	case tokenError, tokenMessage, tokenLoginAck, tokenEnvironment, 0xA4, 0xA5, 0xA9, tokenSSPI:
	case tokenExtendedError, 0xE2, 0xEC:
		if !t.old {
			return -1, 0
		}
	default:
		return -1, 0
	}
	return t.sized(c, p)
}

// sized reads a token that has two bytes of length. Of one that is long the end is passed over.
func (t *tokens) sized(c *Conversation, p []byte) (used, want int) {
	if len(p) < 3 {
		return 0, 3
	}
	n := int(binary.LittleEndian.Uint16(p[1:]))
	shown := min(n, maxToken-3)
	switch p[0] {
	case tokenError, tokenMessage, tokenLoginAck, tokenEnvironment, tokenExtendedError, tokenSSPI:
	default:
		shown = 0
	}
	if len(p) < 3+shown {
		return 0, 3 + shown
	}
	t.skip = n - shown
	switch body := p[3 : 3+shown]; p[0] {
	case tokenError:
		c.fail(body)
	case tokenExtendedError:
		c.failOld(body)
	case tokenLoginAck:
		c.acknowledge(body)
	case tokenEnvironment:
		c.change(body)
	case tokenSSPI:
		c.challenge = append(c.challenge[:0], body...)
	}
	return 3 + shown, 0
}

// describe begins the descriptions of columns.
func (t *tokens) describe(c *Conversation, p []byte) (used, want int) {
	if len(p) < 3 {
		return 0, 3
	}
	n := int(binary.LittleEndian.Uint16(p[1:]))
	if n == 0xFFFF || n == 0 {
		return 3, 0
	}
	if n > maxColumns {
		return -1, 0
	}
	t.columns, t.left, t.state = t.columns[:0], n, atColumn
	c.request.Columns, c.request.Results = uint64(n), c.request.Results+1
	return 3, 0
}

// row begins a row. A sparse one has a bit for each value that is absent.
func (t *tokens) row(c *Conversation, p []byte) (used, want int) {
	if len(t.columns) == 0 || t.old {
		return -1, 0
	}
	used = 1
	if t.sparse = p[0] == tokenSparseRow; t.sparse {
		used += (len(t.columns) + 7) / 8
		if len(p) < used {
			return 0, used
		}
		copy(t.nulls[:], p[1:used])
	}
	c.request.Rows++
	t.state, t.at = atValue, 0
	return used, 0
}

// returned reads a parameter that a procedure gives back, up to its value.
func (t *tokens) returned(p []byte) (used, want int) {
	if len(p) < 4 {
		return 0, 4
	}
	at := 4 + 2*int(p[3]) + 1 + 4 + 2 // name, status, type, flags
	if t.before72() {
		at -= 2
	}
	if len(p) <= at {
		return 0, at + 1
	}
	k, n := t.typeOf(p[at:])
	if n < 0 {
		return -1, 0
	}
	if n == 0 {
		return 0, len(p) + 1
	}
	t.one, t.state = k, atReturned
	return at + n, 0
}

// doneSize is the length of a DONE with its token.
func (t *tokens) doneSize() int {
	if t.old || t.before72() {
		return 9
	}
	return 13
}

// done reads how a statement ended: flags, what it was, and how many rows it was about.
func (t *tokens) done(c *Conversation, p []byte) {
	flags, cmd, r := binary.LittleEndian.Uint16(p), binary.LittleEndian.Uint16(p[2:]), &c.request
	n := uint64(binary.LittleEndian.Uint32(p[4:]))
	if len(p) == 12 {
		n = binary.LittleEndian.Uint64(p[4:])
	}
	t.cancelled = t.cancelled || flags&doneAttn != 0
	if flags&doneError != 0 {
		t.failed, r.Failed = true, true
	}
	switch {
	case flags&doneCount == 0 || cmd == cmdExecute:
	case t.lost || t.old:
		r.Rows = max(r.Rows, n)
	case cmd != cmdSelect:
		r.Affected += n
	}
}

// end ends a message. Where a token of it was not known its last one still tells the outcome.
func (t *tokens) end(c *Conversation) {
	if n := t.doneSize(); t.lost && t.tail[len(t.tail)-n] >= tokenDone {
		t.done(c, t.tail[len(t.tail)-n+1:])
	}
}
