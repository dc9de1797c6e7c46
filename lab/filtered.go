package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
)

// filtered are the addresses that the packet filter of the switch stops, by its own tool: "hold 10.20.6.11", "ban 198.51.100.21".
func filtered(ctx context.Context) (map[string]bool, error) {
	all := map[string]bool{}
	c := exec.CommandContext(ctx, "ip", "netns", "exec", switchNS, "nft", "-j", "list", "table", "bridge", "bulwark")
	out, err := c.CombinedOutput()
	if strings.Contains(string(out), "No such file") {
		return all, nil // there is no table: nothing is stopped
	}
	if err != nil {
		return nil, fmt.Errorf("nft: %w: %s", err, out)
	}
	var rules struct {
		Nftables []struct {
			Set struct {
				Name string            `json:"name"`
				Elem []json.RawMessage `json:"elem"`
			} `json:"set"`
		} `json:"nftables"`
	}
	if err := json.Unmarshal(out, &rules); err != nil {
		return nil, fmt.Errorf("nft: %w", err)
	}
	for _, r := range rules.Nftables {
		if r.Set.Name != "ban4" && r.Set.Name != "hold4" {
			continue
		}
		for _, raw := range r.Set.Elem {
			var e struct {
				Elem struct {
					Val netip.Addr `json:"val"`
				} `json:"elem"`
			}
			if err := json.Unmarshal(raw, &e); err != nil {
				return nil, fmt.Errorf("nft: %w: %s", err, raw)
			}
			all[strings.TrimSuffix(r.Set.Name, "4")+" "+e.Elem.Val.String()] = true
		}
	}
	return all, nil
}

// entries are what the packet filter has of a lease.
func (l *lease) entries() (all []string) {
	set := map[string]string{"ban": "ban", "isolate": "hold"}[l.Act]
	for _, a := range l.Addresses {
		if a.Is4() {
			all = append(all, set+" "+a.String())
		}
	}
	return all
}

// filterLog is what the packet filter was seen to stop.
type filterLog struct {
	mu    sync.Mutex
	since map[string]time.Time // of what is stopped now, when it was seen first
	gone  map[string]time.Time // of what is not any more, when that was seen first
	err   error
}

// lookEvery is how often the packet filter is looked at.
const lookEvery = 100 * time.Millisecond

// watch looks at the packet filter until ctx ends.
func (f *filterLog) watch(ctx context.Context) {
	f.since, f.gone = map[string]time.Time{}, map[string]time.Time{}
	for ctx.Err() == nil {
		now, err := filtered(ctx)
		f.note(now, err, time.Now())
		select {
		case <-time.After(lookEvery):
		case <-ctx.Done():
		}
	}
}

func (f *filterLog) note(now map[string]bool, err error, at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		f.err = err
		return
	}
	for e := range now {
		if f.since[e].IsZero() {
			f.since[e] = at
			delete(f.gone, e)
		}
	}
	for e := range f.since {
		if !now[e] {
			delete(f.since, e)
			f.gone[e] = at
		}
	}
}

// left is when the last of some entries was seen to be gone; false: one is there, or none ever was.
func (f *filterLog) left(entries []string) (last time.Time, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range entries {
		if !f.since[e].IsZero() {
			return time.Time{}, false
		}
		if f.gone[e].After(last) {
			last = f.gone[e]
		}
	}
	return last, !last.IsZero()
}

// stopped are what is stopped now.
func (f *filterLog) stopped() (all []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Collect(maps.Keys(f.since))
}
