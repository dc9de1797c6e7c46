// Package devices holds the fingerprints by which vendors' medical devices and gateways are known again on the network: one
// file each, with its source and how sure it is. A fingerprint without a source that anybody can look up has no place here.
package devices

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/goccy/go-yaml"
)

//go:embed *.yaml
var files embed.FS

// ErrFingerprint means a file that is no fingerprint.
var ErrFingerprint = errors.New("devices: bad fingerprint")

// Fingerprint is what makes a device known again.
type Fingerprint struct {
	Name       string         `yaml:"name"` // of the file, without its ending
	Vendor     string         `yaml:"vendor"`
	Product    string         `yaml:"product"`
	Class      string         `yaml:"class"`      // what it is for
	Confidence string         `yaml:"confidence"` // certain, likely or possible
	Match      Match          `yaml:"match"`
	Layout     map[any]string `yaml:"layout"` // which component of the field tells model, software, serial or name
	Ports      []uint16       `yaml:"ports"`  // where it is usually met: a supporting fact, never a reason
	Source     []string       `yaml:"source"`
}

// Match is what is looked at. Either a decoder recognises the protocol as the vendor's own, or a field of a common protocol
// names the device.
type Match struct {
	Decoder  string `yaml:"decoder"`
	Protocol string `yaml:"protocol"` // hl7 or astm
	Field    string `yaml:"field"`    // hl7: sending-application, sending-application-id; astm: sender
	Part     int    `yaml:"part"`     // of the field, from 1; 0 means 1
	Exact    string `yaml:"exact"`
	Prefix   string `yaml:"prefix"`
	Facility string `yaml:"facility"` // what the sending facility begins with; empty for any
}

// All reads the fingerprints, in the order of their names.
func All() ([]Fingerprint, error) {
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return nil, err
	}
	var all []Fingerprint
	for _, name := range names {
		b, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var f Fingerprint
		if err := yaml.UnmarshalWithOptions(b, &f, yaml.Strict()); err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		if err := f.check(strings.TrimSuffix(name, ".yaml")); err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}

func (f *Fingerprint) check(name string) error {
	switch {
	case f.Name != name:
		return fmt.Errorf("%w: %s.yaml is named %q", ErrFingerprint, name, f.Name)
	case f.Vendor == "" || f.Product == "" || f.Class == "":
		return fmt.Errorf("%w: %s lacks vendor, product or class", ErrFingerprint, name)
	case f.Confidence != "certain" && f.Confidence != "likely" && f.Confidence != "possible":
		return fmt.Errorf("%w: %s.confidence: %q is none of certain, likely, possible", ErrFingerprint, name, f.Confidence)
	case len(f.Source) == 0:
		return fmt.Errorf("%w: %s has no source", ErrFingerprint, name)
	case (f.Match.Decoder == "") == (f.Match.Protocol == ""):
		return fmt.Errorf("%w: %s.match needs a decoder or a protocol", ErrFingerprint, name)
	case f.Match.Protocol != "" && f.Match.Exact == "" && f.Match.Prefix == "":
		return fmt.Errorf("%w: %s.match needs exact or prefix", ErrFingerprint, name)
	}
	return nil
}

// Names reports whether value, and the facility beside it, are what m asks for. Case does not count.
func (m *Match) Names(value, facility string) bool {
	switch {
	case m.Exact != "" && !strings.EqualFold(value, m.Exact):
		return false
	case m.Prefix != "" && !begins(value, m.Prefix):
		return false
	}
	return begins(facility, m.Facility)
}

func begins(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
