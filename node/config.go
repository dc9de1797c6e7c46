package node

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"bulwark/decide/access"
	findings "bulwark/decide/finding"
	"bulwark/decide/identity"
	incidents "bulwark/decide/incident"
	"bulwark/detect/signature"
	"bulwark/observe/inventory"
	"bulwark/observe/logs"
	"bulwark/observe/sensor"
	"bulwark/platform/conf"
	"bulwark/platform/db"
	"bulwark/platform/keys"
	"bulwark/platform/web"
	"bulwark/respond/action"
	"bulwark/respond/containment"
	"bulwark/respond/directory"
	"bulwark/respond/filter"
	"bulwark/respond/notify"
	"bulwark/respond/radius"
	"bulwark/respond/sinkhole"
	"bulwark/respond/snmp"
)

// Config is everything that can be configured. Each part stands beside the code that reads it.
type Config struct {
	// Site is the name of this hospital or site: a short word that stands in every event.
	Site string `conf:"site"`
	// Node is the name of this machine among those that run Bulwark. Empty means its host name.
	Node string `conf:"node"`
	// Log is the least level of what is logged: debug, info, warn or error.
	Log slog.Level `conf:"log"`
	// Sensor watches the network.
	Sensor sensor.Config `conf:"sensor"`
	// Logs are what machines say of themselves.
	Logs logs.Config `conf:"logs"`
	// Console is where people work.
	Console web.Config `conf:"console"`
	// TLS is the console's certificate.
	TLS keys.TLS `conf:"tls"`
	// Identity is how people sign in.
	Identity identity.Config `conf:"identity"`
	// Rules say what is looked for in the traffic.
	Rules signature.Config `conf:"rules"`
	// Inventory knows the hospital's devices.
	Inventory inventory.Config `conf:"inventory"`
	// Findings are what was found.
	Findings findings.Config `conf:"findings"`
	// Notify is how people are told.
	Notify notify.Config `conf:"notify"`
	// Incidents are what belongs together.
	Incidents incidents.Config `conf:"incidents"`
	// Access says who may do what.
	Access access.Config `conf:"access"`
	// Containment are acts against attacks, each for a time.
	Containment containment.Config `conf:"containment"`
	// Filter stops traffic on this machine.
	Filter filter.Config `conf:"filter"`
	// RADIUS gives orders to switches, access points and controllers.
	RADIUS radius.Config `conf:"radius"`
	// Directory is where accounts are locked: Active Directory.
	Directory directory.Config `conf:"directory"`
	// SNMP gives orders to switches that are managed by it.
	SNMP snmp.Config `conf:"snmp"`
	// Sinkhole stops names at the hospital's resolvers.
	Sinkhole sinkhole.Config `conf:"sinkhole"`
	// Actions are what other makers' firewalls and agents are told.
	Actions action.Config `conf:"actions"`
	// Join is how nodes join each other.
	Join Join `conf:"join"`
	// Bus carries events between rooms and machines.
	Bus Bus `conf:"bus"`
	// Store keeps events.
	Store Store `conf:"store"`
	// State keeps people and settings.
	State db.Config `conf:"state"`
}

// Bus is where events travel.
type Bus struct {
	// URL is the address of a NATS cluster to use instead of the embedded server: nats://a:4222,nats://b:4222.
	URL string `conf:"url"`
	// Credentials is the file of NATS credentials for that cluster.
	Credentials string `conf:"credentials"`
	// Keep is how long events stay on the bus, for whoever was away and for new detections.
	Keep time.Duration `conf:"keep"`
	// Size is how many bytes they may take there.
	Size conf.Size `conf:"size"`
}

// Store is how long events are kept.
type Store struct {
	// Flows is how long flows and counters are kept.
	Flows time.Duration `conf:"flows"`
	// Events is how long other events are kept.
	Events time.Duration `conf:"events"`
	// Findings is how long findings and health are kept.
	Findings time.Duration `conf:"findings"`
	// Size is how many bytes they may take on disk, all together; the oldest days go first. 0 means no limit.
	Size conf.Size `conf:"size"`
	// Free is how many bytes of the disk must stay free; below, events wait on the bus.
	Free conf.Size `conf:"free"`
}

const day = 24 * time.Hour

// Least values with which bus and store still do what they are for.
const (
	leastKept      = day
	leastOnBus     = 10 * time.Minute // a restart of the store
	leastBusBytes  = 64 << 20
	leastStoreSize = 256 << 20
)

// Check refuses what would lose events that were just taken.
func (b *Bus) Check() error {
	var bad []error
	if b.Keep < leastOnBus {
		bad = append(bad, conf.At("keep", fmt.Errorf("%v is less than %v", b.Keep, leastOnBus)))
	}
	if b.Size < leastBusBytes {
		bad = append(bad, conf.At("size", fmt.Errorf("%v is less than %v", b.Size, conf.Size(leastBusBytes))))
	}
	for _, u := range strings.FieldsFunc(b.URL, func(r rune) bool { return r == ',' }) {
		if !strings.HasPrefix(u, "nats://") && !strings.HasPrefix(u, "tls://") {
			bad = append(bad, conf.At("url", fmt.Errorf("%q does not begin with nats:// or tls://", u)))
		}
	}
	return errors.Join(bad...)
}

