package node

import (
	"context"

	"bulwark/observe/logs"
)

// openLogs opens the ways by which logs come in. Where a capture is shown there are none.
func (n *Node) openLogs(ctx context.Context) error {
	c := n.config.Logs
	if n.capture != "" {
		c = logs.Config{}
	}
	var err error
	n.logs, err = logs.New(ctx, logs.Needs{Config: c, Name: n.name(), Site: n.config.Site, Version: Version(), Publisher: n.publisher,
		Pseudonyms: n.keys.Derive("pseudonym"), Seal: n.keys.Derive("logs"), Certificate: n.certificates.Get, DB: n.db, Ledger: n.ledger,
		Health: n.health, Clock: n.clock, Log: n.log.With("room", "logs"), Registry: n.metrics})
	return err
}
