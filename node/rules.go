package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"bulwark/decide/identity"
	"bulwark/detect/signature"
	"bulwark/observe/sensor"
	"bulwark/platform/health"
	"bulwark/platform/ledger"
	"bulwark/platform/store"
	"bulwark/platform/web"
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
	Title: health.Text{EN: "Traffic rules that are not used: {count}", FR: "Règles de trafic inutilisables : {count}"},
	Text: health.Text{EN: "In force: {loaded}. The first that is not used: {place}: {reason}.",
		FR: "En vigueur : {loaded}. La première qui ne peut être utilisée : {place} : {reason}."},
	NextStep: health.Text{EN: "See all of them with bulwark rules check.", FR: "Voyez-les toutes avec bulwark rules check."},
}

// openRulebook reads the traffic rules of the configuration, and what is kept of them.
func (n *Node) openRulebook(context.Context) error {
	if !n.config.Rules.On() {
		return nil
	}
	needs := signature.Needs{Config: n.config.Rules, Dir: filepath.Join(n.dir, rulesDir), Clock: n.clock, Log: n.log.With("room", "signature"),
		Fleeting: n.capture != "", Apply: n.putRules, SoundLogs: soundLogRules, Record: n.noteRules, Play: player(n.config.Sensor, nil), Seen: n.sights, Names: n.callers,
		Packets: n.trialPackets, Verdicts: n.verdicts, Poll: func() error {
			if n.sensor == nil {
				return nil
			}
			return n.sensor.AskCosts()
		}}
	var err error
	n.rulebook, err = signature.Open(needs)
	if n.rulebook == nil {
		return err
	}
	if err != nil {
		n.health.Set(&rulesUnread, health.Args{"reason": printable(unwrapPath(err).Error())})
	}
	return nil
}

// rulesDir is the folder of what is kept of rules in the data directory.
const rulesDir = "rules"

// openRules hands the traffic rules in force to the process that reads packets.
func (n *Node) openRules() (*os.File, error) {
	rules, _ := n.rulebook.Rules()
	return bundle(rules)
}

// putRules puts rules in force, and warns of those that are not used.
func (n *Node) putRules(p signature.Put) error {
	n.log.Info("traffic rules are read", "loaded", p.Loaded, "rejected", p.Rejected)
	n.health.Clear(&rulesUnread, "")
	if err := n.putLogRules(p.Rules.Logs); err != nil {
		return err
	}
	if p.Rejected == 0 {
		n.health.Clear(&rulesRejected, "")
	} else {
		n.health.Set(&rulesRejected, health.Args{"count": strconv.Itoa(p.Rejected), "loaded": strconv.Itoa(p.Loaded),
			"place": p.First.Place, "reason": printable(p.First.Reason)})
	}
	if n.sensor == nil || n.capture != "" { // a capture is read with the rules that it began with
		return nil
	}
	return n.sensor.Look(func() (*os.File, error) { return bundle(p.Rules) })
}

// noteRules writes to the ledger what somebody did to rules.
func (n *Node) noteRules(ctx context.Context, actor, act, object string, detail map[string]string) error {
	_, err := n.ledger.Record(ctx, ledger.Entry{Actor: actor, Act: act, Object: object, Outcome: ledger.Done, Detail: detail})
	return err
}

// mostPorts is how many ports conversations may have gone to for all of them to be known: a scan goes to more.
const mostPorts = 5000

// sights are the protocols that conversations of the last week spoke, the ports that they went to, who is known, and since when.
func (n *Node) sights(ctx context.Context) (s signature.Sights, err error) {
	if n.store == nil {
		return s, nil
	}
	now := n.clock.Now()
	q := store.Query{Text: "kind:flow", From: now.Add(-7 * day)}
	if n.capture != "" {
		q.From = time.Time{}
	}
	all, err := n.store.Facets(ctx, q, []string{"app_name", "dst_endpoint.port"}, mostPorts)
	if err != nil {
		return s, err
	}
	s.Apps = map[string]time.Time{}
	for _, c := range all["app_name"] {
		s.Apps[c.Value] = now
	}
	if ports := all["dst_endpoint.port"]; len(ports) < mostPorts {
		s.Ports = []uint16{}
		for _, c := range ports {
			if p, err := strconv.ParseUint(c.Value, 10, 16); err == nil {
				s.Ports = append(s.Ports, uint16(p))
			}
		}
		slices.Sort(s.Ports)
	}
	if n.inventory != nil {
		s.Hosts = n.inventory.Addresses()
	}
	if s.From = n.store.Stats().Oldest; s.From.IsZero() {
		s.From = now
	}
	return s, nil
}

// callers are the names by which programs of the hospital call themselves.
func (n *Node) callers() (all []signature.Name) {
	if n.inventory == nil {
		return nil
	}
	for _, c := range n.inventory.Callers() {
		all = append(all, signature.Name{List: c.Protocol, Value: c.Name, First: c.First, Confirmed: c.Confirmed})
	}
	return all
}

