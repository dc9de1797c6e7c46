package mysql

// Bounds of what is kept of commands.
const (
	maxAsked    = 8 // commands that wait for their answers: clients may send several at once
	maxPrepared = 8 // statements that are known by their numbers
)

// Flags of the server's status.
const (
	moreResults  = 0x0008
	cursorExists = 0x0040
)

// asked is a command that waits for its answer.
type asked struct {
	Command
	text []byte // its statement
}

// prepared is a statement that a server knows by a number.
type prepared struct {
	id   uint32
	text []byte
}

// ask takes a command of the client.
func (c *Conversation) ask(p []byte, h Handler) {
	if s := &c.sides[1]; s.lost {
		for c.waiting > 0 {
			c.finish(h)
		}
		s.lost, s.got, s.more, c.phase = false, 0, false, commands
	}
	switch p[0] {
	case ChangeUser:
		c.changeUser(p[1:])
		return
	case Quit, sendLongData, closeStatement: // nothing answers them
		return
	}
	if c.waiting == maxAsked {
		c.finish(h)
	}
	if c.waiting == 0 {
		c.first = 0 // with the memory of the one before
	}
	k := &c.queue[(c.first+c.waiting)%maxAsked]
	c.waiting++
	k.Command, k.text = Command{Code: p[0]}, k.text[:0]
	switch p[0] {
	case Query:
		k.text = c.Space.Append(k.text, c.behindAttributes(p[1:]))
	case Prepare, InitDB, CreateDB, DropDB:
		k.text = c.Space.Append(k.text, p[1:])
	case Execute, BulkExecute:
		r := reader{p: p[1:]}
		k.text = c.Space.Append(k.text, c.statement(r.u32()))
	}
	k.text = k.text[:min(len(k.text), maxStatement)]
	k.Statement = k.text
}

// lastPrepared is the number of the statement that was prepared last, also where its own is not known yet (MariaDB).
const lastPrepared = 1<<32 - 1

// statement is what was prepared under a number.
func (c *Conversation) statement(id uint32) []byte {
	for i := c.waiting - 2; id == lastPrepared && i >= 0; i-- { // the last that waits is what asks
		if k := &c.queue[(c.first+i)%maxAsked]; k.Code == Prepare {
			return k.text
		}
	}
	for i := range c.known {
		if k := &c.known[(c.prepared-1-i+2*maxPrepared)%maxPrepared]; k.id == id || id == lastPrepared {
			return k.text
		}
	}
	return nil
}

// behindAttributes is a query behind its attributes (CLIENT_QUERY_ATTRIBUTES): how many there are and, where there are some, their
// nulls, types, names and values, which are not read: of such a query nothing is told.
func (c *Conversation) behindAttributes(p []byte) []byte {
	if c.caps&capQueryAttrs == 0 || len(p) < 2 || p[1] != 1 {
		return p
	}
	if p[0] == 0 {
		return p[2:]
	}
	if p[0] < ' ' {
		return nil
	}
	return p
}

// changeUser reads COM_CHANGE_USER, behind which the sign-on begins anew.
func (c *Conversation) changeUser(p []byte) {
	l := &c.login
	server := append([]byte(nil), l.Server...)
	c.room = c.room[:0]
	*l = Login{Server: c.hold(server), Thread: l.Thread, Asked: true, Changes: true}
	r := reader{p: p}
	l.User = c.hold(r.cString())
	r.take(uint64(r.u8()))
	c.context(&r)
	c.phase = signing
}

// answer takes a packet of the server behind a command.
func (c *Conversation) answer(s *side, h Handler) {
	p := s.p
	if len(p) == 0 || c.phase == definitions && c.define(p, s.size) || c.waiting == 0 {
		return
	}
	k := &c.queue[c.first]
	if !k.Answered && c.phase == commands && s.head[3] != 1 && !c.packing && !c.long {
		s.lost = true // the middle of another answer
		return
	}
	k.Answered = true
	switch {
	case p[0] == 0xFF:
		c.fail(k, p, h)
	case c.phase == commands:
		c.begin(k, p, s.size, h)
	case c.phase == columns:
		if c.left--; c.left == 0 {
			c.phase, c.parted = rows, false
		}
	case c.phase == rows:
		c.row(k, p, s.size, h)
	}
}

// fail takes an error. MariaDB tells in its form, with the highest code, how far a long command has come.
func (c *Conversation) fail(k *asked, p []byte, h Handler) {
	code, state, message := failure(p)
	if code == 1<<16-1 {
		return
	}
	k.Error, k.State, k.Message = code, c.keep(state, 5), c.keep(message, maxValue)
	c.finish(h)
}

