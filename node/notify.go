package node

import (
	"context"
	"errors"
	"net/http"

	"bulwark/decide/identity"
	"bulwark/platform/ledger"
	"bulwark/respond/notify"
)

// openNotify opens the room that tells people, where events are kept.
func (n *Node) openNotify(ctx context.Context) (err error) {
	if !n.roles.keeps() {
		return nil
	}
	n.notify, err = notify.New(ctx, notify.Needs{Config: n.config.Notify, DB: n.db, Ledger: n.ledger, Clock: n.clock, Log: n.log.With("room", "notify"),
		Health: n.health, Key: n.keys.Derive("notify"), URL: func() string { return n.server.URL() }, Hospital: n.config.Identity.Hospital,
		Fleeting: n.capture != "", Registry: n.metrics})
	return err
}

// hostAs is whoever asks at the machine itself.
func hostAs(*http.Request) (actor, name string, err error) { return ledger.Host, ledger.Host, nil }

// signedInAs is who asks, as the ledger has it and as people call them.
func signedInAs(r *http.Request) (actor, name string, err error) {
	p, ok := identity.From(r.Context())
	if !ok {
		return "", "", errors.New("node: nobody is signed in")
	}
	return p.Actor(), p.Name, nil
}

// say sends a text by a channel of the configuration, where there is a room that does.
func (n *Node) say(ctx context.Context, channel, to, title, text string) error {
	if n.notify == nil {
		return errors.New("node: nobody is told anything here")
	}
	return n.notify.Say(ctx, channel, to, title, text)
}