// trialPackets writes a stretch of the packet ring for a trial of rules.
func (n *Node) trialPackets(r *http.Request, s signature.Stretch, out io.Writer) error {
	p, ok := identity.From(r.Context())
	if !ok || !slices.Contains(p.Duties, web.Analyst) {
		return errors.New("packets that are kept are opened by analysts alone")
	}
	a := packetsAsked{Actor: p.Actor(), Reason: s.Reason, Query: sensor.PacketQuery{Filter: s.Filter, Since: s.From, Until: s.To}}
	if s.Flow != "" {
		flow, err := strconv.ParseUint(string(s.Flow), 10, 64)
		if err != nil {
			return fmt.Errorf("%q is no flow", s.Flow)
		}
		a.Query.Flow = flow
	}
	for _, h := range s.Hosts {
		addr, err := netip.ParseAddr(h)
		if err != nil {
			return err
		}
		a.Query.Hosts = append(a.Query.Hosts, addr)
	}
	_, err := n.packets(r.Context(), a, out)
	return err
}

// looked hears whether the process that reads packets took the rules over.
func (n *Node) looked(err error) {
	if err != nil {
		n.health.Set(&rulesUnread, health.Args{"reason": printable(err.Error())})
	}
}

// bundle is the rules as the process that reads packets takes them, in a file that is in memory alone.
func bundle(rules *signature.Rules) (*os.File, error) {
	fd, err := unix.MemfdCreate("bulwark-rules", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("making room for the rules in memory: %w", err)
	}
	f := os.NewFile(uintptr(fd), "bulwark-rules")
	if err = rules.Bundle(f); err == nil {
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
	if n.rulebook == nil {
		answer(w, nil, errors.New("no traffic rules are looked for here: rules.paths and rules.sources name none, and rules.shipped is off"))
		return
	}
	p, err := n.rulebook.Reload()
	answer(w, p, unwrapPath(err))
}

func rulesCommand(t Terminal) *cobra.Command {
	cmd := &cobra.Command{Use: "rules", Short: "Look after the rules about traffic and logs",
		Long: `Look after the rules: what is looked for in the traffic, in Suricata's language, and in events of logs, in Sigma's. The setting
rules.paths names the files and directories that are in force; bulwark read --rules tries some on a capture, and
bulwark evtx --rules on files of events.`,
	}
	parent(cmd)
	cmd.AddCommand(listRulesCommand(t), showRuleCommand(t), explainRuleCommand(t), switchRulesCommand(t, false), switchRulesCommand(t, true), checkRulesCommand(t),
		testRulesCommand(t), profileRulesCommand(t), sourcesCommand(t), updateRulesCommand(t), reloadRulesCommand(t))
	return cmd
}

func checkRulesCommand(t Terminal) *cobra.Command {
	var vars map[string]string
	cmd := &cobra.Command{
		Use: "check [FILE|DIRECTORY]...", Short: "Say of rules which are usable, and why the others are not",
		Long: `Read rules, those of the configuration and those written in the console where none are named, and list each that is not usable with its file, line
and column, and the reason: traffic rules (.rules), and rules about events of logs in Sigma's language (.yml). The exit
code is 3 where some are not usable.`,
		Example: `  bulwark rules check
  bulwark rules check ward.rules /etc/suricata/rules sigma/rules`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			rules := c.Rules.Only(args, vars)
			if !rules.On() {
				return &exit{ExitFailure, errors.New("no rules are named, neither here nor by rules.paths, and rules.shipped is off")}
			}
			dir := filepath.Join(dataDir(cmd), rulesDir)
			return checkRules(t.Out, rules, dir, ownRules(dir, args))
		},
	}
	cmd.Flags().StringToStringVar(&vars, "rule-var", nil, "set a variable of the rules: `NAME=VALUE`")
	return cmd
}

func checkRules(out io.Writer, c *signature.Config, dir, own string) error {
	rules, err := c.Load(dir, time.Now())
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
	about, err := logRulesOf(c, rules, own)
	if err != nil {
		return &exit{ExitFailure, err}
	}
	for _, r := range about.Rejected {
		fmt.Fprintln(out, printable(r.Why))
	}
	loaded, unusable := loaded+about.Len(), len(rejected)+len(about.Rejected)
	fmt.Fprintf(out, "%d rules are usable, %d are not\n", loaded, unusable)
	if unusable > 0 {
		return &exit{code: ExitPartial}
	}
	return nil
}

func reloadRulesCommand(t Terminal) *cobra.Command {
	return &cobra.Command{
		Use: "reload", Short: "Put the rules in force as they stand on disk now", Args: cobra.NoArgs,
		Long: `Read the rules anew and put them in force, without losing a packet. Where none of them can be used those
that are in force stay.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var said signature.Put
			if err := ask(cmd, http.MethodPost, "/rules/reload", order{}, &said); err != nil {
				return err
			}
			fmt.Fprintf(t.Out, "%d rules are in force, %d are not usable\n", said.Loaded, said.Rejected)
			return nil
		},
	}
}
