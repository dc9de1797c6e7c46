package access

import (
	"slices"
	"time"

	"bulwark/decide/access/policy"
)

// Machine is a device of the inventory.
type Machine struct {
	ID    string // its number
	Class string // what it is taken for, as the inventory writes it; empty: not known
	Unit  string // where it stands; empty: not known
	Tier  int    // 0 life-critical to 3 office, 4 not known
}

const (
	// machinesEvery is how often the inventory is looked at.
	machinesEvery = 10 * time.Second
	mostMachines  = 200_000
	tierUnknown   = 4
)

// refreshMachines looks at the inventory again, where it is time to.
func (a *Access) refreshMachines() {
	if a.needs.Machines == nil {
		return
	}
	now := a.needs.Clock.Now()
	a.mu.RLock()
	early := a.machines != nil && now.Sub(a.machinesAt).Abs() < machinesEvery
	a.mu.RUnlock()
	if early {
		return
	}
	all := a.needs.Machines() // without the lock: the inventory has its own
	a.mu.Lock()
	defer a.mu.Unlock()
	is := make(map[string]Machine, len(all))
	for _, m := range all[:min(len(all), mostMachines)] {
		is[m.ID] = m
	}
	was := a.machines
	a.machines, a.machinesAt = is, now
	for id, m := range is {
		if before, ok := was[id]; !ok || before != m {
			a.putMachine(id)
		}
	}
	for id := range was {
		if _, ok := is[id]; !ok { // a session may be on it: it stays as one of which nothing is known
			a.putMachine(id)
		}
	}
}

// putMachine puts a device among the entities as it is now; one that the inventory does not have is of no class. The lock is held.
func (a *Access) putMachine(id string) {
	m, ok := a.machines[id]
	if !ok {
		m.Tier = tierUnknown
	}
	var parents []policy.UID
	if m.Class != "" {
		parents = append(parents, policy.ID("MachineClass", m.Class))
	}
	if m.Unit != "" {
		parents = append(parents, policy.ID("Unit", m.Unit))
	}
	a.entities.Put(policy.Entity{UID: policy.ID("Machine", id), Parents: parents, Attrs: policy.Attrs{"tier": m.Tier, "risk": a.risks["device:"+id]}})
}

// needMachine puts in a device that a session is on, where it is not there yet: what policies ask of it has an answer.
func (a *Access) needMachine(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := a.machines[id]; ok || id == "" || slices.Contains(a.strangers, id) {
		return
	}
	if len(a.strangers) >= mostStrangers {
		a.strangers = slices.Delete(a.strangers, 0, 1)
	}
	a.strangers = append(a.strangers, id)
	a.putMachine(id)
}

// mostStrangers bounds the devices that are remembered as put in although the inventory has none of that number.
const mostStrangers = 1000
