package conf

import (
	"bytes"
	_ "embed"
	"encoding"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"bulwark/platform/conf/internal/fielddoc"
)

//go:embed comments.tsv
var comments string

// Describe writes a configuration file with every key of the struct that cfg points to: its comment, its type, the
// variable that overrides it, and its present value, which is the default when cfg was not loaded.
// [Load] reads the result back to the same values, secrets apart.
func Describe(w io.Writer, cfg any) error {
	return describe(w, cfg, fielddoc.Read(comments))
}

func describe(w io.Writer, cfg any, docs map[string]string) error {
	d := describer{docs: docs}
	d.section("", "", reflect.ValueOf(cfg).Elem())
	_, err := w.Write(bytes.TrimLeft(d.out.Bytes(), "\n"))
	return err
}

// describer writes one description. Sections inside the element of a list or a map are all commented out.
type describer struct {
	docs map[string]string
	out  bytes.Buffer
}

// comment writes lines behind a #.
func (d *describer) comment(indent, text string) {
	for l := range strings.Lines(text) {
		d.out.WriteString(strings.TrimRight(indent+"# "+strings.TrimRight(l, "\n"), " ") + "\n")
	}
}

func (d *describer) section(path, indent string, v reflect.Value) {
	for _, f := range fields(v.Type()) {
		at := join(path, f.name)
		d.out.WriteString("\n")
		d.comment(indent, fieldDoc(d.docs, v.Type(), f))
		d.entry(at, indent, f.name, v.Field(f.index))
	}
}

// fieldDoc is the comment of a field, with the key's name where the field's began the sentence.
func fieldDoc(docs map[string]string, t reflect.Type, f field) string {
	name := t.Field(f.index).Name
	doc := docs[t.PkgPath()+"."+t.Name()+"."+name]
	if rest, ok := strings.CutPrefix(doc, name+" "); ok {
		doc = f.name + " " + rest
	}
	return doc
}

func (d *describer) entry(path, indent, name string, v reflect.Value) {
	if v.Kind() == reflect.Struct && !isScalar(v) {
		d.out.WriteString(indent + name + ":\n")
		d.section(path, indent+"  ", v)
		return
	}
	d.comment(indent, "("+typeName(v.Type())+"; "+Variable(path)+")")
	if isScalar(v) || v.Kind() == reflect.Slice && isScalar(reflect.New(v.Type().Elem()).Elem()) {
		d.out.WriteString(indent + name + ": " + inline(v) + "\n")
		return
	}
	d.nested(indent, name, v)
}

// nested writes lists and maps of sections, or of anything else deep: the elements there are, else a sample.
func (d *describer) nested(indent, name string, v reflect.Value) {
	d.out.WriteString(indent + name + ":\n")
	if v.Kind() == reflect.Pointer && v.IsNil() || v.Kind() != reflect.Pointer && v.Len() == 0 {
		d.sample(indent, v.Type())
		return
	}
	d.out.WriteString(block(indent+"  ", v))
}

// sample shows what an element looks like, commented out.
func (d *describer) sample(indent string, t reflect.Type) {
	e := reflect.New(t.Elem()).Elem()
	inner := describer{docs: d.docs}
	switch {
	case isScalar(e) && t.Kind() == reflect.Map:
		inner.out.WriteString("NAME: " + inline(e) + "\n")
	case isScalar(e) || e.Kind() != reflect.Struct:
		return
	case t.Kind() == reflect.Slice:
		inner.element(e)
	case t.Kind() == reflect.Map:
		inner.out.WriteString("NAME:\n")
		inner.bare("  ", e)
	default:
		inner.bare("", e)
	}
	for l := range strings.Lines(inner.out.String()) {
		d.out.WriteString(strings.TrimRight(indent+"#   "+l, " \n") + "\n")
	}
}

// element writes a section as an entry of a list.
func (d *describer) element(e reflect.Value) {
	d.out.WriteString("-\n")
	d.bare("  ", e)
}

