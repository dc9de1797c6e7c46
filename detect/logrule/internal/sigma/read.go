package sigma

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// Options are what a rule is read with.
type Options struct {
	// Placeholders are the values of what rules write between percent signs with the modifier expand.
	Placeholders map[string][]string
}

// MaxFile is how large a file may be, bytes.
const MaxFile = 4 << 20

// Read reads the documents of a file. Those that are well are returned even where others are not; the errors are of type [*Error],
// joined.
func Read(text []byte, file string, o Options) ([]Document, error) {
	if len(text) > MaxFile {
		return nil, &Error{At: Place{File: file}, Why: fmt.Sprintf("it is larger than %d bytes", MaxFile)}
	}
	var all []Document
	var errs []error
	d := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var n yaml.Node
		if err := d.Decode(&n); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			errs = append(errs, unread(file, err))
			break
		}
		r := &reader{file: file, options: o}
		doc, err := r.document(&n)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		all = append(all, doc)
	}
	if len(all)+len(errs) == 0 {
		errs = append(errs, &Error{At: Place{File: file}, Why: "it holds no rule"})
	}
	return all, errors.Join(errs...)
}

// reader reads one document.
type reader struct {
	file    string
	options Options
	nodes   int // that were looked at: aliases may make few lines many
}

const maxNodes = 200_000

func (r *reader) wrong(n *yaml.Node, path, format string, args ...any) error {
	return &Error{At: Place{r.file, n.Line, n.Column}, Path: path, Why: fmt.Sprintf(format, args...)}
}

// resolved is what a node stands for.
func (r *reader) resolved(n *yaml.Node, path string) (*yaml.Node, error) {
	if r.nodes++; r.nodes > maxNodes {
		return nil, r.wrong(n, path, "it is too large")
	}
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n, nil
}

// pair is a key and its value.
type pair struct {
	name       string
	key, value *yaml.Node
}

// pairs are the keys of a map, in their order.
func (r *reader) pairs(n *yaml.Node, path string) (all []pair, err error) {
	if n.Kind != yaml.MappingNode {
		return nil, r.wrong(n, path, "it has no keys")
	}
	seen := map[string]bool{}
	for k := 0; k+1 < len(n.Content); k += 2 {
		key, err := r.resolved(n.Content[k], path)
		if err != nil {
			return nil, err
		}
		if seen[key.Value] {
			return nil, r.wrong(key, path, "%q is given twice", key.Value)
		}
		seen[key.Value] = true
		value, err := r.resolved(n.Content[k+1], path)
		if err != nil {
			return nil, err
		}
		all = append(all, pair{key.Value, key, value})
	}
	return all, nil
}

func (r *reader) document(n *yaml.Node) (out Document, err error) {
	if n.Kind == yaml.DocumentNode && len(n.Content) == 1 {
		n = n.Content[0]
	}
	keys, err := r.pairs(n, "")
	if err != nil {
		return out, err
	}
	byName := map[string]pair{}
	for _, p := range keys {
		byName[p.name] = p
	}
	head, err := r.head(n, keys)
	if err != nil {
		return out, err
	}
	switch {
	case byName["action"].value != nil:
		err = r.wrong(byName["action"].key, "action", "rules that share parts are of older Sigma; write each as a whole")
	case byName["correlation"].value != nil:
		out.Correlation, err = r.correlation(head, byName)
	case byName["filter"].value != nil:
		out.Filter, err = r.filter(head, byName)
	case byName["detection"].value != nil:
		out.Rule, err = r.rule(head, byName)
	default:
		err = r.wrong(n, "", "it has none of detection, correlation, filter")
	}
	return out, err
}