// begin takes the first packet of an answer, or of a further one to the same command.
func (c *Conversation) begin(k *asked, p []byte, size int, h Handler) {
	r := reader{p: p}
	switch {
	case k.Code == fetch || k.Code == fieldList:
		c.phase, c.parted = rows, true
		c.row(k, p, size, h)
	case p[0] == 0 && k.Code == Prepare:
		c.learn(k, p)
		c.finish(h)
	case p[0] == 0 && (k.Code == BinlogDump || k.Code == BinlogDumpGTID): // the log follows
		k.OK = true
		c.finish(h)
		c.phase = over
	case p[0] == 0 && (c.caps&capOptionalMeta == 0 || size > 3): // OK
		r.u8()
		k.OK = true
		k.Affected += r.length()
		r.length()
		c.end(r.u16(), h)
	case p[0] == 0xFB: // the server asks for a file of the client
		k.File = c.keep(p[1:], maxValue)
		c.phase = file
	case k.Code == Query || k.Code == Execute || k.Code == BulkExecute || k.Code == ProcessInfo:
		c.result(k, &r, h)
	default:
		k.OK = true
		c.finish(h)
	}
}

// result takes the head of a result: how many columns follow, and whether they are described.
func (c *Conversation) result(k *asked, r *reader, h Handler) {
	described := true
	if c.caps&capOptionalMeta != 0 {
		described = r.u8() != 0
	}
	n := r.length()
	if n == 0 || n > 4096 { // MySQL has at most 4096 columns
		c.finish(h)
		return
	}
	if c.caps&capOptionalMeta == 0 && len(r.p) == 1 { // MARIADB_CLIENT_CACHE_METADATA
		described = r.p[0] != 0
	}
	k.Columns, k.Results = n, k.Results+1
	c.left, c.phase, c.parted = n, columns, false
	if !described {
		c.phase = rows
	}
}

// row takes a row, or what ends rows or parts them from the columns.
func (c *Conversation) row(k *asked, p []byte, size int, h Handler) {
	if p[0] != 0xFE || size >= full {
		k.Rows++
		k.RowBytes += uint64(size)
		c.parted = true
		return
	}
	r := reader{p: p[1:]}
	if size >= 7 { // the form of OK (CLIENT_DEPRECATE_EOF)
		r.length()
		r.length()
		k.OK = true
		c.end(r.u16(), h)
		return
	}
	r.u16() // warnings
	status := r.u16()
	if !c.parted && status&cursorExists == 0 {
		c.parted = true
		return
	}
	k.OK = true
	c.end(status, h)
}

// end ends an answer, or one of several.
func (c *Conversation) end(status uint16, h Handler) {
	if status&moreResults != 0 {
		c.phase = commands
		return
	}
	c.finish(h)
}

// learn keeps a statement with the number that the server gave it; descriptions of its parameters and columns follow.
func (c *Conversation) learn(k *asked, p []byte) {
	r := reader{p: p[1:]}
	k.OK = true
	e := &c.known[c.prepared%maxPrepared]
	e.id, e.text = r.u32(), c.Space.Append(e.text[:0], k.text[:min(len(k.text), maxStatement/4)])
	c.prepared = (c.prepared + 1) % maxPrepared
	of, parameters := r.u16(), r.u16()
	c.left, c.marks = uint64(of)+uint64(parameters), 0
	if c.caps&capNoEOF == 0 {
		c.marks = min(of, 1) + min(parameters, 1)
	}
}

// define takes a description of a prepared statement. It reports whether p was one.
func (c *Conversation) define(p []byte, size int) bool {
	switch {
	case c.sides[1].head[3] == 1: // an answer begins: the descriptions were fewer
		c.phase, c.left, c.marks = commands, 0, 0
		return false
	case p[0] == 0xFE && size < 9:
		c.marks -= min(c.marks, 1)
	default:
		c.left -= min(c.left, 1)
	}
	if c.left == 0 && c.marks == 0 {
		c.phase = commands
	}
	return true
}

// finish tells the command that has waited longest.
func (c *Conversation) finish(h Handler) {
	if c.phase > commands && c.phase < over {
		c.phase = commands
	}
	if c.waiting == 0 {
		return
	}
	k := &c.queue[c.first]
	k.Statement = k.text
	h.Command(&k.Command)
	c.first, c.waiting = (c.first+1)%maxAsked, c.waiting-1
	c.arena, c.long = c.arena[:0], false
	if k.Code == Prepare && k.OK && (c.left > 0 || c.marks > 0) {
		c.phase = definitions
	}
}
