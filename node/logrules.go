package node

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"bulwark/content/logrules"
	"bulwark/detect/logrule"
	"bulwark/detect/signature"
	"bulwark/platform/health"
	"bulwark/platform/store"
)

var logRulesRejected = health.Warnable{
	ID: "logrules.rejected", Severity: health.Degraded,
	Title: health.Text{EN: "Rules about logs that are not used: {count}", FR: "Règles sur les journaux inutilisables : {count}"},
	Text: health.Text{EN: "In force: {loaded}. The first that is not used: {place}: {reason}.",
		FR: "En vigueur : {loaded}. La première qui ne peut être utilisée : {place} : {reason}."},
	NextStep: health.Text{EN: "See all of them with bulwark rules check.", FR: "Voyez-les toutes avec bulwark rules check."},
}

// openLogRules opens the room that asks rules about events of logs, where events are kept.
func (n *Node) openLogRules(ctx context.Context) (err error) {
	if !n.roles.keeps() || !n.config.Rules.On() {
		return nil
	}
	own := ownRules(filepath.Join(n.dir, rulesDir), nil)
	if n.capture != "" {
		own = "" // what is written while a capture is shown would be in force afterwards
	}
	n.logRules, err = logrule.Open(ctx, logrule.Needs{Rules: n.logRuleFiles, Dir: own, Hosts: n.inventory, Publisher: teller{n}, DB: n.db, Ledger: n.ledger,
		Stored: storedLogs{n}, Verdicts: n.verdictsOnLogs, Fleeting: n.capture != "", Clock: n.clock, Log: n.log.With("room", "logrule"), Registry: n.metrics})
	if err != nil {
		return err
	}
	n.tellRejected()
	return nil
}

// logRuleFiles are the files of rules about logs: those that come with the program, and those that stand among the traffic rules of the
// configuration.
func (n *Node) logRuleFiles() ([]logrule.File, error) {
	return withShipped(&n.config.Rules, n.ownLogRules)
}

func withShipped(c *signature.Config, own []logrule.File) (all []logrule.File, err error) {
	if c.Shipped {
		if all, err = logrule.Files(signature.Shipped, logrules.Files()); err != nil {
			return nil, err
		}
	}
	return append(all, own...), nil
}

// logRulesOf are the rules about logs that a configuration means, with those that stand among its traffic rules, and those that people
// wrote in the console, below own; "": files were named, and these are not meant.
func logRulesOf(c *signature.Config, traffic *signature.Rules, own string) (*logrule.Set, error) {
	files, err := withShipped(c, asLogRules(traffic.Logs))
	if err != nil {
		return nil, err
	}
	written, err := logrule.OwnFiles(own)
	if err != nil {
		return nil, err
	}
	return logrule.LoadFiles(append(files, written...))
}

// ownRules is the folder of rules that people wrote in the console, below that of rules; "" where files are named instead.
func ownRules(dir string, named []string) string {
	if len(named) > 0 {
		return ""
	}
	return filepath.Join(dir, "own")
}

// putLogRules takes over the files of rules about logs that stand among traffic rules, and puts them in force.
func (n *Node) putLogRules(files []signature.File) error {
	n.ownLogRules = asLogRules(files)
	return n.reloadLogRules()
}

func asLogRules(files []signature.File) (all []logrule.File) {
	for _, f := range files {
		all = append(all, logrule.File{Set: f.Source, Name: f.Name, Text: f.Text})
	}
	return all
}

// soundLogRules refuses files of which no rule can be used.
func soundLogRules(files []signature.File) error {
	s, err := logrule.LoadFiles(asLogRules(files))
	switch {
	case err != nil:
		return err
	case s.Len() == 0 && len(s.Rejected) > 0:
		return fmt.Errorf("none of its rules about logs can be used: %s: %s", s.Rejected[0].File, s.Rejected[0].Why)
	case s.Len() == 0:
		return errors.New("there is no rule in it")
	}
	return nil
}

// reloadLogRules reads the rules about logs anew. Where they cannot be read those that were in force stay so.
func (n *Node) reloadLogRules() error {
	if n.logRules == nil {
		return nil
	}
	if err := n.logRules.Reload(); err != nil {
		return err
	}
	n.tellRejected()
	return nil
}

// storedLogs are the events that are kept, as rules about logs see them.
type storedLogs struct{ n *Node }

func (s storedLogs) Each(ctx context.Context, query string, from, to time.Time, most int, fn func(*logrule.Event, string)) error {
	return s.n.store.Each(ctx, store.Query{Text: query, From: from, To: to}, most, func(r store.Row) error {
		fn(logrule.StoredEvent(r.Time, r.Kind, func(yield func(string, string) bool) {
			for _, f := range r.Fields {
				if !yield(f.Name, f.Value) {
					return
				}
			}
		}), r.ID)
		return nil
	})
}

// verdictsOnLogs are what people said of what rules found, by the rule.
func (n *Node) verdictsOnLogs() map[string]logrule.Verdicts {
	out := map[string]logrule.Verdicts{}
	for rule, v := range n.findings.AllVerdicts() {
		out[rule] = logrule.Verdicts{True: v.True, False: v.False, Benign: v.Benign, Suppressions: v.Suppressions}
	}
	return out
}

func (n *Node) tellRejected() {
	rejected := slices.DeleteFunc(slices.Clone(n.logRules.Rejected()), func(r logrule.Rejected) bool { return r.Waits })
	if len(rejected) == 0 {
		n.health.Clear(&logRulesRejected, "")
		return
	}
	n.health.Set(&logRulesRejected, health.Args{"count": strconv.Itoa(len(rejected)), "loaded": strconv.Itoa(n.logRules.Len()), "place": rejected[0].File,
		"reason": printable(rejected[0].Why)})
}
