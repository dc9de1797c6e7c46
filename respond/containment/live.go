package containment

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
