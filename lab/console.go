package lab

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// lease is a containment as the program tells of it.
type lease struct {
	ID        uint64       `json:"id"`
	Act       string       `json:"act"`
	Target    string       `json:"target"`
	State     string       `json:"state"`
	Enforced  bool         `json:"enforced"`
	Automatic bool         `json:"automatic"`
	Playbook  string       `json:"playbook"`
	Incident  string       `json:"incident"`
	Problem   string       `json:"problem"`
	Addresses []netip.Addr `json:"addresses"`
	Until     time.Time    `json:"until"`
	Verdict   struct {
		Reasons []struct {
			EN string `json:"en"`
		} `json:"reasons"`
	} `json:"verdict"`
}

// stops reports whether something is stopped by it, or may be.
func (l *lease) stops() bool {
	return slices.Contains([]string{"approved", "applying", "in_force", "failed", "released", "reverting"}, l.State)
}

func (l *lease) String() string {
	why := l.Problem
	for _, r := range l.Verdict.Reasons {
		why += " " + r.EN
	}
	return fmt.Sprintf("lease %d, %s %s: %s (%s)", l.ID, l.Act, l.Target, l.State, strings.TrimSpace(why))
}

// incident is one as the program tells of it.
type incident struct {
	ID       uint64 `json:"id"`
	Band     string `json:"band"`
	Findings int    `json:"findings"`
	Title    struct {
		EN string `json:"en"`
	} `json:"title"`
	Entities []struct {
		ID string `json:"id"`
	} `json:"entities"`
	Story []struct {
		EN string `json:"en"`
	} `json:"story"`
	Joins []struct {
		Rule string `json:"rule"`
	} `json:"joins"`
}

func (i *incident) has(entity string) bool {
	for _, e := range i.Entities {
		if e.ID == entity {
			return true
		}
	}
	return false
}

// news is what the console's live stream told, and when it was heard first.
type news struct {
	mu       sync.Mutex
	entities map[string]time.Time // that stand in an incident
	leases   map[uint64]lease
	states   map[string]time.Time // of leases: "12 in_force"
}

func newNews() *news {
	return &news{entities: map[string]time.Time{}, leases: map[uint64]lease{}, states: map[string]time.Time{}}
}

// heard takes what was told of a lease.
func (n *news) heard(l lease, at time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.leases[l.ID] = l
	key := fmt.Sprint(l.ID, " ", l.State)
	if l.State == "in_force" && !l.Enforced {
		return
	}
	if n.states[key].IsZero() {
		n.states[key] = at
	}
}

// in is the newest lease of a target for an act, and when it came into a state; false: there is none in that state yet.
func (n *news) in(act, target, state string) (l lease, at time.Time, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, x := range n.leases {
		if x.Act == act && x.Target == target && x.ID > l.ID {
			l = x
		}
	}
	at = n.states[fmt.Sprint(l.ID, " ", state)]
	return l, at, l.ID != 0 && !at.IsZero()
}

// when is when a lease was heard of in a state first.
func (n *news) when(id uint64, state string) (time.Time, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	at, ok := n.states[fmt.Sprint(id, " ", state)]
	return at, ok
}

// told is when an entity stood in an incident first.
func (n *news) told(entity string) (time.Time, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	at, ok := n.entities[entity]
	return at, ok
}

// all are the leases.
func (n *news) all() (all []lease) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, l := range n.leases {
		all = append(all, l)
	}
	slices.SortFunc(all, func(a, b lease) int { return int(a.ID) - int(b.ID) })
	return all
}

// listen follows the live stream until ctx ends. Where it breaks off, because the program was killed, it is opened again, and what
// was missed is asked for.
func (w *Watcher) listen(ctx context.Context) *news {
	n := newNews()
	opened := make(chan struct{})
	go func() {
		var once sync.Once
		for ctx.Err() == nil {
			w.stream(ctx, n, func() { once.Do(func() { close(opened) }) })
			select {
			case <-time.After(20 * time.Millisecond):
			case <-ctx.Done():
			}
		}
	}()
	select {
	case <-opened:
	case <-time.After(patience): // nothing will be heard: whoever waits for it says so
	case <-ctx.Done():
	}
	return n
}

// stream follows the live stream once.
func (w *Watcher) stream(ctx context.Context, n *news, opened func()) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.base+"/api/live", nil)
	if err != nil {
		return
	}
	endless := w.web
	endless.Timeout = 0
	a, err := endless.Do(r)
	if err != nil {
		return
	}
	defer a.Body.Close()
	if a.StatusCode != http.StatusOK {
		return
	}
	opened()
	if all, err := w.leases(ctx); err == nil {
		for _, l := range all {
			n.heard(l, time.Now())
		}
	}
	lines := bufio.NewScanner(a.Body)
	lines.Buffer(nil, 16<<20)
	for topic := ""; lines.Scan(); {
		if t, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			topic = t
		}
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			n.take(topic, []byte(data), time.Now())
		}
	}
}

// take takes one message of the stream.
func (n *news) take(topic string, data []byte, at time.Time) {
	switch topic {
	case "containment":
		var m struct {
			Changed []lease `json:"changed"`
		}
		if json.Unmarshal(data, &m) == nil {
			for _, l := range m.Changed {
				n.heard(l, at)
			}
		}
	case "incident":
		var m struct {
			Changed []struct {
				Incident incident `json:"incident"`
			} `json:"changed"`
		}
		if json.Unmarshal(data, &m) == nil {
			n.mu.Lock()
			defer n.mu.Unlock()
			for _, c := range m.Changed {
				for _, e := range c.Incident.Entities {
					if n.entities[e.ID].IsZero() {
						n.entities[e.ID] = at
					}
				}
			}
		}
	}
}

// ask asks the program for something, and reads its answer into v.
func (w *Watcher) ask(ctx context.Context, method, path string, asked, v any) error {
	var body []byte
	if asked != nil {
		var err error
		if body, err = json.Marshal(asked); err != nil {
			return err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, w.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", w.base)
	text, err := w.do(r)
	if err != nil || v == nil {
		return err
	}
	return json.Unmarshal(text, v)
}

func (w *Watcher) leases(ctx context.Context) ([]lease, error) {
	var list struct {
		Items []lease `json:"items"`
	}
	return list.Items, w.ask(ctx, http.MethodGet, "/api/containments?limit=500", nil, &list)
}

// incidents are all of them, with their story.
func (w *Watcher) incidents(ctx context.Context) (all []incident, err error) {
	var list struct {
		Items []incident `json:"items"`
	}
	if err := w.ask(ctx, http.MethodGet, "/api/incidents?limit=100", nil, &list); err != nil {
		return nil, err
	}
	for _, i := range list.Items {
		var whole incident
		if err := w.ask(ctx, http.MethodGet, fmt.Sprint("/api/incidents/", i.ID), nil, &whole); err != nil {
			return nil, err
		}
		all = append(all, whole)
	}
	return all, nil
}

// device is the number of a station in the inventory; 0: it is not there yet.
func (w *Watcher) device(ctx context.Context, mac string) (uint64, error) {
	var list struct {
		Devices []struct {
			ID   uint64   `json:"id"`
			MACs []string `json:"macs"`
		} `json:"devices"`
	}
	if err := w.ask(ctx, http.MethodGet, "/api/devices?limit=1000", nil, &list); err != nil {
		return 0, err
	}
	for _, d := range list.Devices {
		if slices.Contains(d.MACs, mac) {
			return d.ID, nil
		}
	}
	return 0, nil
}
