package eve

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// List judges records.
type List struct {
	fields   map[string]*Field
	required map[string][]string // names that the object at a path always has
}

// NewList makes a list of fields. Of two fields of one path the first counts.
func NewList(fields ...Field) *List {
	l := &List{fields: map[string]*Field{}, required: map[string][]string{}}
	for i := range fields {
		f := &fields[i]
		if l.fields[f.Path] != nil {
			continue
		}
		l.fields[f.Path] = f
		if f.Required {
			at := strings.LastIndex(f.Path, ".")
			above := ""
			if at >= 0 {
				above = f.Path[:at]
			}
			l.required[above] = append(l.required[above], f.Path[at+1:])
		}
	}
	return l
}

// Has reports whether a path is in the list.
func (l *List) Has(path string) bool { return l.fields[path] != nil }

// Paths are all paths that hold a value of their own, in order: no objects, no lists of objects.
func (l *List) Paths() []string {
	inner := map[string]bool{}
	for path := range l.fields {
		if at := strings.LastIndex(path, "."); at >= 0 {
			inner[path[:at]] = true
			inner[strings.TrimSuffix(path[:at], "[]")] = true
		}
	}
	var all []string
	for path := range maps.Keys(l.fields) {
		if !inner[path] && !strings.HasSuffix(path, "[]") {
			all = append(all, path)
		}
	}
	slices.Sort(all)
	return all
}

// Judge calls tell for each field of a record, with what is wrong about it; why is empty where nothing is.
func (l *List) Judge(record map[string]any, tell func(path, why string)) { l.object("", record, tell) }

func (l *List) object(path string, o map[string]any, tell func(path, why string)) {
	below := path + "."
	if path == "" {
		below = ""
	}
	open := path != "" && l.fields[path].Open
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if !open || l.fields[below+name] != nil {
			l.value(below+name, o[name], tell)
		}
	}
	for _, name := range l.required[path] {
		if _, ok := o[name]; !ok {
			tell(below+name, "is missing where it is required")
		}
	}
}

func (l *List) value(path string, v any, tell func(path, why string)) {
	f := l.fields[path]
	if f == nil {
		tell(path, "is not in the list")
		return
	}
	if len(f.Types) > 0 && !slices.ContainsFunc(f.Types, func(t string) bool { return is(v, t) }) {
		tell(path, fmt.Sprintf("is %s, want %s", kind(v), strings.Join(f.Types, " or ")))
		return
	}
	tell(path, "")
	switch v := v.(type) {
	case map[string]any:
		l.object(path, v, tell)
	case []any:
		if l.fields[path+"[]"] == nil {
			return
		}
		for _, one := range v {
			l.value(path+"[]", one, tell)
		}
	}
}

// is reports whether v, as encoding/json decodes it with numbers as text, is of a type of JSON Schema.
func is(v any, name string) bool {
	got := kind(v)
	return got == name || got == "integer" && name == "number"
}

func kind(v any) string {
	switch v := v.(type) {
	case string:
		return "string"
	case bool:
		return "boolean"
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			return "number"
		}
		return "integer"
	case map[string]any:
		return "object"
	case []any:
		return "array"
	}
	return "null"
}
