package smb

import "slices"

// tables hold what a conversation remembers. Each is bounded, and what is taken out is used again.
type tables struct {
	waiting  []request
	sessions []*Session
	trees    []*Tree
	files    []*File          // in the order they were opened
	byID     map[FileID]*File // nil as long as they are few

	freeSessions []*Session
	freeTrees    []*Tree
	freeFiles    []*File
	pool         *Pool
	clock        uint64 // counts uses, to know what was not lately used
}

// request is one without its answer.
type request struct {
	message  uint64
	session  uint64
	tree     uint32
	command  Command
	smb1     bool // of SMB 1, by code and process; a NEGOTIATE may be answered in SMB 2
	code     Code
	process  uint32
	function uint16 // TRANS2, NT_TRANS: the subcommand
	level    uint16 // TRANS2: the information level
	async    bool
	proves   bool
	infoType uint8
	class    uint8
	deletes  bool // SET_INFO: the disposition asked for
	length   uint32
	offset   uint64 // READ, WRITE
	control  Control
	file     ref
	signOn   *Session // a session without a number yet, which only this request knows
	connect  *Tree    // the same of a tree
}

// ref points at a file as long as its place is not used for another.
type ref struct {
	file *File
	gen  uint32
}

// get is the file, nil when it is gone.
func (r ref) get() *File {
	if r.file == nil || r.file.gen != r.gen {
		return nil
	}
	return r.file
}

func (f *File) ref() ref {
	if f == nil {
		return ref{}
	}
	return ref{f, f.gen}
}

// What a conversation keeps for the next: more than a few places, or long names, are given back.
const (
	keptPlaces = 8
	keptBytes  = 512
)

func (t *tables) reset() {
	for _, s := range t.sessions {
		t.freeSessions = t.pool.sessionLists.Add(t.freeSessions, s)
	}
	for _, tree := range t.trees {
		t.freeTrees = t.pool.treeLists.Add(t.freeTrees, tree)
	}
	for i := range t.waiting { // what was asked for and never answered is in no table yet
		t.forget(&t.waiting[i])
	}
	for _, f := range t.files {
		f.gen++
		t.freeFiles = t.pool.fileLists.Add(t.freeFiles, f)
	}
	*t = tables{
		waiting: few(t.waiting[:0]), sessions: few(t.sessions[:0]), trees: few(t.trees[:0]), files: few(t.files[:0]),
		pool: t.pool, freeSessions: few(t.freeSessions), freeTrees: few(t.freeTrees), freeFiles: few(t.freeFiles),
	}
	for _, s := range t.freeSessions {
		s.clientText, s.serverText = short(s.clientText), short(s.serverText)
		s.ClientOS, s.ClientLM, s.ServerOS, s.ServerLM = short(s.ClientOS), short(s.ClientLM), short(s.ServerOS), short(s.ServerLM)
	}
	for _, tree := range t.freeTrees {
		tree.Path, tree.Asked, tree.Service = short(tree.Path), short(tree.Asked), short(tree.Service)
	}
	for _, f := range t.freeFiles {
		f.Name, f.Pattern, f.RenamedTo, f.LinkedTo, f.rename = short(f.Name), short(f.Pattern), short(f.RenamedTo), short(f.LinkedTo), short(f.rename)
	}
}

// few is s if it has room for a few, else a copy of its first few.
func few[T any](s []T) []T {
	if cap(s) <= 4*keptPlaces {
		return s[:min(len(s), keptPlaces)]
	}
	return append([]T(nil), s[:min(len(s), keptPlaces)]...)
}

// short is the buffer p, unless it is long.
func short(p []byte) []byte {
	if cap(p) > keptBytes {
		return nil
	}
	return p
}

// forget takes back what a request asked for and did not get.
func (t *tables) forget(r *request) {
	if r.connect != nil {
		t.freeTrees = t.pool.treeLists.Add(t.freeTrees, r.connect)
	}
	if r.signOn != nil {
		t.freeSessions = t.pool.sessionLists.Add(t.freeSessions, r.signOn)
	}
}

