package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"bulwark/observe/sensor"
	"bulwark/platform/conf"
)

// Config is everything that can be configured. Each part stands beside the code that reads it.
type Config struct {
	// Site is the name of this hospital or site: a short word that stands in every event.
	Site string `conf:"site"`
	// Node is the name of this machine among those that run Bulwark. Empty means its host name.
	Node string `conf:"node"`
	// Sensor watches the network.
	Sensor sensor.Config `conf:"sensor"`
}

// defaults are the settings of a node that nobody configured.
func defaults() Config {
	return Config{Site: "site", Sensor: sensor.Defaults()}
}

// dataDir is the folder that holds everything that Bulwark keeps.
func dataDir(cmd *cobra.Command) string {
	if d, _ := cmd.Flags().GetString("data"); d != "" {
		return d
	}
	if d := os.Getenv("BULWARK_DATA_DIR"); d != "" {
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

// loadConfig reads the configuration that a command names, or that stands in the data directory.
func loadConfig(cmd *cobra.Command) (Config, error) {
	c := defaults()
	name, _ := cmd.Flags().GetString("config")
	asked := name != ""
	if !asked {
		name = filepath.Join(dataDir(cmd), "bulwark.yaml")
	}
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) && !asked {
		return c, usage(conf.Load(nil, "", &c, os.Environ()...))
	}
	if err != nil {
		return c, usage(err)
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
	cmd.AddCommand(&cobra.Command{
		Use: "describe", Short: "Print a configuration file with every key, its default and what it means", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			c := defaults()
			return conf.Describe(t.Out, &c)
		},
	}, &cobra.Command{
		Use: "check", Short: "Check the configuration file, and say where it is wrong", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := loadConfig(cmd); err != nil {
				return err
			}
			_, err := fmt.Fprintln(t.Out, "The configuration is sound.")
			return err
		},
	})
	return cmd
}