// head reads what every document begins with.
func (r *reader) head(n *yaml.Node, keys []pair) (h Head, err error) {
	h.At = Place{r.file, n.Line, n.Column}
	texts := map[string]*string{"title": &h.Title, "id": &h.ID, "name": &h.Name, "status": &h.Status, "description": &h.Description,
		"author": &h.Author, "license": &h.License}
	lists := map[string]*[]string{"references": &h.References, "falsepositives": &h.FalsePositives, "tags": &h.Tags}
	dates := map[string]*time.Time{"date": &h.Date, "modified": &h.Modified}
	for _, p := range keys {
		switch {
		case texts[p.name] != nil:
			*texts[p.name], err = r.text(p.value, p.name)
		case lists[p.name] != nil:
			*lists[p.name], err = r.texts(p.value, p.name)
		case dates[p.name] != nil:
			*dates[p.name] = date(p.value.Value)
		case p.name == "level":
			k := slices.Index(levels[1:], p.value.Value)
			if k < 0 {
				return h, r.wrong(p.value, "level", "%q is none of %s", p.value.Value, strings.Join(levels[1:], ", "))
			}
			h.Level = Level(k + 1)
		}
		if err != nil {
			return h, err
		}
	}
	if h.Title == "" {
		return h, r.wrong(n, "title", "it is missing")
	}
	return h, nil
}

// date reads a day; the zero time where it is none, which is no reason to lose a rule.
func date(s string) time.Time {
	for _, form := range [...]string{time.DateOnly, "2006/01/02"} {
		if t, err := time.Parse(form, s); err == nil {
			return t
		}
	}
	return time.Time{}
}

func (r *reader) text(n *yaml.Node, path string) (string, error) {
	if n.Kind != yaml.ScalarNode {
		return "", r.wrong(n, path, "it is no text")
	}
	if n.Tag == "!!null" {
		return "", nil
	}
	return n.Value, nil
}