// take is the request that message answers; ok is false when none does.
func (t *tables) take(message uint64, interim bool) (r request, ok bool) {
	for i := range t.waiting {
		if w := &t.waiting[i]; w.message != message || w.smb1 && w.command != Negotiate {
			continue
		}
		if interim { // [MS-SMB2] 3.3.4.2: the real answer follows
			t.waiting[i].async = true
			return t.waiting[i], true
		}
		r = t.waiting[i]
		t.waiting = slices.Delete(t.waiting, i, i+1)
		return r, true
	}
	return request{}, false
}

// session is the one with id, nil when it was not seen.
func (t *tables) session(id uint64) *Session {
	if id == 0 {
		return nil
	}
	for _, s := range t.sessions {
		if s.ID == id {
			t.clock++
			s.used = t.clock
			return s
		}
	}
	return nil
}

func (t *tables) newSession() (s *Session) {
	if n := len(t.freeSessions); n > 0 {
		s = t.freeSessions[n-1]
		t.freeSessions = t.freeSessions[:n-1]
	} else {
		s = t.pool.sessions.Fresh()
	}
	t.clock++
	*s = Session{
		clientText: t.pool.Space.Grow(s.clientText[:0], 64), serverText: t.pool.Space.Grow(s.serverText[:0], 128), ClientOS: s.ClientOS[:0], ClientLM: s.ClientLM[:0],
		ServerOS: s.ServerOS[:0], ServerLM: s.ServerLM[:0], Version: 2, used: t.clock,
	}
	return s
}

// tree is the one with id in a session, nil when it was not seen.
func (t *tables) tree(session uint64, id uint32) *Tree {
	for _, tree := range t.trees {
		if tree.ID == id && (tree.SessionID == session || tree.Version == 1) { // SMB 1: users share trees
			t.clock++
			tree.used = t.clock
			return tree
		}
	}
	return nil
}

func (t *tables) newTree() (tree *Tree) {
	if n := len(t.freeTrees); n > 0 {
		tree = t.freeTrees[n-1]
		t.freeTrees = t.freeTrees[:n-1]
	} else {
		tree = t.pool.trees.Fresh()
	}
	t.clock++
	*tree = Tree{Path: tree.Path[:0], Asked: tree.Asked[:0], Service: tree.Service[:0], Version: 2, used: t.clock}
	return tree
}

// newFile has a place for another file; the caller has seen to it that there is one.
func (t *tables) newFile() (f *File) {
	if n := len(t.freeFiles); n > 0 {
		f = t.freeFiles[n-1]
		t.freeFiles = t.freeFiles[:n-1]
	} else {
		f = t.pool.files.Fresh()
	}
	*f = File{
		Name: f.Name[:0], Pattern: f.Pattern[:0], RenamedTo: f.RenamedTo[:0], LinkedTo: f.LinkedTo[:0], rename: f.rename[:0],
		Version: 2, gen: f.gen, used: true,
	}
	t.files = t.pool.fileLists.Add(t.files, f)
	return f
}

// name gives a file its identifier.
func (t *tables) name(f *File, id FileID) {
	f.ID, f.inMap = id, true
	switch {
	case t.byID != nil:
		t.byID[id] = f
	case len(t.files) > keptPlaces:
		t.byID = make(map[FileID]*File)
		for _, f := range t.files {
			if f.inMap {
				t.byID[f.ID] = f
			}
		}
	}
}

// named is the file with an identifier, nil when there is none.
func (t *tables) named(id FileID) *File {
	if t.byID != nil {
		return t.byID[id]
	}
	for i := len(t.files) - 1; i >= 0; i-- {
		if f := t.files[i]; f.inMap && f.ID == id {
			return f
		}
	}
	return nil
}

// drop takes a file out.
func (t *tables) drop(f *File) {
	for i := len(t.files) - 1; i >= 0; i-- { // mostly one of the last
		if t.files[i] == f {
			t.files = slices.Delete(t.files, i, i+1)
			break
		}
	}
	if f.inMap && t.byID[f.ID] == f {
		delete(t.byID, f.ID)
	}
	f.gen++
	t.freeFiles = t.pool.fileLists.Add(t.freeFiles, f)
}

// idle is a file to make room: the first that was not used since this was last asked, else the oldest.
func (t *tables) idle() *File {
	for _, f := range t.files {
		if !f.used {
			return f
		}
		f.used = false
	}
	return t.files[0]
}
