package safety

import content "bulwark/content/safety"

// actType is what the interlock knows of a kind of act: how deep it cuts, and at what it is aimed.
type actType struct {
	name    string
	effect  content.Effect
	targets []string // device, address, or what is not on the network by itself: incident, user, domain
	outside bool     // it is aimed at an address outside the hospital
	scope   bool     // it has one: see [Act]
}

// actTypes are all acts. An act from E2 on whose target is not on the network by itself says in [weighing.aim] whom it touches; one
// from E3 on that touches nobody known is weighed as if it touched a device of which nothing is known.
func actTypes() []actType {
	onNetwork := []string{"device", "address"}
	return []actType{
		{name: "freeze-ring", effect: content.Evidence, targets: []string{"incident", "device", "address"}},
		{name: "ban", effect: content.Narrow, targets: onNetwork, outside: true},
		{name: "block", effect: content.Narrow, targets: onNetwork, scope: true},
		{name: "isolate", effect: content.Micro, targets: onNetwork},
		{name: "reconnect", effect: content.Quarantine, targets: onNetwork}, // a device that is thrown off has nothing until it is back, if it comes back
		{name: "quarantine", effect: content.Quarantine, targets: onNetwork},
		{name: "cut", effect: content.Isolation, targets: onNetwork},
		{name: "disable-account", effect: content.Micro, targets: []string{"user"}}, // deeper where the person gives care now: see [weighing.user]
		{name: "revoke-sessions", effect: content.Micro, targets: []string{"user"}},
		{name: "remove-group", effect: content.Micro, targets: []string{"user"}, scope: true},
		{name: "sinkhole", effect: content.Narrow, targets: []string{"domain"}, outside: true},
	}
}

// EffectsOf are how deep an act can cut: the deeper one where a person's account is locked who gives care now. None: there is no such act.
func EffectsOf(act string) (all []string) {
	t, ok := typeOf(act)
	if !ok {
		return nil
	}
	all = append(all, t.effect.String())
	if t.targets[0] == "user" && !t.scope {
		all = append(all, content.Isolation.String())
	}
	return all
}

// typeOf is the kind of an act; false: there is no such act.
func typeOf(act string) (actType, bool) {
	for _, t := range actTypes() {
		if t.name == act {
			return t, true
		}
	}
	return actType{}, false
}
