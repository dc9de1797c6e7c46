package engine

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"bulwark/detect/signature/internal/match"
	"bulwark/detect/signature/internal/rule"
)

// maxLearned is how many values rules may add to one dataset. More are not learned, and counted.
const maxLearned = 1 << 18

// maxContext is how many bytes of what datasets say of their values an alert holds.
const maxContext = 16 << 10

// dataset is a named set of values that rules ask for and change: what was read of files, which never changes, and what
// rules have set since.
type dataset struct {
	kind   string // string, md5, sha1, sha256, ipv4, ip
	loaded map[string]entry

	mu      sync.Mutex
	learned map[string]bool // false: it was loaded, and taken away by a rule
	refused uint64
}

// entry is what is said of a value.
type entry struct {
	rep     uint64 // reputation
	context string // JSON
}

// dataTest is a dataset or datarep of a rule.
type dataTest struct {
	set       *dataset
	context   string // under which key an alert has what is said of the value; "": it has not
	subdomain bool   // a value holds for all names below it
}

// compileData finds the dataset of a test, reading its file where it is the first that names one.
func (s *Set) compileData(r *rule.Rule, t *rule.Dataset) error {
	d := s.datasets[t.Name]
	if d == nil {
		d = &dataset{kind: t.Type, loaded: map[string]entry{}}
		if d.kind == "" {
			return fmt.Errorf("dataset %s has no type, and no rule before this one gives it one", t.Name)
		}
		if err := d.load(s.data, r, t); err != nil {
			return err
		}
		s.datasets[t.Name] = d
	} else if t.Type != "" && t.Type != d.kind {
		return fmt.Errorf("dataset %s is of %s for another rule, of %s for this one", t.Name, d.kind, t.Type)
	}
	x := &dataTest{set: d}
	for _, p := range t.Pairs {
		switch p.Key {
		case "context_key":
			x.context = p.Value
		case "match":
			x.subdomain = p.Value == "subdomain"
		}
	}
	s.dataTests[t] = x
	return nil
}

// load reads the file of a dataset. One that is to be made by saving need not be there.
func (d *dataset) load(files map[string][]byte, r *rule.Rule, t *rule.Dataset) error {
	name := t.Load
	if name == "" {
		name = t.State
	}
	if name == "" {
		return nil
	}
	text, ok := files[dataPath(r.Pos.File, name)]
	if !ok {
		if t.Load == "" {
			return nil
		}
		return fmt.Errorf("dataset %s: %s is not there", t.Name, name)
	}
	options := map[string]string{}
	for _, p := range t.Pairs {
		options[p.Key] = p.Value
	}
	if f := options["format"]; f == "json" || f == "ndjson" || f == "jsonline" {
		return d.readJSON(t.Name, text, options)
	}
	return d.readLines(t.Name, text)
}

// dataPath is where a file lies that a rule names: beside the file of the rule, unless it names it wholly.
func dataPath(rules, name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join(path.Dir(rules), name)
}

// readLines reads a value a line, with its reputation behind a comma.
func (d *dataset) readLines(name string, text []byte) error {
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		value, rep, _ := strings.Cut(line, ",")
		key, ok := d.parse(strings.TrimSpace(value), true)
		if !ok {
			return fmt.Errorf("dataset %s: line %d is no %s", name, n, d.kind)
		}
		e := entry{}
		if rep != "" {
			v, err := strconv.ParseUint(strings.TrimSpace(rep), 10, 16)
			if err != nil {
				return fmt.Errorf("dataset %s: line %d: %q is no reputation", name, n, rep)
			}
			e.rep = v
		}
		d.loaded[key] = e
	}
	return lines.Err()
}

// readJSON reads objects: an array of them, or one a line.
func (d *dataset) readJSON(name string, text []byte, options map[string]string) error {
	var objects []json.RawMessage
	if options["format"] == "json" {
		at := json.RawMessage(text)
		for key := range strings.SplitSeq(options["array_key"], ".") {
			if key == "" {
				break
			}
			var m map[string]json.RawMessage
			if err := json.Unmarshal(at, &m); err != nil {
				return fmt.Errorf("dataset %s: %w", name, err)
			}
			at = m[key]
		}
		if err := json.Unmarshal(at, &objects); err != nil {
			return fmt.Errorf("dataset %s: %w", name, err)
		}
	} else {
		for line := range bytes.SplitSeq(text, []byte{'\n'}) {
			if line = bytes.TrimSpace(line); len(line) > 0 {
				objects = append(objects, line)
			}
		}
	}
	keys := strings.Split(options["value_key"], ".")
	_, remove := options["remove_key"]
	for n, o := range objects {
		value, context, err := pluck(o, keys, remove)
		if err != nil {
			return fmt.Errorf("dataset %s: object %d: %w", name, n+1, err)
		}
		key, ok := d.parse(value, false)
		if !ok {
			return fmt.Errorf("dataset %s: object %d: %q is no %s", name, n+1, value, d.kind)
		}
		d.loaded[key] = entry{context: string(context)}
	}
	return nil
}

