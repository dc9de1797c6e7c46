package node

import (
	"context"
	"errors"
	"net/http"
	"time"

	"bulwark/decide/identity"
	"bulwark/event"
	"bulwark/observe/inventory"
)

// openInventory opens the inventory where events are kept. That of a capture begins empty, and is not kept.
func (n *Node) openInventory(ctx context.Context) (err error) {
	if !n.roles.keeps() {
		return nil
	}
	n.inventory, err = inventory.New(ctx, inventory.Needs{Config: n.config.Inventory, DB: n.db, Ledger: n.ledger, Clock: n.clock,
		Log: n.log.With("room", "inventory"), Fleeting: n.capture != "",
		Publisher: teller{n}, Site: n.config.Site, Registry: n.metrics})
	return err
}

// teller puts on the bus what happens to devices.
type teller struct{ n *Node }

// tellWait is how long the bus may take.
const tellWait = 20 * time.Second

// Publish returns when the bus has the batch: the inventory keeps it until then.
func (t teller) Publish(ctx context.Context, kind event.Kind, batch []byte) error {
	if t.n.capture != "" {
		return publisher(t).Publish(ctx, kind, batch)
	}
	ctx, cancel := context.WithTimeout(ctx, tellWait)
	defer cancel()
	return t.n.bus.Publish(ctx, kind.Subject(), batch)
}

// signedIn is who asks, as the ledger has it.
func signedIn(r *http.Request) (string, error) {
	p, ok := identity.From(r.Context())
	if !ok {
		return "", errors.New("node: nobody is signed in")
	}
	return p.Actor(), nil
}
