// Package logproducts holds what is configured on products so that they send their logs, one file a product, and what has Bulwark listen
// for them. In the lines @HOST@ stands for this server, @PORT@ and @DOOR@ for where it listens, and @TOKEN@ for the sender's token.
package logproducts

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"

	"bulwark/platform/conf"
)

//go:embed *.yaml
var shipped embed.FS

// Form is that of the files that this program reads.
const Form = 1

// waysFile holds the ways.
const waysFile = "ways.yaml"

// Product is something that sends logs.
type Product struct {
	// Form is that of the file: 1.
	Form int `conf:"form" json:"-"`
	// ID is a short word.
	ID string `conf:"id" json:"id"`
	// Title is what people call it.
	Title Text `conf:"title" json:"title"`
	// Group is what it is one of: system, shipper, device, network, clinical.
	Group string `conf:"group" json:"group"`
	// Way is the intake by which its logs come.
	Way string `conf:"way" json:"way"`
	// Doors are those of the way that it can use, the best first: tls, tcp, udp. None: the way has one.
	Doors []string `conf:"doors" json:"doors,omitempty"`
	// Token is the name of the token that it needs; empty: none.
	Token string `conf:"token" json:"token,omitempty"`
	// Formats are those that its lines are understood by; empty: any.
	Formats []string `conf:"formats" json:"formats,omitempty"`
	// Guide is the page of docs/guide that tells more.
	Guide string `conf:"guide" json:"guide"`
	// Steps are what somebody does.
	Steps []Step `conf:"steps" json:"steps"`
}

// Step is something that somebody does on the product.
type Step struct {
	// Only names the door for which it is done; empty: all.
	Only string `conf:"only" json:"only,omitempty"`
	// Say says it.
	Say Text `conf:"say" json:"say"`
	// File is where the lines belong.
	File string `conf:"file" json:"file,omitempty"`
	// Lines are what is configured.
	Lines string `conf:"lines" json:"lines,omitempty"`
}

// Text is in both languages.
type Text struct {
	// EN is English.
	EN string `conf:"en" json:"en"`
	// FR is French.
	FR string `conf:"fr" json:"fr"`
}

// Way is an intake.
type Way struct {
	// ID is its name.
	ID string `conf:"id" json:"id"`
	// Listen is what has Bulwark listen.
	Listen string `conf:"listen" json:"listen"`
}

type ways struct {
	// Form is that of the file: 1.
	Form int `conf:"form"`
	// Ways are the intakes.
	Ways []Way `conf:"ways"`
}

var (
	groups = []string{"system", "shipper", "device", "network", "clinical"}
	doors  = []string{"tls", "tcp", "udp"}
	holes  = regexp.MustCompile(`@[A-Z]+@`)
	known  = []string{"@HOST@", "@PORT@", "@DOOR@", "@TOKEN@"}
)

// Check refuses what nobody could follow.
func (p *Product) Check() error {
	switch {
	case p.Form != Form:
		return conf.At("form", fmt.Errorf("%d is not %d, the form that this program reads", p.Form, Form))
	case p.ID == "" || p.Way == "" || p.Guide == "":
		return errors.New("it lacks one of id, way, guide")
	case !slices.Contains(groups, p.Group):
		return conf.At("group", fmt.Errorf("%q is none of %v", p.Group, groups))
	case p.Title.EN == "" || p.Title.FR == "":
		return conf.At("title", errors.New("it is empty in one language"))
	case len(p.Steps) == 0:
		return conf.At("steps", errors.New("there are none"))
	}
	for _, d := range p.Doors {
		if !slices.Contains(doors, d) {
			return conf.At("doors", fmt.Errorf("%q is none of %v", d, doors))
		}
	}
	for n := range p.Steps {
		if err := p.Steps[n].check(p); err != nil {
			return conf.At(fmt.Sprintf("steps[%d]", n), err)
		}
	}
	return nil
}

func (s *Step) check(p *Product) error {
	if s.Say.EN == "" || s.Say.FR == "" {
		return errors.New("it is said in one language alone")
	}
	if s.Only != "" && !slices.Contains(p.Doors, s.Only) {
		return fmt.Errorf("%q is no door of the product", s.Only)
	}
	for _, h := range holes.FindAllString(s.Lines, -1) {
		if !slices.Contains(known, h) || h == "@TOKEN@" && p.Token == "" {
			return fmt.Errorf("nothing stands for %s", h)
		}
	}
	return nil
}

// Load reads the products and the ways.
func Load() (products []Product, all []Way, err error) {
	var w ways
	if err := read(waysFile, &w); err != nil {
		return nil, nil, err
	}
	files, err := fs.Glob(shipped, "*.yaml")
	if err != nil {
		return nil, nil, err
	}
	for _, name := range files {
		if name == waysFile {
			continue
		}
		var p Product
		if err := read(name, &p); err != nil {
			return nil, nil, err
		}
		if !slices.ContainsFunc(w.Ways, func(x Way) bool { return x.ID == p.Way }) {
			return nil, nil, fmt.Errorf("logproducts: %s: there is no way %q", name, p.Way)
		}
		products = append(products, p)
	}
	return products, w.Ways, nil
}

func read(name string, into any) error {
	text, err := shipped.ReadFile(name)
	if err != nil {
		return err
	}
	return conf.Load(bytes.NewReader(text), name, into)
}
