package node

import (
	"context"
	"fmt"
	"strconv"
	"time"

	findings "bulwark/decide/finding"
	"bulwark/detect/signature"
	"bulwark/platform/store"
)

// openFindings opens the room of what was found, where events are kept. That of a capture begins empty, and is not kept.
func (n *Node) openFindings(ctx context.Context) (err error) {
	if !n.roles.keeps() {
		return nil
	}
	n.findings, err = findings.New(ctx, findings.Needs{Config: n.config.Findings, DB: n.db, Ledger: n.ledger, Clock: n.clock,
		Log: n.log.With("room", "findings"), Fleeting: n.capture != "", Devices: n.inventory, Rules: ruleTexts{n}, Conversations: conversations{n}, Publisher: teller{n},
		Site: n.config.Site, Live: n.showLive, Registry: n.metrics})
	return err
}

// showLive shows something to whoever looks at the console.
func (n *Node) showLive(topic string, v any) {
	if n.hub != nil {
		n.hub.Send(topic, v)
	}
}

// conversations knows what else the store has of a conversation.
type conversations struct{ n *Node }

// asNamed are the attributes of events that name something of which a finding may be.
var asNamed = [...]struct{ attribute, kind string }{
	{"http_request.url.hostname", "domain"}, {"query.hostname", "domain"}, {"tls.sni", "domain"}, {"quic.sni", "domain"},
	{"user.name", "user"}, {"actor.user.name", "user"}, {"file.name", "file"}, {"file.sha256", "hash"},
	{"dicom.calling_ae", "ae-title"}, {"dicom.called_ae", "ae-title"},
}

// mostOfConversation is how many events of a conversation are looked at.
const mostOfConversation = 50

func (c conversations) Named(ctx context.Context, flow uint64, from, to time.Time) (all [][2]string, err error) {
	if c.n.store == nil {
		return nil, nil
	}
	rows, err := c.n.store.Latest(ctx, store.Query{Text: "flow:" + strconv.FormatUint(flow, 10), From: from, To: to}, mostOfConversation)
	for n := range rows {
		for _, x := range asNamed {
			if v := rows[n].Value(x.attribute); v != "" && v[0] != '[' {
				all = append(all, [2]string{x.kind, v})
			}
		}
	}
	return all, err
}

// ruleTexts knows the rules that are looked for here.
type ruleTexts struct{ n *Node }

func (r ruleTexts) RuleText(ctx context.Context, id string) (findings.RuleText, bool) {
	if r.n.logRules != nil {
		if d, err := r.n.logRules.Show(id); err == nil {
			return findings.RuleText{Text: d.Text, Place: d.Place}, true
		}
	}
	var rule signature.ID
	if _, err := fmt.Sscanf(id, "%d:%d", &rule.GID, &rule.SID); err != nil || r.n.rulebook == nil {
		return findings.RuleText{}, false
	}
	d, err := r.n.rulebook.Show(ctx, rule)
	if err != nil {
		return findings.RuleText{}, false
	}
	return findings.RuleText{Text: d.Text, Place: d.Place, EN: d.Explain.EN, FR: d.Explain.FR}, true
}

// verdicts are what people said of what rules found.
func (n *Node) verdicts(_ context.Context, ids []signature.ID) (map[signature.ID]signature.Verdicts, error) {
	out := map[signature.ID]signature.Verdicts{}
	if n.findings == nil {
		return out, nil
	}
	if len(ids) == 1 {
		v := n.findings.Verdicts(ids[0].String())
		x := signature.Verdicts{True: v.True, False: v.False, Benign: v.Benign, Suppressions: v.Suppressions}
		for _, s := range v.List {
			x.List = append(x.List, signature.VerdictOnRule{Verdict: string(s.Verdict), Reason: s.Reason, Who: s.By, When: s.At, Finding: s.Finding, Scope: string(s.Scope)})
		}
		if len(x.List)+x.Suppressions > 0 {
			out[ids[0]] = x
		}
		return out, nil
	}
	all := n.findings.AllVerdicts()
	for _, id := range ids {
		if v, ok := all[id.String()]; ok {
			out[id] = signature.Verdicts{True: v.True, False: v.False, Benign: v.Benign, Suppressions: v.Suppressions}
		}
	}
	return out, nil
}
