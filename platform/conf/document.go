package conf

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"bulwark/platform/conf/internal/fielddoc"
)

func sortedKeys(m reflect.Value) []reflect.Value {
	return slices.SortedFunc(slices.Values(m.MapKeys()), func(a, b reflect.Value) int {
		return strings.Compare(a.String(), b.String())
	})
}

// Document writes a Markdown page with every key of the struct that cfg points to, section by section, in the words
// of [Describe].
func Document(w io.Writer, cfg any) error {
	return document(w, cfg, fielddoc.Read(comments))
}

func document(w io.Writer, cfg any, docs map[string]string) error {
	d := documenter{docs: docs}
	d.section("", "", reflect.TypeOf(cfg).Elem(), reflect.ValueOf(cfg).Elem())
	_, err := w.Write(bytes.TrimLeft(d.out.Bytes(), "\n"))
	return err
}

type documenter struct {
	docs map[string]string
	out  bytes.Buffer
}

// section writes the plain keys of a section, then the sections inside it. v is the zero Value inside lists and maps.
func (d *documenter) section(path, doc string, t reflect.Type, v reflect.Value) {
	all := fields(t)
	if path != "" {
		fmt.Fprintf(&d.out, "\n## %s\n", path)
		d.paragraph("", doc)
	}
	for _, f := range all {
		if _, _, ok := inner(path, f.name, t.Field(f.index).Type); !ok || t.Field(f.index).Type.Kind() != reflect.Struct {
			d.key(path, t, f, v)
		}
	}
	for _, f := range all {
		at, e, ok := inner(path, f.name, t.Field(f.index).Type)
		if !ok {
			continue
		}
		var value reflect.Value
		if v.IsValid() && t.Field(f.index).Type.Kind() == reflect.Struct {
			value = v.Field(f.index)
		}
		d.section(at, fieldDoc(d.docs, t, f), e, value)
	}
}

// inner is the section that a field holds: itself, or the elements of a list or map.
func inner(path, name string, t reflect.Type) (at string, section reflect.Type, ok bool) {
	at = join(path, name)
	for !isScalar(reflect.New(t).Elem()) {
		switch t.Kind() {
		case reflect.Slice:
			at += "[]"
		case reflect.Map:
			at += ".NAME"
		case reflect.Struct:
			return at, t, true
		}
		t = t.Elem()
	}
	return "", nil, false
}

// key writes one key: its name and type, its comment, and where it has them its default and variable.
func (d *documenter) key(path string, t reflect.Type, f field, v reflect.Value) {
	at := join(path, f.name)
	fmt.Fprintf(&d.out, "\n- **`%s`** (%s)\n", f.name, typeName(t.Field(f.index).Type))
	d.paragraph("  ", fieldDoc(d.docs, t, f))
	if v.IsValid() {
		fmt.Fprintf(&d.out, "\n  Default `%s`; variable `%s`.\n", inline(v.Field(f.index)), Variable(at))
	}
}

func (d *documenter) paragraph(indent, text string) {
	if text == "" {
		return
	}
	d.out.WriteString("\n")
	for l := range strings.Lines(text) {
		d.out.WriteString(strings.TrimRight(indent+l, " \n") + "\n")
	}
}
