package conf

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// field is one key of a struct.
type field struct {
	name  string
	index int
}

// fields are the keys of a struct type in the order of the source. A tag on a field that cannot be set is a
// mistake of the program.
func fields(t reflect.Type) []field {
	var all []field
	for i := range t.NumField() {
		f := t.Field(i)
		name, ok := f.Tag.Lookup("conf")
		if !ok {
			continue
		}
		if !f.IsExported() || name == "" || strings.ContainsAny(name, ",.[] ") {
			panic(fmt.Sprintf("conf: field %s of %s has the tag conf:%q", f.Name, t, name))
		}
		all = append(all, field{name: name, index: i})
	}
	return all
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func line(n ast.Node) int { return n.GetToken().Position.Line }

// asText returns the value's own reading of text, or nil when it has none.
func asText(v reflect.Value) encoding.TextUnmarshaler {
	if !v.CanAddr() {
		return nil
	}
	u, _ := v.Addr().Interface().(encoding.TextUnmarshaler)
	return u
}

// value reads a node into v.
func (l *loader) value(path string, n ast.Node, v reflect.Value) {
	switch n.(type) {
	case *ast.NullNode:
		return // the key keeps its default
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		l.problem(path, line(n), errors.New("anchors, aliases and tags are not read: write the value here"))
		return
	}
	if v.Kind() == reflect.Pointer && asText(v) == nil {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		v = v.Elem()
	}
	switch {
	case isScalar(v):
		l.scalarNode(path, n, v)
	case v.Kind() == reflect.Struct:
		l.section(path, n, v)
	case v.Kind() == reflect.Slice:
		l.list(path, n, v)
	case v.Kind() == reflect.Map:
		l.dictionary(path, n, v)
	}
}

// isScalar tells whether v is read from one text.
func isScalar(v reflect.Value) bool {
	if asText(v) != nil {
		return true
	}
	switch v.Kind() {
	case reflect.Struct, reflect.Slice, reflect.Map, reflect.Pointer:
		return false
	}
	return true
}

func (l *loader) scalarNode(path string, n ast.Node, v reflect.Value) {
	text, ok := scalar(n)
	if !ok {
		l.problem(path, line(n), errors.New("one value is wanted here, not a list or a section"))
		return
	}
	if err := setText(text, v); err != nil {
		l.problem(path, line(n), err)
	}
}

// scalar is the text of a node that holds one value.
func scalar(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// setText reads one text into a scalar.
func setText(text string, v reflect.Value) error {
	if u := asText(v); u != nil {
		return u.UnmarshalText([]byte(text))
	}
	if v.Type() == reflect.TypeFor[time.Duration]() {
		d, err := parseDuration(text)
		if err == nil {
			v.SetInt(int64(d))
		}
		return err
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
		return nil
	case reflect.Bool:
		return setBool(text, v)
	case reflect.Float32, reflect.Float64:
		return setFloat(text, v)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return setInt(text, v)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return setUint(text, v)
	}
	panic(fmt.Sprintf("conf: a key of type %s cannot be read", v.Type()))
}

func setBool(text string, v reflect.Value) error {
	switch text {
	case "true", "false":
		v.SetBool(text == "true")
		return nil
	}
	return fmt.Errorf("%q is neither true nor false", text)
}

func setFloat(text string, v reflect.Value) error {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) || v.OverflowFloat(f) {
		return fmt.Errorf("%q is no number", text)
	}
	v.SetFloat(f)
	return nil
}

// base is 10 unless the text says otherwise: 010 is ten, as YAML 1.2 has it.
func base(text string) int {
	if strings.HasPrefix(text, "0x") || strings.HasPrefix(text, "0o") || strings.Contains(text, "_") {
		return 0
	}
	return 10
}

func setInt(text string, v reflect.Value) error {
	i, err := strconv.ParseInt(text, base(text), 64)
	if errors.Is(err, strconv.ErrRange) || err == nil && v.OverflowInt(i) {
		limit := int64(1)<<(v.Type().Bits()-1) - 1
		return fmt.Errorf("%s is outside of %d to %d", text, -limit-1, limit)
	}
	if err != nil {
		return fmt.Errorf("%q is no whole number", text)
	}
	v.SetInt(i)
	return nil
}

func setUint(text string, v reflect.Value) error {
	u, err := strconv.ParseUint(text, base(text), 64)
	if errors.Is(err, strconv.ErrRange) || err == nil && v.OverflowUint(u) {
		return fmt.Errorf("%s is outside of 0 to %d", text, uint64(math.MaxUint64)>>(64-v.Type().Bits()))
	}
	if err != nil {
		if _, signed := strconv.ParseInt(text, 10, 64); signed == nil {
			return fmt.Errorf("%s is below 0", text)
		}
		return fmt.Errorf("%q is no whole number", text)
	}
	v.SetUint(u)
	return nil
}

// section reads a mapping into a struct.
func (l *loader) section(path string, n ast.Node, v reflect.Value) {
	m, ok := n.(*ast.MappingNode)
	if !ok {
		l.problem(path, line(n), errors.New("a section of keys is wanted here"))
		return
	}
	known := fields(v.Type())
	for _, kv := range m.Values {
		key, ok := l.key(path, kv)
		if !ok {
			continue
		}
		f, ok := find(known, key)
		if !ok {
			l.problem(join(path, key), line(kv.Key), unknown(known))
			continue
		}
		l.value(join(path, key), kv.Value, v.Field(f.index))
	}
}

// key is the name of a mapping's entry, whose line is noted.
func (l *loader) key(path string, kv *ast.MappingValueNode) (string, bool) {
	name, ok := scalar(kv.Key)
	if !ok {
		l.problem(path, line(kv.Key), fmt.Errorf("%s is not a plain key", kv.Key.String()))
		return "", false
	}
	l.note(join(path, name), line(kv.Key))
	return name, true
}

// note remembers where a path was set.
func (l *loader) note(path string, line int) {
	if l.variable != "" {
		l.variables[path] = l.variable
		return
	}
	l.lines[path] = line
}

func find(known []field, name string) (field, bool) {
	for _, f := range known {
		if f.name == name {
			return f, true
		}
	}
	return field{}, false
}

func unknown(known []field) error {
	names := make([]string, len(known))
	for i, f := range known {
		names[i] = f.name
	}
	return fmt.Errorf("no such key; here stand %s", strings.Join(names, ", "))
}

// list reads a sequence into a slice. It replaces the default.
func (l *loader) list(path string, n ast.Node, v reflect.Value) {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		l.problem(path, line(n), errors.New("a list is wanted here"))
		return
	}
	all := reflect.MakeSlice(v.Type(), len(s.Values), len(s.Values))
	for i, e := range s.Values {
		at := fmt.Sprintf("%s[%d]", path, i)
		l.note(at, line(e))
		l.value(at, e, all.Index(i))
	}
	v.Set(all)
}

// dictionary reads a mapping into a map with text keys. It is laid over the default, key by key.
func (l *loader) dictionary(path string, n ast.Node, v reflect.Value) {
	m, ok := n.(*ast.MappingNode)
	if !ok {
		l.problem(path, line(n), errors.New("a section of names is wanted here"))
		return
	}
	all := reflect.MakeMap(v.Type())
	for name, e := range v.Seq2() {
		all.SetMapIndex(name, e)
	}
	for _, kv := range m.Values {
		key, ok := l.key(path, kv)
		if !ok {
			continue
		}
		name := reflect.ValueOf(key).Convert(v.Type().Key())
		e := reflect.New(v.Type().Elem()).Elem()
		if old := all.MapIndex(name); old.IsValid() {
			e.Set(old)
		}
		l.value(join(path, key), kv.Value, e)
		all.SetMapIndex(name, e)
	}
	v.Set(all)
}
