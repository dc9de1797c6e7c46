package signature

import "maps"

// Config says what is looked for in the traffic.
type Config struct {
	// Shipped looks for what the rules describe that come with the program.
	Shipped bool `conf:"shipped"`
	// Paths are files of traffic rules in Suricata's language, or directories, of which all files that end in .rules are
	// read, and the classification.config.
	Paths []string `conf:"paths"`
	// Variables are what variables of rules stand for, as rules write it: HOME_NET: "[10.0.0.0/8,!10.9.0.0/16]". Names that
	// end in PORTS are ports. Those that are not named have Suricata's usual values.
	Variables map[string]string `conf:"variables"`
}

// Defaults are the rules that come with the program.
func Defaults() Config { return Config{Shipped: true} }

// On reports whether anything is looked for.
func (c *Config) On() bool { return c.Shipped || len(c.Paths) > 0 }

// Only is c with the files and directories of paths alone, where there are any, and with vars over its variables.
func (c *Config) Only(paths []string, vars map[string]string) *Config {
	o := *c
	if len(paths) > 0 {
		o.Shipped, o.Paths = false, paths
	}
	o.Variables = maps.Clone(c.Variables)
	if o.Variables == nil {
		o.Variables = map[string]string{}
	}
	maps.Copy(o.Variables, vars)
	return &o
}

// Load reads the rules that c names.
func (c *Config) Load() (*Rules, error) {
	r := &Rules{Vars: VarsOf(c.Variables)}
	if c.Shipped {
		if err := r.addShipped(); err != nil {
			return nil, err
		}
	}
	for _, path := range c.Paths {
		if err := r.addPath(path); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// Memory is how much rules may take in the process that reads packets, with what is kept of flows for them, in bytes.
const Memory = 1 << 30
