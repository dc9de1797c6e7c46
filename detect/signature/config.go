package signature

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"strings"
	"time"

	"bulwark/platform/conf"
)

// Config says what is looked for in the traffic.
type Config struct {
	// Shipped looks for what the rules describe that come with the program.
	Shipped bool `conf:"shipped"`
	// Learning is for how long it is learnt who speaks DICOM and HL7, from the first who does. Then rules that come with the program
	// tell of whoever is new, unless a person has confirmed the device. 0 leaves these rules out.
	Learning time.Duration `conf:"learning"`
	// Paths are files of traffic rules in Suricata's language, or directories, of which all files that end in .rules are
	// read, and classification.config, reference.config, threshold.config, and for iprep categories.txt and lists whose names
	// begin with reputation.
	Paths []string `conf:"paths"`
	// Sources are sets of rules that have a name: files, directories, archives, and what is fetched from elsewhere.
	Sources []Source `conf:"sources"`
	// Variables are what variables of rules stand for, as rules write it: HOME_NET: "[10.0.0.0/8,!10.9.0.0/16]". Names that
	// end in PORTS are ports. Those that are not named have Suricata's usual values.
	Variables map[string]string `conf:"variables"`
}

// Source is a set of rules with a name.
type Source struct {
	// Name is a short word by which it is spoken of: et-open.
	Name string `conf:"name"`
	// URL is where it is fetched from, by https: a file of rules, or an archive (.tar.gz) as Emerging Threats has it.
	URL string `conf:"url"`
	// Path is a file, a directory or an archive (.tar.gz) on this machine, instead of an address.
	Path string `conf:"path"`
	// Checksum is the SHA-256 that what is fetched must have, or an https address at which it stands, or an MD5. Empty looks
	// for one beside it, by the same address with .sha256 or .md5 behind it, and goes without where there is none.
	Checksum string `conf:"checksum"`
	// Disabled leaves its rules out.
	Disabled bool `conf:"disabled"`
	// Interval is how often it is fetched anew; where that fails, it is tried again after a minute, then after ever longer times up to
	// the interval. 0 means only when somebody asks for it by bulwark rules update.
	Interval time.Duration `conf:"interval"`
}

// leastInterval is how often a source is fetched at most by itself: its server is somebody else's.
const leastInterval = 15 * time.Minute

var (
	sourceName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	hexSum     = regexp.MustCompile(`^([0-9a-fA-F]{32}|[0-9a-fA-F]{64})$`)
)

// Check refuses sources that cannot be fetched, or that share a name.
func (c *Config) Check() error {
	var bad []error
	known := map[string]bool{Shipped: true, Paths: true}
	for i := range c.Sources {
		name := c.Sources[i].Name
		if known[name] {
			bad = append(bad, conf.At(fmt.Sprintf("sources[%d].name", i), fmt.Errorf("%q is the name of another source", name)))
		}
		known[name] = true
	}
	return errors.Join(bad...)
}

// Check refuses a source that cannot be read.
func (s *Source) Check() error {
	var bad []error
	if !sourceName.MatchString(s.Name) {
		bad = append(bad, conf.At("name", fmt.Errorf("%q is not a word of small letters, digits and hyphens", s.Name)))
	}
	switch {
	case (s.URL == "") == (s.Path == ""):
		bad = append(bad, conf.At("url", errors.New("one of url and path is needed")))
	case s.URL != "":
		if err := secure(s.URL); err != nil {
			bad = append(bad, conf.At("url", err))
		}
	}
	if s.Checksum != "" && !hexSum.MatchString(s.Checksum) {
		if err := secure(s.Checksum); err != nil {
			bad = append(bad, conf.At("checksum", fmt.Errorf("neither a SHA-256 nor an address: %w", err)))
		}
	}
	if s.Interval != 0 && s.Interval < leastInterval {
		bad = append(bad, conf.At("interval", fmt.Errorf("%v is less than %v", s.Interval, leastInterval)))
	}
	return errors.Join(bad...)
}

// secure refuses what is no address of https.
func secure(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return err
	case !strings.EqualFold(u.Scheme, "https") || u.Host == "":
		return fmt.Errorf("%q is no address that begins with https://", plain(address))
	}
	return nil
}

// Defaults are the rules that come with the program.
func Defaults() Config { return Config{Shipped: true, Learning: 7 * 24 * time.Hour} }

// On reports whether anything is looked for.
func (c *Config) On() bool { return c.Shipped || len(c.Paths)+len(c.Sources) > 0 }

// Only is c with the files and directories of paths alone, where there are any, and with vars over its variables.
func (c *Config) Only(paths []string, vars map[string]string) *Config {
	o := *c
	if len(paths) > 0 {
		o.Shipped, o.Paths, o.Sources = false, paths, nil
	}
	o.Variables = maps.Clone(c.Variables)
	if o.Variables == nil {
		o.Variables = map[string]string{}
	}
	maps.Copy(o.Variables, vars)
	return &o
}

// Memory is how much rules may take in the process that reads packets, with what is kept of flows for them, in bytes.
const Memory = 1 << 30
