package node

import (
	"context"

	findings "bulwark/decide/finding"
)

// openFindings opens the room of what was found, where events are kept. That of a capture begins empty, and is not kept.
func (n *Node) openFindings(ctx context.Context) (err error) {
	if !n.roles.keeps() {
		return nil
	}
	n.findings, err = findings.New(ctx, findings.Needs{Config: n.config.Findings, DB: n.db, Ledger: n.ledger, Clock: n.clock,
		Log: n.log.With("room", "findings"), Fleeting: n.capture != "", Devices: n.inventory, Publisher: teller{n}, Site: n.config.Site,
		Live: n.showLive, Registry: n.metrics})
	return err
}

// showLive shows something to whoever looks at the console.
func (n *Node) showLive(topic string, v any) {
	if n.hub != nil {
		n.hub.Send(topic, v)
	}
}
