// Package eventdoc writes docs/events.md from the payloads themselves: their attributes, and the comments of the Go
// fields that hold them.
package eventdoc

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"reflect"
	"strings"

	"bulwark/event"
	"bulwark/event/ecs"
)

// Room is a room and the kinds that it publishes and reads.
type Room struct {
	Name             string
	Publishes, Reads []event.Kind
}

// Write writes the page. sources are the texts of the files of package event.
func Write(w io.Writer, sources [][]byte, rooms []Room) error {
	docs := map[string]string{}
	for _, s := range sources {
		if err := comments(s, docs); err != nil {
			return err
		}
	}
	var b bytes.Buffer
	b.WriteString(head)
	for _, k := range event.Kinds() {
		t := reflect.TypeOf(event.New(k)).Elem()
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\nPublished by: %s. Read by: %s.\n\n| attribute | type | meaning | ECS |\n|---|---|---|---|\n",
			k, docs[t.Name()], who(rooms, k, func(r Room) []event.Kind { return r.Publishes }),
			who(rooms, k, func(r Room) []event.Kind { return r.Reads }))
		for i, a := range event.Attributes(k) {
			doc := docs[fieldsOf(docs, t.Name())+"."+t.Field(i).Name]
			if doc == "" {
				return fmt.Errorf("eventdoc: %s.%s has no comment that says what it is", t.Name(), t.Field(i).Name)
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", a.Path, a.Type, doc, code(ecs.Name(a.Path)))
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

const head = `# Events

Made by ` + "`go test ./node -run EventsPage -update`" + ` from the payloads in ` + "`event/`" + `; do not edit.

Attribute names are OCSF paths as flat dotted keys; what OCSF lacks follows its style. Every event may also have
` + "`time`, `kind`, `sensor`, `site`, `id`, `connection_info.uid` (the flow), `connection_info.protocol_name`,\n`src_endpoint.ip`, `src_endpoint.port`, `dst_endpoint.ip`, `dst_endpoint.port` and `src_endpoint.vlan_uid`" + `. Src is the
end that began the conversation. Times and durations are nanoseconds; an attribute that is not known is absent.

` + "`bulwark read --json` prints events so; `--eve` prints them as Suricata does (package event/eve says how)." + `
`

func who(rooms []Room, k event.Kind, of func(Room) []event.Kind) string {
	var names []string
	for _, r := range rooms {
		for _, p := range of(r) {
			if p == k {
				names = append(names, r.Name)
			}
		}
	}
	if len(names) == 0 {
		return "nobody yet"
	}
	return strings.Join(names, ", ")
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

// fieldsOf is the type that declares the fields of a type: another one where it was made from it.
func fieldsOf(docs map[string]string, name string) string {
	if from := docs["="+name]; from != "" {
		return from
	}
	return name
}

// comments notes the doc comments of the structs in docs, under "Struct.Field" those of their fields, and under
// "=Type" the type that a type was made from.
func comments(source []byte, docs map[string]string) error {
	f, err := parser.ParseFile(token.NewFileSet(), "payload.go", source, parser.ParseComments)
	if err != nil {
		return err
	}
	ast.Inspect(f, func(n ast.Node) bool {
		d, ok := n.(*ast.GenDecl)
		if !ok || len(d.Specs) != 1 {
			return true
		}
		t, ok := d.Specs[0].(*ast.TypeSpec)
		if !ok {
			return true
		}
		docs[t.Name.Name] = line(d.Doc)
		switch s := t.Type.(type) {
		case *ast.Ident:
			docs["="+t.Name.Name] = s.Name
		case *ast.StructType:
			for _, field := range s.Fields.List {
				for _, name := range field.Names {
					docs[t.Name.Name+"."+name.Name] = line(field.Comment)
				}
			}
		}
		return true
	})
	return nil
}

func line(c *ast.CommentGroup) string {
	if c == nil {
		return ""
	}
	return strings.ReplaceAll(strings.Join(strings.Fields(c.Text()), " "), "|", `\|`)
}
