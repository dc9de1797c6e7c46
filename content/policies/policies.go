// Package policies holds who may do what, as content that an administrator reads: Cedar policies with their reasons in two languages,
// the schema of what they speak of, and the invariants that no change may break. A hospital adds files of its own in a folder, or
// writes over a shipped one by the same name.
package policies

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"bulwark/platform/conf"
)

//go:embed *.cedar schema.cedarschema cases.yaml
var shipped embed.FS

// Names of files that are no plain policies.
const (
	SchemaFile     = "schema.cedarschema"
	InvariantsFile = "invariants.cedar"
	CasesFile      = "cases.yaml"
)

// File is one file of policies.
type File struct {
	Name string `json:"name"`
	Text string `json:"text"`
	// Own says that it is the hospital's.
	Own bool `json:"own"`
}

// Pack is everything that decides.
type Pack struct {
	Schema     File
	Invariants File
	Policies   []File // by name
}

// mostFiles is how many files a folder may hold.
const mostFiles = 1000

// Shipped is what comes with Bulwark.
func Shipped() Pack {
	p, err := Read(nil)
	if err != nil {
		panic(err) // it is part of the program, and tested
	}
	return p
}

// Read is what is shipped with the files of own over it; nil: nothing. The schema is the program's: a hospital's own would not
// fit what Bulwark knows.
func Read(own fs.FS) (Pack, error) {
	all := map[string]File{}
	if err := read(shipped, all, false); err != nil {
		return Pack{}, err
	}
	if own != nil {
		if err := read(own, all, true); err != nil {
			return Pack{}, err
		}
	}
	return Assemble(all), nil
}

// Assemble sorts files by what they are.
func Assemble(all map[string]File) Pack {
	schema, _ := shipped.ReadFile(SchemaFile)
	p := Pack{Schema: File{Name: SchemaFile, Text: string(schema)}}
	for name, f := range all {
		if name == InvariantsFile {
			p.Invariants = f
			continue
		}
		p.Policies = append(p.Policies, f)
	}
	slices.SortFunc(p.Policies, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return p
}

func read(dir fs.FS, into map[string]File, own bool) error {
	names, err := fs.Glob(dir, "*.cedar")
	if err != nil {
		return err
	}
	if len(names) > mostFiles {
		return fmt.Errorf("%d files of policies, more than %d", len(names), mostFiles)
	}
	for _, name := range names {
		text, err := fs.ReadFile(dir, name)
		switch {
		case errors.Is(err, fs.ErrNotExist): // taken away meanwhile
			continue
		case err != nil:
			return err
		case len(text) > conf.MaxFile:
			return fmt.Errorf("%s is longer than %v", name, conf.Size(conf.MaxFile))
		}
		if own && strings.TrimSpace(string(text)) == "" {
			continue // the shipped one is wanted again
		}
		into[name] = File{Name: name, Text: string(text), Own: own}
	}
	return nil
}

// Cases are the shipped cases: questions with the answers that the shipped policies must give.
func Cases() string {
	text, _ := shipped.ReadFile(CasesFile)
	return string(text)
}

// NameOf is name where it can be that of a file of policies; otherwise an error.
func NameOf(name string) (string, error) {
	bad := strings.ContainsFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '.')
	})
	if path.Ext(name) != ".cedar" || bad || len(name) > 60 || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "-") {
		return "", fmt.Errorf("%q is no name of a file of policies: small letters, digits and hyphens, then .cedar", name)
	}
	return name, nil
}
