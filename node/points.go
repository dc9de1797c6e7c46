package node

import (
	"bulwark/respond/action"
	"bulwark/respond/containment"
	"bulwark/respond/directory"
	"bulwark/respond/filter"
	"bulwark/respond/radius"
	"bulwark/respond/sinkhole"
	"bulwark/respond/snmp"
)

// points are where acts are enforced; of those with the same act the first that takes an order has it. Where a capture is shown
// there is nothing to enforce anything on. Each is adapted in the file of its name, point_NAME.go.
func (n *Node) points() ([]containment.Point, error) {
	if n.capture != "" {
		return nil, nil
	}
	actions, err := action.New(n.config.Actions, n.clock)
	if err != nil {
		return nil, err
	}
	f := filter.New(n.config.Filter, n.clock)
	if !n.config.Filter.On { // what was put in force while the filter was on does not outlive its being switched off
		if err := f.Remove(); err != nil {
			n.log.Debug("the packet filter was not looked at", "error", err)
		}
	}
	n.sinkhole = sinkhole.New(n.config.Sinkhole, n.clock, n.log.With("room", "sinkhole"))
	all := []containment.Point{n.freezePoint(), filterPoint{f, n.config.Filter.On}, snmpPoint{snmp.New(n.config.SNMP), len(n.config.SNMP.Switches) > 0},
		radiusPoint{radius.New(n.config.RADIUS, radiusSessions{n}, n.clock), len(n.config.RADIUS.NAS) > 0},
		directoryPoint{directory.New(n.config.Directory, n.log.With("room", "directory")), len(n.config.Directory.Servers) > 0},
		sinkholePoint{n.sinkhole, len(n.config.Sinkhole.Resolvers) > 0}}
	for _, p := range actions {
		all = append(all, actionPoint{p})
	}
	return all, nil
}