// bare writes the keys of a section that no variable reaches.
func (d *describer) bare(indent string, v reflect.Value) {
	for _, f := range fields(v.Type()) {
		e := v.Field(f.index)
		d.comment(indent, fieldDoc(d.docs, v.Type(), f))
		if e.Kind() == reflect.Struct && !isScalar(e) {
			d.out.WriteString(indent + f.name + ":\n")
			d.bare(indent+"  ", e)
			continue
		}
		d.comment(indent, "("+typeName(e.Type())+")")
		d.out.WriteString(indent + f.name + ": " + inline(e) + "\n")
	}
}

// block writes a list or a map with a line for each element, and anything else in one line.
func block(indent string, v reflect.Value) string {
	var b strings.Builder
	switch v.Kind() {
	case reflect.Slice:
		for i := range v.Len() {
			b.WriteString(indent + "- " + inline(v.Index(i)) + "\n")
		}
	case reflect.Map:
		for _, name := range sortedKeys(v) {
			b.WriteString(indent + quote(name.String()) + ": " + inline(v.MapIndex(name)) + "\n")
		}
	default:
		b.WriteString(indent + inline(v) + "\n")
	}
	return b.String()
}

// inline writes a value in YAML's flow style.
func inline(v reflect.Value) string {
	if text, ok := scalarText(v); ok {
		return text
	}
	var parts []string
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return "null"
		}
		return inline(v.Elem())
	case reflect.Slice:
		for i := range v.Len() {
			parts = append(parts, inline(v.Index(i)))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case reflect.Map:
		for _, name := range sortedKeys(v) {
			parts = append(parts, quote(name.String())+": "+inline(v.MapIndex(name)))
		}
	case reflect.Struct:
		for _, f := range fields(v.Type()) {
			parts = append(parts, f.name+": "+inline(v.Field(f.index)))
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// scalarText is the YAML of a value that is one text.
func scalarText(v reflect.Value) (string, bool) {
	if v.Kind() == reflect.Pointer && v.IsNil() {
		return "", false
	}
	if m, ok := v.Interface().(encoding.TextMarshaler); ok {
		text, err := m.MarshalText()
		if err != nil || len(text) == 0 {
			return "null", true
		}
		if v.Type() == reflect.TypeFor[slog.Level]() {
			text = bytes.ToLower(text)
		}
		return quote(string(text)), true
	}
	if v.IsZero() && readsText(v.Type()) {
		return "null", true // an empty choice is no choice
	}
	if v.Type() == reflect.TypeFor[time.Duration]() {
		return formatDuration(time.Duration(v.Int())), true
	}
	switch v.Kind() {
	case reflect.String:
		return quote(v.String()), true
	case reflect.Struct, reflect.Slice, reflect.Map, reflect.Pointer:
		return "", false
	}
	return fmt.Sprint(v.Interface()), true
}

func readsText(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// quote writes a text so that YAML reads it as that text.
func quote(s string) string {
	plain := regexp.MustCompile(`^[A-Za-z0-9/][A-Za-z0-9_./@%+:-]*$`)
	if !plain.MatchString(s) || strings.HasSuffix(s, ":") || strings.EqualFold(s, "null") {
		return strconv.Quote(s)
	}
	return s
}

// typeName says in a few words what may be written.
func typeName(t reflect.Type) string {
	if c, ok := reflect.New(t).Interface().(interface{ Choices() []string }); ok {
		return "one of " + strings.Join(c.Choices(), ", ")
	}
	switch t.String() {
	case "time.Duration":
		return "duration"
	case "conf.Size":
		return "size in bytes"
	case "conf.Secret":
		return "secret, or file:PATH"
	case "netip.Addr":
		return "address"
	case "netip.AddrPort":
		return "address and port"
	case "netip.Prefix":
		return "network"
	case "slog.Level":
		return "one of debug, info, warn, error"
	case "regexp.Regexp", "*regexp.Regexp":
		return "regular expression"
	}
	return kindName(t)
}

func kindName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "whole number"
	case reflect.Float32, reflect.Float64:
		return "number"
	case reflect.Slice:
		return "list: " + typeName(t.Elem())
	case reflect.Map:
		return "by name: " + typeName(t.Elem())
	case reflect.Pointer:
		return typeName(t.Elem())
	case reflect.Struct:
		if isScalar(reflect.New(t).Elem()) {
			return "text"
		}
		return "section"
	}
	return "text"
}