// texts are those of a list; a single text is a list of one.
func (r *reader) texts(n *yaml.Node, path string) (all []string, err error) {
	if n.Kind != yaml.SequenceNode {
		s, err := r.text(n, path)
		if err != nil || s == "" {
			return nil, err
		}
		return []string{s}, nil
	}
	for _, x := range n.Content {
		x, err := r.resolved(x, path)
		if err != nil {
			return nil, err
		}
		s, err := r.text(x, path)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// source reads which log a rule is about.
func (r *reader) source(p pair) (s Source, err error) {
	if p.value == nil {
		return s, nil
	}
	keys, err := r.pairs(p.value, "logsource")
	if err != nil {
		return s, err
	}
	to := map[string]*string{"product": &s.Product, "category": &s.Category, "service": &s.Service, "definition": &s.Definition}
	for _, k := range keys {
		if to[k.name] == nil {
			continue // the specification lets rules say more
		}
		if *to[k.name], err = r.text(k.value, "logsource."+k.name); err != nil {
			return s, err
		}
	}
	for _, x := range [...]*string{&s.Product, &s.Category, &s.Service} {
		*x = strings.ToLower(*x)
	}
	return s, nil
}

func (r *reader) rule(h Head, keys map[string]pair) (*Rule, error) {
	out := &Rule{Head: h}
	var err error
	if keys["logsource"].value == nil {
		return nil, r.wrong(keys["detection"].key, "logsource", "it is missing")
	}
	if out.Source, err = r.source(keys["logsource"]); err != nil {
		return nil, err
	}
	if f := keys["fields"].value; f != nil {
		if out.Fields, err = r.texts(f, "fields"); err != nil {
			return nil, err
		}
	}
	all, err := r.pairs(keys["detection"].value, "detection")
	if err != nil {
		return nil, err
	}
	out.Condition, err = r.detection(all, keys["detection"].key, "detection")
	return out, err
}

// filter reads a filter: its searches stand beside the rules that it is for.
func (r *reader) filter(h Head, keys map[string]pair) (*Filter, error) {
	out := &Filter{Head: h}
	var err error
	if out.Source, err = r.source(keys["logsource"]); err != nil {
		return nil, err
	}
	all, err := r.pairs(keys["filter"].value, "filter")
	if err != nil {
		return nil, err
	}
	k := slices.IndexFunc(all, func(p pair) bool { return p.name == "rules" })
	if k >= 0 {
		if out.Rules, err = r.texts(all[k].value, "filter.rules"); err != nil {
			return nil, err
		}
		all = slices.Delete(all, k, k+1)
	}
	if len(out.Rules) == 1 && out.Rules[0] == "any" {
		out.Rules = nil
	}
	out.Condition, err = r.detection(all, keys["filter"].key, "filter")
	return out, err
}

// detection reads searches and the condition that joins them.
func (r *reader) detection(all []pair, at *yaml.Node, path string) (*Node, error) {
	searches := map[string]*Node{}
	var conditions []string
	var where *yaml.Node
	for _, p := range all {
		var err error
		switch p.name {
		case "condition":
			where = p.value
			conditions, err = r.texts(p.value, path+".condition")
		case "timeframe": // of older Sigma; what it belongs to is refused
		default:
			searches[p.name], err = r.search(p.value, path+"."+p.name, 0)
		}
		if err != nil {
			return nil, err
		}
	}
	if len(conditions) == 0 {
		return nil, r.wrong(at, path+".condition", "it is missing")
	}
	any := &Node{Op: Or}
	for _, text := range conditions {
		n, err := condition(text, searches)
		if err != nil {
			return nil, r.wrong(where, path+".condition", "%v", err)
		}
		any.Of = append(any.Of, n)
	}
	return single(any), nil
}

// search reads a search: keys that must all hold, a list of such of which one must, or texts that stand anywhere.
func (r *reader) search(n *yaml.Node, path string, depth int) (*Node, error) {
	if depth > maxDepth {
		return nil, r.wrong(n, path, "it is nested more than %d deep", maxDepth)
	}
	switch n.Kind {
	case yaml.MappingNode:
		keys, err := r.pairs(n, path)
		if err != nil {
			return nil, err
		}
		out := &Node{Op: And}
		for _, p := range keys {
			x, err := r.key(p, path)
			if err != nil {
				return nil, err
			}
			out.Of = append(out.Of, x)
		}
		if len(out.Of) == 0 {
			return nil, r.wrong(n, path, "it is empty")
		}
		return single(out), nil
	case yaml.SequenceNode:
		out := &Node{Op: Or}
		for k, x := range n.Content {
			x, err := r.resolved(x, path)
			if err != nil {
				return nil, err
			}
			one, err := r.search(x, fmt.Sprintf("%s[%d]", path, k), depth+1)
			if err != nil {
				return nil, err
			}
			out.Of = append(out.Of, one)
		}
		if len(out.Of) == 0 {
			return nil, r.wrong(n, path, "it is empty")
		}
		return single(out), nil
	default:
		return r.key(pair{"", n, n}, path)
	}
}

// key reads a field, its modifiers and its values.
func (r *reader) key(p pair, path string) (*Node, error) {
	if p.name != "" {
		path += "." + p.name
	}
	words := strings.Split(p.name, "|")
	it := &item{field: words[0]}
	list := []*yaml.Node{p.value}
	if p.value.Kind == yaml.SequenceNode {
		list = p.value.Content
	}
	for _, n := range list {
		n, err := r.resolved(n, path)
		if err != nil {
			return nil, err
		}
		if n.Kind != yaml.ScalarNode {
			return nil, r.wrong(n, path, "a field is compared with texts, numbers, true, false or null")
		}
		v := valueOf(n)
		it.values = append(it.values, []*value{v})
	}
	if len(it.values) == 0 {
		return nil, r.wrong(p.key, path, "it has no value")
	}
	if err := modify(it, words[1:], r.options.Placeholders); err != nil {
		return nil, &Error{At: Place{r.file, p.key.Line, p.key.Column}, Path: path, Why: err.Error(), Waits: errors.Is(err, errWaits)}
	}
	n, err := it.node()
	if err != nil {
		return nil, r.wrong(p.key, path, "%v", err)
	}
	return n, nil
}

func valueOf(n *yaml.Node) *value {
	switch n.Tag {
	case "!!null":
		return &value{kind: nullKind}
	case "!!bool":
		return &value{boolKind, n.Value, Literal(n.Value)}
	case "!!int", "!!float":
		return &value{numberKind, n.Value, Literal(n.Value)}
	}
	return &value{textKind, n.Value, ParsePattern(n.Value)}
}

// unread is what YAML says of a file that it cannot read, with the place where it says one.
func unread(file string, err error) error {
	var at *yaml.LoadError
	if !errors.As(err, &at) || at.Mark.Line == 0 {
		return &Error{At: Place{File: file}, Why: strings.TrimPrefix(err.Error(), "yaml: ")}
	}
	return &Error{At: Place{file, at.Mark.Line, max(1, at.Mark.Column)}, Why: at.Message}
}
