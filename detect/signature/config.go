package signature

// Config says what is looked for in the traffic.
type Config struct {
	// Paths are files of traffic rules in Suricata's language, or directories, of which all files that end in .rules are
	// read, and the classification.config. Empty looks for nothing.
	Paths []string `conf:"paths"`
	// Variables are what variables of rules stand for, as rules write it: HOME_NET: "[10.0.0.0/8,!10.9.0.0/16]". Names that
	// end in PORTS are ports. Those that are not named have Suricata's usual values.
	Variables map[string]string `conf:"variables"`
}

// On reports whether anything is looked for.
func (c *Config) On() bool { return len(c.Paths) > 0 }

// Load reads the rules that c names.
func (c *Config) Load() (*Rules, error) {
	r, err := Load(c.Paths)
	if err == nil {
		r.Vars = VarsOf(c.Variables)
	}
	return r, err
}

// Memory is how much rules may take in the process that reads packets, with what is kept of flows for them, in bytes.
const Memory = 1 << 30
