package node

import (
	"context"
	"encoding/json"
	"strconv"

	findings "bulwark/decide/finding"
	incidents "bulwark/decide/incident"
)

// openIncidents opens the room of what belongs together, where events are kept. That of a capture begins empty, and is not kept.
func (n *Node) openIncidents(ctx context.Context) (err error) {
	if !n.roles.keeps() {
		return nil
	}
	n.incidents, err = incidents.New(ctx, incidents.Needs{Config: n.config.Incidents, DB: n.db, Ledger: n.ledger, Clock: n.clock,
		Log: n.log.With("room", "incidents"), Fleeting: n.capture != "", Devices: incidentDevices{n}, Judge: incidentJudge{n}, Proofs: incidentProofs{n}, Acts: incidentActs{n}, Publisher: teller{n},
		Site: n.config.Site, Live: n.showLive, Registry: n.metrics})
	return err
}

// incidentDevices knows devices.
type incidentDevices struct{ n *Node }

func (d incidentDevices) Device(id uint64) (incidents.Device, bool) {
	name, class, tier, ok := d.n.inventory.Named(id)
	return incidents.Device{Name: name, Class: class, Tier: tier, Ward: d.n.inventory.Ward(id)}, ok
}

// incidentActs knows what is done about incidents.
type incidentActs struct{ n *Node }

func (a incidentActs) Of(incident uint64) (all []any) {
	if a.n.containment == nil {
		return nil
	}
	for _, l := range a.n.containment.Of(strconv.FormatUint(incident, 10)) {
		all = append(all, l)
	}
	return all
}

// incidentProofs hands out findings as evidence.
type incidentProofs struct{ n *Node }

func (p incidentProofs) Finding(ctx context.Context, id uint64) ([]byte, error) {
	d, err := p.n.findings.Show(ctx, id)
	if err != nil {
		return nil, err
	}
	return json.Marshal(d)
}

func (p incidentProofs) Packets(ctx context.Context, incident uint64) (any, error) {
	return p.n.frozenFor(ctx, incident)
}

// incidentJudge passes verdicts on incidents to their findings.
type incidentJudge struct{ n *Node }

func (j incidentJudge) Judge(ctx context.Context, actor string, ids []uint64, verdict, reason string) error {
	kept := j.n.findings.Kept(ids)
	if len(kept) == 0 {
		return nil
	}
	_, _, err := j.n.findings.Judge(ctx, actor, findings.Ask{IDs: kept, Verdict: findings.Verdict(verdict), Reason: reason})
	return err
}
