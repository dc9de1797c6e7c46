// Package eve holds the list of the fields of Suricata's EVE records, and judges records by it. The list is made from
// the JSON schema that Suricata publishes (etc/schema.json); the schema itself is not kept here.
package eve

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Field is one field that a record may have.
type Field struct {
	Path     string   // from the top of the record: dns.answers[].rrname
	Types    []string // of JSON: string, integer, number, boolean, object, array; none: any
	Required bool     // the object around it always has it
	Open     bool     // an object that may have fields which are not listed
}

// ErrSchema means that a text is not a JSON schema of the form that Suricata uses.
var ErrSchema = errors.New("eve: not a schema of records")

// schema is what of JSON Schema is needed here.
type schema struct {
	Type       any                `json:"type"` // a name or a list of names
	Ref        string             `json:"$ref"`
	Properties map[string]*schema `json:"properties"`
	Items      *schema            `json:"items"`
	Required   []string           `json:"required"`
	Additional *bool              `json:"additionalProperties"`
	Defs       map[string]*schema `json:"$defs"`
}

// FromSchema lists the fields of a schema, by path.
func FromSchema(text []byte) ([]Field, error) {
	var s schema
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSchema, err)
	}
	if len(s.Properties) == 0 {
		return nil, ErrSchema
	}
	m := maker{defs: s.Defs}
	m.properties("", &s)
	return m.fields, m.err
}

// maker collects the fields of a schema.
type maker struct {
	defs   map[string]*schema
	fields []Field
	err    error
}

func (m *maker) properties(above string, s *schema) {
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		m.field(above+name, s.Properties[name], slices.Contains(s.Required, name))
	}
}

// field adds a field and all below it.
func (m *maker) field(path string, s *schema, required bool) {
	if strings.Count(path, ".") > 16 {
		m.err = fmt.Errorf("%w: %s leads to itself", ErrSchema, path)
		return
	}
	if s.Ref != "" {
		def := m.defs[strings.TrimPrefix(s.Ref, "#/$defs/")]
		if def == nil {
			m.err = fmt.Errorf("%w: %s: nothing is called %s", ErrSchema, path, s.Ref)
			return
		}
		s = def
	}
	open := s.Properties == nil && s.Items == nil || s.Properties != nil && (s.Additional == nil || *s.Additional)
	types := names(s.Type)
	if !slices.Contains(types, "object") && !slices.Contains(types, "array") && len(types) > 0 {
		open = false
	}
	m.fields = append(m.fields, Field{Path: path, Types: types, Required: required, Open: open})
	if s.Items != nil {
		m.field(path+"[]", s.Items, false)
	}
	m.properties(path+".", s)
}

func names(t any) []string {
	switch t := t.(type) {
	case string:
		return []string{t}
	case []any:
		var all []string
		for _, one := range t {
			if name, ok := one.(string); ok {
				all = append(all, name)
			}
		}
		return all
	}
	return nil
}

// Write writes a list, one field a line: path, types, marks. source says where the schema is from.
func Write(w io.Writer, source string, fields []Field) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "# path\ttypes\tmarks: the fields of EVE records, made by conformance -eve-schema from %s\n", source)
	for _, f := range fields {
		var marks []string
		if f.Required {
			marks = append(marks, "required")
		}
		if f.Open {
			marks = append(marks, "open")
		}
		fmt.Fprintf(b, "%s\t%s\t%s\n", f.Path, strings.Join(f.Types, ","), strings.Join(marks, ","))
	}
	return b.Flush()
}

// Read reads what Write wrote. What stands behind the marks is a remark.
func Read(text []byte) ([]Field, error) {
	var all []Field
	s := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; s.Scan(); n++ {
		line := s.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		part := strings.SplitN(line, "\t", 4)
		if len(part) < 3 {
			return nil, fmt.Errorf("eve: line %d of the fields: want path, types and marks, with tabs between", n)
		}
		f := Field{Path: part[0], Required: strings.Contains(part[2], "required"), Open: strings.Contains(part[2], "open")}
		if part[1] != "" {
			f.Types = strings.Split(part[1], ",")
		}
		all = append(all, f)
	}
	return all, s.Err()
}
