package node

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"bulwark/detect/signature"
	"bulwark/platform/health"
)

var rulesUnread = health.Warnable{
	ID: "rules.unread", Severity: health.Unprotected,
	Title: health.Text{EN: "The traffic rules are not in force", FR: "Les règles de trafic ne sont pas en vigueur"},
	Text: health.Text{EN: "{reason}. What was in force before stays in force.",
		FR: "{reason}. Ce qui était en vigueur avant le reste."},
	NextStep: health.Text{EN: "Mend rules.paths, see with bulwark rules check what is wrong, then bulwark rules reload.",
		FR: "Corrigez rules.paths, voyez avec bulwark rules check ce qui ne va pas, puis bulwark rules reload."},
}

var rulesRejected = health.Warnable{
	ID: "rules.rejected", Severity: health.Degraded,
	Title: health.Text{EN: "{count} traffic rules are not used", FR: "{count} règles de trafic ne sont pas utilisées"},
	Text: health.Text{EN: "The others, {loaded}, are in force. The first that is not: {place}: {reason}.",
		FR: "Les autres, {loaded}, sont en vigueur. La première qui ne l'est pas : {place} : {reason}."},
	NextStep: health.Text{EN: "See all of them with bulwark rules check.", FR: "Voyez-les toutes avec bulwark rules check."},
}

// openRules hands the traffic rules of the configuration to the process that reads packets. Where they cannot be read nothing
// is looked for.
func (n *Node) openRules() (*os.File, error) {
	rules, _, err := n.readRules()
	if err != nil {
		n.health.Set(&rulesUnread, health.Args{"reason": unwrapPath(err).Error()})
		return bundle(&signature.Rules{})
	}
	return bundle(rules)
}

// readRules reads the traffic rules of the configuration, and warns of those that are not used.
func (n *Node) readRules() (*signature.Rules, reloaded, error) {
	rules, err := n.config.Rules.Load()
	if err != nil {
		return nil, reloaded{}, err
	}
	loaded, rejected, err := rules.Check()
	if err != nil {
		return nil, reloaded{}, err
	}
	n.health.Clear(&rulesUnread, "")
	n.log.Info("traffic rules are read", "loaded", loaded, "rejected", len(rejected))
	if len(rejected) == 0 {
		n.health.Clear(&rulesRejected, "")
	} else {
		n.health.Set(&rulesRejected, health.Args{"count": strconv.Itoa(len(rejected)), "loaded": strconv.Itoa(loaded),
			"place": rejected[0].Place, "reason": printable(rejected[0].Reason)})
	}
	return rules, reloaded{loaded, len(rejected)}, nil
}

// looked hears whether the process that reads packets took the rules over.
func (n *Node) looked(err error) {
	if err != nil {
		n.health.Set(&rulesUnread, health.Args{"reason": printable(err.Error())})
	}
}

// bundle is the rules as the process that reads packets takes them, in a file without a name.
func bundle(rules *signature.Rules) (*os.File, error) {
	f, err := os.CreateTemp("", "bulwark-rules-")
	if err != nil {
		return nil, err
	}
	err = errors.Join(os.Remove(f.Name()), rules.Bundle(f))
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// orderReloadRules reads the rules anew. A set that cannot be read leaves the one before in force.
func (n *Node) orderReloadRules(w http.ResponseWriter, _ *http.Request) {
	if n.sensor == nil || !n.config.Rules.On() {
		answer(w, nil, errors.New("no traffic rules are looked for here: rules.paths names none, and rules.shipped is off"))
		return
	}
	rules, said, err := n.readRules()
	if err == nil && said.Loaded == 0 {
		err = errors.New("none of the rules can be used: those that are in force stay")
	}
	if err == nil {
		err = n.sensor.Look(func() (*os.File, error) { return bundle(rules) })
	}
	answer(w, said, unwrapPath(err))
}

// reloaded is what came of reading rules.
type reloaded struct {
	Loaded   int `json:"loaded"`
	Rejected int `json:"rejected"`
}

func rulesCommand(t Terminal) *cobra.Command {
	cmd := &cobra.Command{Use: "rules", Short: "Look after the traffic rules",
		Long: `Look after the traffic rules: what is looked for in the traffic, in Suricata's language. The setting rules.paths names
the files and directories that are in force; bulwark read --rules tries some on a capture.`,
	}
	parent(cmd)
	cmd.AddCommand(checkRulesCommand(t), testRulesCommand(t), reloadRulesCommand(t))
	return cmd
}

func checkRulesCommand(t Terminal) *cobra.Command {
	var vars map[string]string
	cmd := &cobra.Command{
		Use: "check [FILE|DIRECTORY]...", Short: "Say of rules which are usable, and why the others are not",
		Long: `Read traffic rules, those of the setting rules.paths where none are named, and list each that is not usable with its
file, line and column, and the reason. The exit code is 3 where some are not usable.`,
		Example: `  bulwark rules check
  bulwark rules check ward.rules /etc/suricata/rules`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			rules := c.Rules.Only(args, vars)
			if !rules.On() {
				return &exit{ExitFailure, errors.New("no rules are named, neither here nor by rules.paths, and rules.shipped is off")}
			}
			return checkRules(t.Out, rules)
		},
	}
	cmd.Flags().StringToStringVar(&vars, "rule-var", nil, "set a variable of the rules: `NAME=VALUE`")
	return cmd
}

func checkRules(out io.Writer, c *signature.Config) error {
	rules, err := c.Load()
	if err != nil {
		return &exit{ExitFailure, unwrapPath(err)}
	}
	loaded, rejected, err := rules.Check()
	if err != nil {
		return &exit{ExitFailure, err}
	}
	for _, r := range rejected {
		id := ""
		if r.SID != 0 {
			id = fmt.Sprintf("rule %d: ", r.SID)
		}
		fmt.Fprintf(out, "%s: %s%s\n", r.Place, id, printable(r.Reason))
	}
	fmt.Fprintf(out, "%d rules are usable, %d are not\n", loaded, len(rejected))
	if len(rejected) > 0 {
		return &exit{code: ExitPartial}
	}
	return nil
}

func reloadRulesCommand(t Terminal) *cobra.Command {
	return &cobra.Command{
		Use: "reload", Short: "Put the rules in force as they stand on disk now", Args: cobra.NoArgs,
		Long: `Read the rules of rules.paths anew and put them in force, without losing a packet. Where none of them can be used those
that are in force stay.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var said reloaded
			if err := ask(cmd, http.MethodPost, "/rules/reload", order{}, &said); err != nil {
				return err
			}
			fmt.Fprintf(t.Out, "%d rules are in force, %d are not usable\n", said.Loaded, said.Rejected)
			return nil
		},
	}
}