// Check refuses retention that keeps nothing.
func (s *Store) Check() error {
	var bad []error
	for _, k := range []struct {
		key  string
		kept time.Duration
	}{{"flows", s.Flows}, {"events", s.Events}, {"findings", s.Findings}} {
		if k.kept < leastKept {
			bad = append(bad, conf.At(k.key, fmt.Errorf("%v is less than a day", k.kept)))
		}
	}
	if s.Size != 0 && s.Size < leastStoreSize {
		bad = append(bad, conf.At("size", fmt.Errorf("%v is less than %v", s.Size, conf.Size(leastStoreSize))))
	}
	return errors.Join(bad...)
}

// defaults are the settings of a node that nobody configured.
func defaults() Config {
	return Config{
		Site: "site", Sensor: sensor.Defaults(), Rules: signature.Defaults(), Inventory: inventory.Defaults(), Findings: findings.Defaults(), Incidents: incidents.Defaults(), Containment: containment.Defaults(),
		Sinkhole: sinkhole.Defaults(),
		Join:     Join{Listen: ":8444", Leaf: ":8445"},
		Bus:      Bus{Keep: day, Size: 16 << 30},
		Store:    Store{Flows: 30 * day, Events: 180 * day, Findings: 365 * day, Free: 2 << 30},
	}
}

var word = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// Check refuses names that cannot stand in events and on the bus.
func (c *Config) Check() error {
	var bad []error
	if !word.MatchString(c.Site) {
		bad = append(bad, conf.At("site", fmt.Errorf("%q is not a word of small letters, digits and hyphens", c.Site)))
	}
	if c.Node != "" && !word.MatchString(c.Node) {
		bad = append(bad, conf.At("node", fmt.Errorf("%q is not a word of small letters, digits and hyphens", c.Node)))
	}
	for key, listen := range map[string]string{"join.listen": c.Join.Listen, "join.leaf": c.Join.Leaf} {
		if _, port, err := net.SplitHostPort(listen); err != nil || port == "" {
			bad = append(bad, conf.At(key, fmt.Errorf("%q is not an address and a port, like 10.0.0.5:8444 or :8444", listen)))
		}
	}
	if name := c.Identity.Messages.Channel; name != "" && !slices.ContainsFunc(c.Notify.Channels, func(h notify.Channel) bool { return h.Name == name && (h.Type == "sms" || h.Type == "mail") }) {
		bad = append(bad, conf.At("identity.messages.channel", fmt.Errorf("%q is no channel of type sms or mail under notify.channels", name)))
	}
	return errors.Join(bad...)
}

// dataVariable is the environment variable that names the data directory.
const dataVariable = conf.Prefix + "DATA_DIR"

// dataDir is the folder that holds everything that Bulwark keeps.
func dataDir(cmd *cobra.Command) string {
	if d, _ := cmd.Flags().GetString("data"); d != "" {
		return d
	}
	if d := os.Getenv(dataVariable); d != "" {
		return d
	}
	if os.Geteuid() == 0 {
		return "/var/lib/bulwark"
	}
	if home, err := os.UserHomeDir(); err == nil {
		return filepath.Join(home, ".local", "share", "bulwark")
	}
	return "bulwark-data"
}

// configFile is the file that a command names, or the one in the data directory, which need not be there.
func configFile(cmd *cobra.Command) (name string, asked bool) {
	if name, _ = cmd.Flags().GetString("config"); name != "" {
		return name, true
	}
	return filepath.Join(dataDir(cmd), "bulwark.yaml"), false
}

// loadConfig reads the configuration.
func loadConfig(cmd *cobra.Command) (Config, error) {
	c := defaults()
	name, asked := configFile(cmd)
	f, err := os.Open(name)
	if !asked && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)) {
		return c, usage(conf.Load(nil, "", &c, os.Environ()...))
	}
	if err != nil {
		return c, usage(unwrapPath(err))
	}
	defer f.Close()
	return c, usage(conf.Load(f, name, &c, os.Environ()...))
}

func usage(err error) error {
	if err == nil {
		return nil
	}
	return &exit{ExitUsage, err}
}

func configCommand(t Terminal) *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Describe or check the configuration"}
	parent(cmd)
	cmd.AddCommand(&cobra.Command{
		Use: "describe", Short: "Print a configuration file with every key, its default and what it means", Args: nothing,
		RunE: func(*cobra.Command, []string) error {
			c := defaults()
			return conf.Describe(t.Out, &c)
		},
	}, &cobra.Command{
		Use: "check", Short: "Check the configuration file, and say where it is wrong", Args: nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			name, asked := configFile(cmd)
			if _, err := loadConfig(cmd); err != nil {
				return err
			}
			if _, err := os.Stat(name); err != nil && !asked {
				_, err := fmt.Fprintf(t.Out, "There is no %s: the defaults are in force.\n", name)
				return err
			}
			_, err := fmt.Fprintf(t.Out, "%s is sound.\n", name)
			return err
		},
	})
	return cmd
}
