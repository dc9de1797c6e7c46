package containment

import "slices"

// LiveAll are the leases that have not ended, the newest first, as lists have them.
func (c *Containment) LiveAll() []Lease {
	return c.list(query{states: slices.DeleteFunc(States(), State.Over), limit: mostListed}).Items
}

// Noted reports whether a lease was only noted, in shadow mode.
func (c *Containment) Noted(id uint64) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	l := c.leases[id]
	return l != nil && l.State == Shadow
}

// Live is the lease of an act that has not ended; false: there is none.
func (c *Containment) Live(act, target, scope string) (Lease, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	want := (&Lease{Act: act, Target: target, Scope: scope}).key()
	for _, l := range c.leases {
		if !l.State.Over() && l.key() == want {
			return *l.copy(), true
		}
	}
	return Lease{}, false
}
