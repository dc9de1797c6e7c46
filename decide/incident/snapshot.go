package incident

import (
	"context"
	"encoding/json"
	"strconv"
	"time"
)

// Bounds of a snapshot.
const (
	mostSnapshotFindings = 200
	mostSnapshotBytes    = MaxExhibit - 256<<10 // of findings and what is around them
)

// snapshot is an incident as it is now, with what shows it.
type snapshot struct {
	Taken    time.Time         `json:"taken"`
	Incident json.RawMessage   `json:"incident"`
	Findings []json.RawMessage `json:"findings"`           // with their events
	LeftOff  []string          `json:"left_off,omitempty"` // findings that found no room, or are not kept any more
	Packets  any               `json:"packets"`            // what of the packet ring is held for it: files with their SHA-256
}

// snapshot is what is kept of an incident as evidence.
func (i *Incidents) snapshot(ctx context.Context, id uint64) ([]byte, error) {
	if i.needs.Proofs == nil {
		return nil, wrongCase("findings are not kept here")
	}
	d, err := i.Show(id)
	if err != nil {
		return nil, err
	}
	s := snapshot{Taken: i.now(), Findings: []json.RawMessage{}}
	if s.Incident, err = json.Marshal(d); err != nil {
		return nil, err
	}
	if s.Packets, err = i.needs.Proofs.Packets(ctx, id); err != nil {
		return nil, wrongCase("packets of incident %d: %v", id, err)
	}
	size, seen := len(s.Incident), map[string]bool{}
	for _, j := range d.Joins {
		for _, name := range j.Findings {
			if seen[name] {
				continue
			}
			seen[name] = true
			n, _ := strconv.ParseUint(name, 10, 63) // 0, which nothing has, where it is no number
			body, err := i.needs.Proofs.Finding(ctx, n)
			if err != nil || len(s.Findings) == mostSnapshotFindings || size+len(body) > mostSnapshotBytes {
				s.LeftOff = append(s.LeftOff, name)
				continue
			}
			size += len(body)
			s.Findings = append(s.Findings, body)
		}
	}
	return json.Marshal(s)
}
