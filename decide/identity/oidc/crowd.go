package oidc

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"github.com/uptrace/bun"

	"bulwark/platform/web"
)

// Anybody can push requests in the name of a public client, as its name is no secret: from one place come fewer than are kept, and those that wait longest
// make room, so that a stranger keeps nobody from signing in by filling the table.

const (
	pushBurst, pushPlaces = 30, 4096
	// pushEvery keeps what one place pushes within the life of a request under manyPushed.
	pushEvery = 2 * time.Second
)

// notTooOften lets a public client push so often from one place; one that proves which it is knows what it does.
func (p *Provider) notTooOften(r *http.Request, c *clientRow) error {
	if !c.says(public) {
		return nil
	}
	if ok, _ := p.pushes.Allow(c.ID + " " + placeOf(web.Peer(r))); !ok {
		p.crowd.Inc()
		return bad("temporarily_unavailable", "too many requests are pushed")
	}
	return nil
}

// placeOf is an address, or the /64 that an IPv6 address shares with others of the same host.
func placeOf(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil || a.Unmap().Is4() {
		return address
	}
	place, _ := a.WithZone("").Prefix(64) // of an IPv6 address it never fails
	return place.String()
}

// makeRoom drops the oldest requests of a client where too many wait.
func (p *Provider) makeRoom(ctx context.Context, tx bun.Tx, client string) error {
	n, err := tx.NewSelect().Model((*pushedRow)(nil)).Where("client = ?", client).Count(ctx)
	if err != nil || n < manyPushed {
		return err
	}
	oldest := tx.NewSelect().Model((*pushedRow)(nil)).Column("hash").Where("client = ?", client).OrderExpr("ends, hash").Limit(n - manyPushed + 1)
	if _, err = tx.NewDelete().Model((*pushedRow)(nil)).Where("hash IN (?)", oldest).Exec(ctx); err == nil {
		p.crowd.Add(float64(n - manyPushed + 1))
	}
	return err
}
