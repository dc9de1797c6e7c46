package node

import (
	"context"
	"errors"
	"net/http"

	"bulwark/decide/identity"
	"bulwark/observe/inventory"
)

// openInventory opens the inventory where events are kept. That of a capture begins empty, and is not kept.
func (n *Node) openInventory(ctx context.Context) (err error) {
	if !n.roles.keeps() {
		return nil
	}
	n.inventory, err = inventory.New(ctx, inventory.Needs{Config: n.config.Inventory, DB: n.db, Ledger: n.ledger, Clock: n.clock,
		Log: n.log.With("room", "inventory"), Fleeting: n.capture != "",
		Publisher: publisher{n}, Site: n.config.Site})
	return err
}

// signedIn is who asks, as the ledger has it.
func signedIn(r *http.Request) (string, error) {
	p, ok := identity.From(r.Context())
	if !ok {
		return "", errors.New("node: nobody is signed in")
	}
	return p.Actor(), nil
}
