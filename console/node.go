package console

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"bulwark/platform/store"
)

// Node is how this node is, as far as node tells it. Its zero value tells nothing.
type Node struct {
	Version   string      `json:"version"`
	Started   *time.Time  `json:"started,omitempty"`
	Dir       string      `json:"dir,omitempty"`       // where it keeps its data
	Retention []Retention `json:"retention,omitempty"` // how long it keeps events
	Cage      []Wall      `json:"cage,omitempty"`      // what holds the decoders apart
}

// Retention is how long events of some kinds are kept.
type Retention struct {
	Kinds string `json:"kinds"` // flow, event or audit
	Days  int    `json:"days"`
}

// Wall is one of the walls around what parses hostile bytes.
type Wall struct {
	Name   string `json:"name"`   // landlock, seccomp, user, capabilities...
	Stands bool   `json:"stands"` // false: this machine lacks it
	Detail string `json:"detail,omitempty"`
}

// port is one interface that a sensor listens on, and what it counted.
type port struct {
	Sensor        string    `json:"sensor"`
	Name          string    `json:"name"`
	Packets       uint64    `json:"packets"`
	Bytes         uint64    `json:"bytes"`
	DroppedKernel uint64    `json:"kernel_drops"`
	DroppedOwn    uint64    `json:"own_drops"`
	Newest        time.Time `json:"newest"`
	flows         uint64
}

// ports reads the totals of every interface in the range of q.
func (c *Console) ports(ctx context.Context, q store.Query) ([]port, error) {
	pipes := `stats by (sensor, "sensor.interface") sum("traffic.packets") p, sum("traffic.bytes") b, sum("sensor.kernel_drops") k, ` +
		`sum("sensor.own_drops") o, sum("sensor.new_flows") f, max(_time) newest | limit 1000`
	rows, err := c.Store.Rows(ctx, and(q, statsTotal), pipes, 1000)
	all := []port{}
	for i := range rows {
		r := &rows[i]
		newest, _ := time.Parse(time.RFC3339Nano, r.Value("newest"))
		all = append(all, port{Sensor: r.Value("sensor"), Name: r.Value("sensor.interface"), Packets: number(r, "p"), Bytes: number(r, "b"),
			DroppedKernel: number(r, "k"), DroppedOwn: number(r, "o"), Newest: newest, flows: number(r, "f")})
	}
	slices.SortFunc(all, func(a, b port) int { return strings.Compare(a.Sensor+" "+a.Name, b.Sensor+" "+b.Name) })
	return all, err
}

type holdings struct {
	Bytes    uint64     `json:"bytes"`
	Rows     uint64     `json:"rows"`
	Oldest   *time.Time `json:"oldest,omitempty"`
	Newest   *time.Time `json:"newest,omitempty"`
	ReadOnly bool       `json:"read_only"` // the disk is full
}

// node tells how this node is.
func (c *Console) node(w http.ResponseWriter, r *http.Request) {
	type whole struct {
		Node
		Ports []port   `json:"ports"` // in the last day
		Store holdings `json:"store"`
		Live  LiveLoad `json:"live"`
	}
	answer(w, r, func(ctx context.Context) (whole, error) {
		at := c.Clock.Now()
		ports, err := c.ports(ctx, store.Query{From: at.Add(-24 * time.Hour), To: at.Add(time.Minute)})
		s := c.Store.Stats()
		h := holdings{Bytes: s.Bytes, Rows: s.Rows, ReadOnly: s.ReadOnly}
		if !s.Newest.IsZero() {
			h.Oldest, h.Newest = &s.Oldest, &s.Newest
		}
		return whole{Node: c.Node(ctx), Ports: ports, Store: h, Live: c.Live.Load()}, err
	})
}
