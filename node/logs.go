package node

import (
	"context"
	"fmt"
	"os"

	"bulwark/observe/logs"
	"bulwark/platform/store"
)

// openLogs opens the ways by which logs come in. Where a capture is shown there are none.
func (n *Node) openLogs(ctx context.Context) error {
	c := n.config.Logs
	if n.capture != "" {
		c = logs.Config{}
	}
	var err error
	n.logs, err = logs.New(ctx, logs.Needs{Config: c, Name: n.name(), Site: n.config.Site, Version: Version(), Publisher: n.publisher,
		Pseudonyms: n.keys.Derive("pseudonym"), Seal: n.keys.Derive("logs"), Certificate: n.certificates.Get, Authority: n.authorityPEM, Lines: storedLines{n}, DB: n.db, Ledger: n.ledger,
		Health: n.health, Clock: n.clock, Log: n.log.With("room", "logs"), Registry: n.metrics})
	return err
}

// authorityPEM is the authority of Bulwark's own certificate; "": the hospital brought one.
func (n *Node) authorityPEM() string {
	if !n.certificates.SelfMade() {
		return ""
	}
	pem, err := os.ReadFile(n.certificates.Authority())
	if err != nil {
		return ""
	}
	return string(pem)
}

// storedLines are the events of logs that are kept.
type storedLines struct{ n *Node }

func (s storedLines) Line(ctx context.Context, id string) (func(string) string, bool, error) {
	if s.n.store == nil {
		return nil, false, nil
	}
	rows, err := s.n.store.Latest(ctx, store.Query{Text: fmt.Sprintf("kind:log id:%q", id)}, 1)
	if err != nil || len(rows) == 0 {
		return nil, false, err
	}
	return rows[0].Value, true, nil
}
