// Package logsources holds which events are what Sigma rules call a product, a category or a service: one file a product.
package logsources

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

//go:embed *.yaml
var files embed.FS

// Product is how the log sources of a product are told apart.
type Product struct {
	// Name is the product's, as rules write it.
	Name string `yaml:"product"`
	// Services are the channels of each service.
	Services map[string][]string `yaml:"services"`
	// Categories are what events of a service are; one may stand several times.
	Categories []Category `yaml:"categories"`
}

// Category is one way in which events are of a category.
type Category struct {
	Name    string `yaml:"category"`
	Service string `yaml:"service"`
	// Events are the numbers that they have.
	Events []int `yaml:"events"`
	// Where says further fields, each with the values of which it has one.
	Where map[string][]string `yaml:"where"`
	// Fields are the fields of the event by the names that rules of the category use.
	Fields map[string]string `yaml:"fields"`
}

// All reads the products, in the order of their names.
func All() (all []Product, err error) {
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if name == viewsFile {
			continue
		}
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var p Product
		if err := yaml.UnmarshalWithOptions(text, &p, yaml.Strict()); err != nil {
			return nil, fmt.Errorf("logsources: %s: %w", name, err)
		}
		if err := p.check(); err != nil {
			return nil, fmt.Errorf("logsources: %s: %w", name, err)
		}
		all = append(all, p)
	}
	return all, nil
}

const viewsFile = "views.yaml"

// Log is a log source as rules name it; what is empty is any.
type Log struct {
	Product  string `yaml:"product"`
	Category string `yaml:"category"`
	Service  string `yaml:"service"`
}

// View is as what else rules may see the events of a log source.
type View struct {
	Of Log `yaml:"of"`
	// As is another log source that they are of; empty: they are of the same.
	As Log `yaml:"as"`
	// Fields are their fields by the names that rules use.
	Fields map[string]string `yaml:"fields"`
}

// Views reads them, those of a log source in the order in which they count.
func Views() (all []View, err error) {
	text, err := files.ReadFile(viewsFile)
	if err != nil {
		return nil, err
	}
	if err := yaml.UnmarshalWithOptions(text, &all, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("logsources: %s: %w", viewsFile, err)
	}
	for n, v := range all {
		if v.Of == (Log{}) || len(v.Fields) == 0 {
			return nil, fmt.Errorf("logsources: %s: view %d needs a log source and fields", viewsFile, n+1)
		}
	}
	return all, nil
}

// check refuses categories of services that there are not.
func (p *Product) check() error {
	for _, c := range p.Categories {
		if p.Services[c.Service] == nil {
			return fmt.Errorf("category %s: there is no service %q", c.Name, c.Service)
		}
		if len(c.Events) == 0 {
			return fmt.Errorf("category %s has no events", c.Name)
		}
	}
	return nil
}

// Service is that of a channel; empty where none has it. Case does not count.
func (p *Product) Service(channel string) string {
	for name, channels := range p.Services {
		if slices.ContainsFunc(channels, func(c string) bool { return strings.EqualFold(c, channel) }) {
			return name
		}
	}
	return ""
}