// pluck is the text at a path in an object, and the object, without it where remove says so.
func pluck(object json.RawMessage, keys []string, remove bool) (value string, rest json.RawMessage, err error) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(object, &m); err != nil {
		return "", nil, err
	}
	at, ok := m[keys[0]]
	if !ok {
		return "", nil, fmt.Errorf("it has no %s", strings.Join(keys, "."))
	}
	if len(keys) == 1 {
		if err := json.Unmarshal(at, &value); err != nil {
			return "", nil, err
		}
		delete(m, keys[0])
	} else {
		if value, at, err = pluck(at, keys[1:], remove); err != nil {
			return "", nil, err
		}
		m[keys[0]] = at
	}
	if !remove {
		return value, bytes.Clone(object), nil
	}
	rest, err = json.Marshal(m)
	return value, rest, err
}

// parse is the form in which a value is looked up. Strings are coded in lists of lines.
func (d *dataset) parse(text string, coded bool) (string, bool) {
	switch d.kind {
	case "string":
		if !coded {
			return text, true
		}
		b, err := base64.StdEncoding.DecodeString(text)
		return string(b), err == nil
	case "md5", "sha1", "sha256":
		b, err := hex.DecodeString(text)
		return string(b), err == nil && len(b) == digestSize[d.kind]
	}
	a, err := netip.ParseAddr(text)
	if err != nil || d.kind == "ipv4" && !a.Is4() {
		return "", false
	}
	return string(a.Unmap().AsSlice()), true
}

var digestSize = map[string]int{"md5": 16, "sha1": 20, "sha256": 32}

// value is the form in which a buffer is looked up; false: it cannot be of the set.
func (d *dataset) value(b []byte) ([]byte, bool) {
	if size := digestSize[d.kind]; size > 0 {
		if len(b) == 2*size { // of a file it is known as digits
			sum := make([]byte, size)
			_, err := hex.Decode(sum, b)
			return sum, err == nil
		}
		return b, len(b) == size
	}
	switch d.kind {
	case "ipv4":
		return b, len(b) == 4
	case "ip":
		return b, len(b) == 4 || len(b) == 16
	}
	return b, true
}

// find is what is said of a value.
func (d *dataset) find(b []byte) (entry, bool) {
	e, ok := d.loaded[string(b)]
	d.mu.Lock()
	defer d.mu.Unlock()
	if is, changed := d.learned[string(b)]; changed {
		return e, is
	}
	return e, ok
}

// put adds a value or takes it away, and reports whether that changed the set.
func (d *dataset) put(b []byte, is bool) bool {
	if _, was := d.find(b); was == is {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.learned) >= maxLearned {
		d.refused++
		return false
	}
	if d.learned == nil {
		d.learned = map[string]bool{}
	}
	d.learned[string(b)] = is
	return true
}

// inherit takes over what rules have added to the set that was in force before.
func (d *dataset) inherit(before *dataset) {
	if before == nil || before.kind != d.kind {
		return
	}
	before.mu.Lock()
	defer before.mu.Unlock()
	d.learned = map[string]bool{}
	for k, is := range before.learned {
		d.learned[k] = is
	}
}

// inSet is what a machine asks: whether a dataset or datarep holds of a value.
func (w *Watcher) inSet(t *rule.Dataset, b []byte) bool {
	x := w.set.dataTests[t]
	if x == nil {
		return false
	}
	v, ok := x.set.value(b)
	if !ok {
		return t.Command == "isnotset"
	}
	switch t.Command {
	case "set":
		return x.set.put(v, true)
	case "unset":
		return x.set.put(v, false)
	}
	e, found := x.set.find(v)
	if !found && x.subdomain {
		e, found = x.below(v)
	}
	if t.Rep != nil {
		return found && match.Holds(t.Rep, e.rep, t.Rep.A)
	}
	if found && x.context != "" && e.context != "" && len(w.context)+len(e.context) < maxContext {
		w.contextKey(x.context)
		w.context = append(w.context, e.context...)
	}
	return found == (t.Command == "isset")
}

// below looks whether a name is below one of the set, with or without a point before it.
func (x *dataTest) below(v []byte) (entry, bool) {
	for {
		i := bytes.IndexByte(v, '.')
		if i < 0 {
			return entry{}, false
		}
		v = v[i+1:]
		if e, ok := x.set.find(v); ok {
			return e, true
		}
		if e, ok := x.set.find(slices.Concat([]byte{'.'}, v)); ok {
			return e, true
		}
	}
}
